/**
 * Roles by which an organization says that somebody else's person works at it (directory DR19). Such a role is its own to
 * write, and everybody's to address; the person herself stands for it only when an administrator has written it, too.
 */
import { note } from '../../referral/ruling.ts';
import type { Ref } from '../../fhir/types.ts';
import { localRef, typeOf } from '../../resources/element.ts';
import { standingOf } from '../../resources/parties/standing.ts';
import { ROLE_CLAIM, writeRoleClaim } from '../../resources/party-world.ts';
import { placesIn, type Draft, type Planned } from './draft.ts';
import { keeperOf } from './preview.ts';

/** Notes the roles of a draft that nobody but their organization vouches for, and forgets those of an administrator. */
export async function claimRoles(draft: Draft): Promise<void> {
  for (const planned of draft.planned.values()) {
    if (
      planned.origin === 'server' ||
      planned.after === undefined ||
      typeOf(planned.ref) !== 'PractitionerRole'
    )
      continue;
    if (draft.caller.administrator) await confirm(draft, planned.ref);
    else await claim(draft, planned);
  }
}

async function confirm(draft: Draft, role: Ref): Promise<void> {
  const known = await draft.snapshot.record(ROLE_CLAIM, role);
  if (known !== undefined)
    draft.records.push({ kind: ROLE_CLAIM, key: role, expect: known.version, body: undefined });
}

async function claim(draft: Draft, planned: Planned): Promise<void> {
  const { ref, before, after, custodian } = planned;
  const person = localRef(after?.plain['practitioner']);
  if (person === undefined || person === localRef(before?.['practitioner'])) return;
  if ((await keeperOf(draft, person)) === custodian) return;
  draft.records.push(writeRoleClaim(ref, { practitioner: person, organization: custodian, at: draft.now }));
  if (after === undefined || standingOf(after.plain) === 'private') return;
  draft.notes.push({
    ...note(
      'information',
      `${person} is kept by another organization: who addresses her does not mean this role until an administrator has written it.`,
      [],
    ),
    expression: placesIn(planned, ['PractitionerRole.practitioner']),
  });
}
