/**
 * Consents as they are written. One that the patient writes in person bears the server's mark; and those that count when
 * something is disclosed are bounded here, so that no delivery ever fails by their number.
 */
import {
  activeFor,
  CONSENTS_MAX,
  consentsOf,
  isOf,
  isOwnWord,
  withOwnWord,
  type Speaker,
} from '../../delivery/consents.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { localRef, ownRefOf, typeOf } from '../../resources/element.ts';
import { placesIn, replan, type Draft, type Planned } from './draft.ts';
import { searchRefusal } from '../search/search-refusal.ts';

/** Marks the Consents of a draft, and refuses the one past the bound. */
export async function checkConsents(draft: Draft): Promise<void> {
  const counted = new Set<string>();
  for (const { ref, after } of draft.planned.values()) {
    if (typeOf(ref) !== 'Consent' || after === undefined) continue;
    markOwnWord(draft, ref);
    const planned = draft.planned.get(ref);
    if (planned === undefined) continue;
    for (const speaker of speakersOf(planned)) await checkNumber(draft, planned, speaker, counted);
  }
}

/** The mark says who wrote this version: nobody but the patient leaves it on, and no client sets it. */
function markOwnWord(draft: Draft, ref: Ref): void {
  const writer = patientWriting(draft);
  replan(draft, ref, (tree) =>
    withOwnWord(tree, writer !== undefined && writer === localRef(tree['patient'])),
  );
}

/** The patient who asks in person: the token's fhirUser. */
function patientWriting({ caller, context }: Draft): Ref | undefined {
  const user = ownRefOf(context.settings.publicBase, caller.user ?? '');
  return user !== undefined && typeOf(user) === 'Patient' ? user : undefined;
}

/** Whose word a planned Consent begins to be. */
function speakersOf({ before, after, custodian }: Planned): readonly Speaker[] {
  const patient = activeFor(after?.plain);
  if (patient === undefined) return [];
  const counted = activeFor(before) === patient;
  return [
    ...(custodian !== '' && !counted ? [{ custodian }] : []),
    ...(isOwnWord(after?.plain) && !(counted && isOwnWord(before)) ? (['patient'] as const) : []),
  ];
}

async function checkNumber(
  draft: Draft,
  planned: Planned,
  speaker: Speaker,
  counted: Set<string>,
): Promise<void> {
  const patient = activeFor(planned.after?.plain);
  if (patient === undefined) return;
  const whose = speaker === 'patient' ? `own word of ${patient}` : `${speaker.custodian} about ${patient}`;
  if (counted.has(whose)) return;
  counted.add(whose);
  if ((await countStored(draft, patient, speaker)) + countPlanned(draft, patient, speaker) <= CONSENTS_MAX)
    return;
  throw new OperationOutcomeError('consent-rule', {
    diagnostics: `there are ${CONSENTS_MAX} active Consents of this patient already; end one of them first`,
    expression: placesIn(planned, ['Consent.status']),
  });
}

/** Those that stay as they are, up to more than may be; the answer is expected to hold at the moment of commit. */
async function countStored(draft: Draft, patient: Ref, speaker: Speaker): Promise<number> {
  let counted = 0;
  for (let offset = 0; counted <= CONSENTS_MAX; offset += PAGE) {
    const query = consentsOf(patient, speaker, PAGE, offset);
    const { matches, more } = await draft.snapshot.search(query).catch(searchRefusal);
    draft.expects.push({ query, refs: matches.map(({ ref }) => ref) });
    counted += matches.filter((match) => isOf(match, speaker) && !draft.planned.has(match.ref)).length;
    if (!more) break;
  }
  return counted;
}

const PAGE = CONSENTS_MAX + 1;

function countPlanned({ planned }: Draft, patient: Ref, speaker: Speaker): number {
  return [...planned.values()].filter(
    ({ ref, after, custodian }) =>
      typeOf(ref) === 'Consent' &&
      activeFor(after?.plain) === patient &&
      (speaker === 'patient' ? isOwnWord(after?.plain) : custodian === speaker.custodian),
  ).length;
}
