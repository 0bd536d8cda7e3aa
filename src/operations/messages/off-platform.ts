/**
 * Recipients of a message that have no account here (baa-messaging MS15): the message says by which medium it leaves, and
 * where no way carries it, a person of its sender is asked.
 */
import { isSending } from '../../delivery/off-platform.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { DIRECT } from '../../ports/direct.ts';
import { MEMBER_KIND } from '../../resources/parties/standing.ts';
import { localRef, typeOf, valuesAt } from '../../resources/element.ts';
import { planWorkItem } from '../work-item.ts';
import { organizationNamed } from './senders.ts';
import { plan, replan, type Draft, type Planned } from '../write/draft.ts';
import { readPreview } from '../write/preview.ts';

export async function leavePlatform(draft: Draft): Promise<void> {
  const written = [...draft.planned.values()]; // work items are planned beside them
  for (const planned of written) {
    const { ref, before, after } = planned;
    if (typeOf(ref) !== 'Communication' || after === undefined || !isSending(before, after.plain)) continue;
    for (const place of await nobodiesOf(draft, after.plain))
      ask(draft, planned, `recipient[${place}], who is no party known here`);
    const outside = await outsidersOf(draft, planned);
    if (outside.length === 0) continue;
    const entries = await draft.context.selectRecipients([planned], [], Date.parse(draft.now), (one) =>
      readPreview(draft, one),
    );
    const reached = new Set(
      entries.flatMap(({ rail, sight }) =>
        rail === DIRECT && !sight.everything ? [sight.organization] : [],
      ),
    );
    if (reached.size > 0) replan(draft, ref, (tree) => ({ ...tree, medium: mediaOf(tree) }));
    for (const organization of outside)
      if (!reached.has(organization))
        ask(draft, planned, `${organization}: it has no account here and no verified Direct address`);
  }
}

/** Parties of the message that are no members. */
async function outsidersOf({ snapshot }: Draft, { parties, custodian }: Planned): Promise<readonly Ref[]> {
  const outside: Ref[] = [];
  for (const party of parties)
    if (party !== custodian && (await snapshot.record(MEMBER_KIND, party)) === undefined) outside.push(party);
  return outside;
}

/** Types whose members stand for an organization, or for nobody. */
const OF_PARTIES: ReadonlySet<string> = new Set([
  'Organization',
  'HealthcareService',
  'Practitioner',
  'PractitionerRole',
]);

/** The places of recipients who stand for no organization here: a name alone, a number that nobody has, an address elsewhere. */
async function nobodiesOf(draft: Draft, message: Resource): Promise<readonly number[]> {
  const places: number[] = [];
  for (const [place, recipient] of valuesAt(message, 'recipient').entries()) {
    const ref = localRef(recipient);
    if (ref !== undefined && !OF_PARTIES.has(typeOf(ref))) continue;
    if ((await organizationNamed(draft, recipient)) === undefined) places.push(place);
  }
  return places;
}

const MEDIUM = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationMode';
const BY_MAIL = 'EMAILWRIT';

/** What the message says already, and mail. */
function mediaOf(message: Resource): readonly unknown[] {
  const said = valuesAt(message, 'medium');
  const isSaid = (valuesAt(message, 'medium.coding.code') as readonly unknown[]).includes(BY_MAIL);
  return isSaid ? said : [...said, { coding: [{ system: MEDIUM, code: BY_MAIL }] }];
}

function ask(draft: Draft, { ref, custodian }: Planned, whom: string): void {
  plan(
    draft,
    planWorkItem(draft.context.newId(), {
      kind: 'recipient-unreachable',
      says: `No way of this server carries ${ref} to ${whom}.`,
      focus: ref,
      authoredOn: draft.now,
      owner: custodian,
    }),
  );
}
