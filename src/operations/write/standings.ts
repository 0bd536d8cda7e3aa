/**
 * The standing of every party that a draft writes (directory DR1 to DR3, DR22): whoever is imported or made by an
 * administrator is listed, what an organization says about somebody outside is private, and a role, place or service has
 * the standing of the organization it belongs to, where that organization itself, or an administrator, says so.
 */
import { EVERYTHING } from '../../ports/query.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { note } from '../../referral/ruling.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { localRef, typeOf } from '../../resources/element.ts';
import {
  isOwnOnly,
  KEPT_PRIVATELY,
  MEMBER_KIND,
  PARTY_TYPES,
  saysStanding,
  standingOf,
  withStanding,
  type Standing,
} from '../../resources/parties/standing.ts';
import { declarationOf, placesIn, replan, type Draft, type Planned } from './draft.ts';
import { addDerivedWrite } from './rule.ts';
import { readPreview } from './preview.ts';

/** Private parties that one bundle brings (directory DR35). */
const BROUGHT_MAX = 200;

/** Writes the tag of its standing into every party of the draft; a client's own is dropped, and that is said. */
export async function nameStandings(draft: Draft): Promise<void> {
  const parties = [...draft.planned.values()].filter(
    ({ ref, origin }) => origin === 'client' && PARTY_TYPES.has(typeOf(ref)),
  );
  const [organizations, others] = [
    parties.filter(isOrganization),
    parties.filter((one) => !isOrganization(one)),
  ];
  for (const planned of [...organizations, ...others]) await nameStanding(draft, planned);
  for (const { ref } of others) await listPractitioner(draft, ref);
  await boundPrivate(draft, parties);
}

/** @throws OperationOutcomeError `too-many-parties`, `private-parties-full` */
async function boundPrivate(draft: Draft, parties: readonly Planned[]): Promise<void> {
  const brought = parties.filter(({ ref, before }) => {
    const after = before === undefined ? draft.planned.get(ref)?.after?.plain : undefined;
    return after !== undefined && standingOf(after) === 'private';
  });
  if (brought.length > BROUGHT_MAX) {
    throw new OperationOutcomeError('too-many-parties', {
      diagnostics: `The bundle brings ${brought.length} organizations, persons, roles, places and services; the limit is ${BROUGHT_MAX}.`,
    });
  }
  const { organization } = draft.caller;
  const { privatePartiesMax: max } = draft.context.settings;
  if (brought.length === 0 || organization === undefined) return;
  if ((await countPrivate(draft, organization, max)) + brought.length <= max) return;
  throw new OperationOutcomeError('private-parties-full', {
    diagnostics: `An organization keeps at most ${max} private records of others; deleted records count.`,
  });
}

/** What an organization says of others, as far as `max`. */
async function countPrivate({ snapshot }: Draft, organization: Ref, max: number): Promise<number> {
  let counted = 0;
  for (const type of KEPT_PRIVATELY)
    if (counted < max) counted += await snapshot.kept(type, organization, max - counted);
  return counted;
}

const isOrganization = ({ ref }: Planned): boolean => typeOf(ref) === 'Organization';

async function nameStanding(draft: Draft, planned: Planned): Promise<void> {
  const { ref, before, after } = planned;
  if (after === undefined) return;
  const standing = await standingFor(draft, planned, after.plain);
  const said = saysStanding(after.plain) && standingOf(after.plain) !== standing;
  if (said && !(before !== undefined && standingOf(before) === standingOf(after.plain))) {
    draft.notes.push({
      ...note('information', `The server sets the standing of ${typeOf(ref)}: it is ${standing}.`, []),
      expression: placesIn(planned, [`${typeOf(ref)}.meta.tag`]),
    });
  }
  replan(draft, ref, (tree) => withStanding(tree, standing));
}

async function standingFor(draft: Draft, planned: Planned, after: Resource): Promise<Standing> {
  const { ref, before } = planned;
  const type = typeOf(ref);
  if (type === 'Organization') return organizationStanding(draft, planned);
  const listed = actsForNobody(draft) || (before !== undefined && standingOf(before) !== 'private');
  if (type === 'Practitioner') return listed ? 'listed' : 'private';
  const organization = declarationOf(ref).belongsTo?.(after, ref);
  const ownOnly = isOwnOnly(after);
  if (organization === undefined) return listed || ownOnly ? 'listed' : 'private';
  const theirs = await readPreview(draft, organization);
  const standing = theirs === undefined ? 'listed' : standingOf(theirs);
  const theirOwn = draft.caller.administrator || organization === draft.caller.organization;
  // A member says itself how it is reached.
  const isTheirs = ownOnly || (type === 'Endpoint' && standing === 'member');
  return listed || theirOwn || isTheirs ? standing : 'private';
}

async function organizationStanding(draft: Draft, { ref, before, returns }: Planned): Promise<Standing> {
  if (before !== undefined) return standingOf(before);
  if (returns === true) {
    const last = await draft.snapshot.record(MEMBER_KIND, ref);
    if (last !== undefined) return 'member';
  }
  return actsForNobody(draft) ? 'listed' : 'private';
}

/** An administrator in its own name: what it writes of parties is the directory. */
const actsForNobody = ({ caller }: Draft): boolean =>
  caller.administrator && caller.organization === undefined;

/** Whoever keeps a person and gives her a role in the directory lists her, too. */
async function listPractitioner(draft: Draft, role: Ref): Promise<void> {
  const after = typeOf(role) === 'PractitionerRole' ? draft.planned.get(role)?.after?.plain : undefined;
  const person = localRef(after?.['practitioner']);
  if (after === undefined || person === undefined || standingOf(after) === 'private') return;
  if (after['active'] === false) return;
  const known = await readPreview(draft, person);
  if (known === undefined || standingOf(known) !== 'private' || !(await isKeptByCaller(draft, person)))
    return;
  await addDerivedWrite(draft, { ref: person, transform: (tree) => withStanding(tree, 'listed') });
}

async function isKeptByCaller(draft: Draft, ref: Ref): Promise<boolean> {
  const planned = draft.planned.get(ref);
  if (planned !== undefined && planned.before === undefined) return true;
  const version = await draft.snapshot.read(ref, EVERYTHING);
  return version?.custodian === draft.caller.organization;
}
