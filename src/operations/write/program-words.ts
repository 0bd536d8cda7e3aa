/**
 * What a program of 42 CFR Part 2 says into a referral: its moves and edits of the Task that the other party keeps, its visits
 * and messages (compliance P3, P4). That it answers at all says that the person is a patient there, so the other party is told
 * with a consent under Part 2 that covers it, and without one nothing is stored. A decline before anything else (TID 03) says
 * nothing of a patient: nobody had applied yet (42 CFR 2.11).
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { REFERRAL_PURPOSE } from '../../policies/index.ts';
import { formOf } from '../../policies/consent/forms.ts';
import type { Permit } from '../../policies/consent/permit.ts';
import { factsOfLabels } from '../../policies/facts.ts';
import { labelsToCover } from '../../policies/guarded-content.ts';
import { guardAgainst, type ContentGuard, type GuardedTelling } from '../../policies/guards/index.ts';
import { guardMarksOf, readMarks } from '../../policies/guards/marks.ts';
import { withPart2 } from '../../policies/labels/part2-label.ts';
import { issueOfNeed, missingNeed, type Need } from '../../policies/need.ts';
import type { PartyKind } from '../../policies/party-kind.ts';
import { note } from '../../referral/ruling.ts';
import { isReferralTask, readState } from '../../referral/state.ts';
import { localRef, typeOf, valuesAt } from '../../resources/element.ts';
import { readPartyName } from '../../resources/parties/party-names.ts';
import { patientsOfCompartments } from '../values.ts';
import { placesIn, replan, type Draft, type Planned } from './draft.ts';
import { kindsInDraft } from './kept-kinds.ts';
import { programsIn, type Programs } from './part2-source.ts';
import { permitsIn } from './permits-in.ts';
import { readPreview } from './preview.ts';
import { partyOf } from './rule-context.ts';

/** The types by which a program answers. */
export const ANSWERING: ReadonlySet<string> = new Set(['Task', 'Communication', 'Appointment']);

/** A decline from 2.0. */
const DECLINED = '03';

/** @throws OperationOutcomeError `consent-needed` */
export async function guardProgramsWords(draft: Draft): Promise<void> {
  // What somebody outside says was disclosed before it came (compliance P5).
  const { organization, speaker } = draft.caller;
  if (organization === undefined || speaker !== undefined || draft.importing) return;
  const programs = await programsIn(draft);
  if (programs === undefined) return;
  for (const planned of draft.planned.values()) {
    const source = await speakerOf(draft, planned, organization, programs);
    if (source !== undefined) await tell(draft, planned, source);
  }
}

/** The program that speaks by a planned change: the writer, or a unit of it; undefined where none does. */
async function speakerOf(
  draft: Draft,
  planned: Planned,
  writer: Ref,
  programs: Programs,
): Promise<Ref | undefined> {
  const { ref, origin, after } = planned;
  const resource = after?.plain;
  if (resource === undefined || origin !== 'client' || !ANSWERING.has(typeOf(ref))) return undefined;
  if (resource.resourceType === 'Task' && !isSaying(draft, ref, resource)) return undefined;
  if (await programs.isProgram(writer)) return writer;
  const unit =
    resource.resourceType === 'Task' ? await programs.organizationOf(resource['owner']) : undefined;
  const sources = unit === undefined ? await programs.sourcesOf(planned) : [unit];
  return sources.includes(writer) ? writer : undefined;
}

/** A referral that was sent, and that is not merely declined. */
const isSaying = ({ moves }: Draft, ref: Ref, task: Resource): boolean =>
  isReferralTask(task) &&
  readState(task) !== undefined &&
  !moves.some((move) => move.task === ref && move.tid === DECLINED);

async function tell(draft: Draft, planned: Planned, source: Ref): Promise<void> {
  const resource = planned.after?.plain;
  if (resource === undefined) return;
  const referrals = await referralsOf(draft, resource);
  // An order that came with the notice, or from a program that is no member, was disclosed before it came (compliance P5).
  if (draft.isNoticed && (await isInitiator(draft, referrals, source))) return;
  const patients = new Set([resource, ...referrals].flatMap(patientsOfCompartments));
  let isReceivedForCare = true;
  for (const to of await toldBy(draft, resource, { source, referrals }))
    for (const patient of patients) {
      const permits = await permitsIn(draft, patient);
      const telling = await tellingOf(draft, planned, source, to);
      const guard = guardAgainst(telling, permits, Date.parse(draft.now));
      if (guard !== undefined) throw await refusalOf(draft, planned, { telling, patient, guard, permits });
      const asTpo = permits.filter(({ kind }) => kind === 'part2-tpo');
      isReceivedForCare &&= guardAgainst(telling, asTpo, Date.parse(draft.now)) === undefined;
    }
  await nameSubject(draft, planned, patients);
  // What the program keeps itself is labelled by that.
  if (planned.custodian === source || planned.custodian === '') return;
  const part2 = { sources: [source], mayNotGoFurther: !isReceivedForCare };
  const labels = withPart2(resource.meta?.security ?? [], part2);
  if (labels === resource.meta?.security) return;
  replan(draft, planned.ref, (tree) => ({ ...tree, meta: { ...tree.meta, security: [...labels] } }));
}

async function isInitiator(draft: Draft, referrals: readonly Resource[], source: Ref): Promise<boolean> {
  for (const one of referrals) if ((await partyOf(draft, one['requester'])) === source) return true;
  return false;
}

/** A message about a referral is about its patient: what is about nobody has nobody who could permit it. */
async function nameSubject(draft: Draft, { ref, after }: Planned, patients: ReadonlySet<Ref>): Promise<void> {
  const [patient, other] = patients;
  if (after?.plain.resourceType !== 'Communication' || after.plain['subject'] !== undefined) return;
  if (patient === undefined || other !== undefined) return;
  if ((await readPreview(draft, patient)) === undefined) return; // deleted
  replan(draft, ref, (tree) => ({ ...tree, subject: { reference: patient } }));
  draft.notes.push(
    note('information', 'The server wrote the patient of the referral into Communication.subject.'),
  );
}

/** The other parties of the referral to which an answer belongs, and to whom a message is addressed. */
async function toldBy(
  draft: Draft,
  answer: Resource,
  { source, referrals }: { readonly source: Ref; readonly referrals: readonly Resource[] },
): Promise<readonly Ref[]> {
  const told = new Set<Ref>();
  const add = async (reference: unknown): Promise<void> => {
    const party = await partyOf(draft, reference);
    if (party !== undefined && party !== source) told.add(party);
  };
  for (const recipient of answer.resourceType === 'Communication' ? valuesAt(answer, 'recipient') : [])
    await add(recipient);
  for (const one of referrals) {
    await add(one['requester']);
    if (one.resourceType === 'Task') await add(one['owner']);
  }
  return [...told];
}

/** The referral Task that an answer is, and the Tasks and orders that it is about. */
async function referralsOf(draft: Draft, answer: Resource): Promise<readonly Resource[]> {
  if (answer.resourceType === 'Task') return [answer];
  const found: Resource[] = [];
  for (const named of ['about', 'basedOn', 'partOf', 'inResponseTo'].flatMap((path) =>
    valuesAt(answer, path),
  )) {
    const ref = localRef(named);
    const resource = ref === undefined ? undefined : await readPreview(draft, ref);
    if (resource?.resourceType === 'Task' || resource?.resourceType === 'ServiceRequest')
      found.push(resource);
  }
  return found;
}

async function tellingOf(draft: Draft, planned: Planned, source: Ref, to: Ref): Promise<GuardedTelling> {
  const resource = planned.after?.plain;
  const { facts } = readMarks(resource === undefined ? [] : guardMarksOf(resource));
  return {
    ref: planned.ref,
    type: typeOf(planned.ref),
    from: source,
    to,
    facts: factsOfLabels(new Set([...facts.labels, '42CFRPart2'])),
    sources: new Set([source]),
    discloserKinds: await kindsOf(draft, source),
    recipientKinds: await kindsOf(draft, to),
    basis: 'treatment',
    purpose: REFERRAL_PURPOSE,
  };
}

const kindsOf = async (draft: Draft, party: Ref): Promise<ReadonlySet<PartyKind>> =>
  new Set((await kindsInDraft(draft, party)) ?? ['provider']);

interface Refused {
  readonly telling: GuardedTelling;
  readonly patient: Ref;
  readonly guard: ContentGuard;
  readonly permits: readonly Permit[];
}

async function refusalOf(
  draft: Draft,
  planned: Planned,
  { telling, patient, guard, permits }: Refused,
): Promise<OperationOutcomeError> {
  const { from, to, purpose, facts } = telling;
  const onFile = fileOf(permits, telling, Date.parse(draft.now));
  const need = missingNeed(guard.need, {
    from,
    to,
    patient,
    purposes: [purpose],
    labels: labelsToCover(facts),
    ...(guard.form !== undefined && { form: formOf(guard.form) }),
    ...onFile,
  });
  const issue = issueOfNeed(need, {
    recipient: await readPartyName(to, (ref) => readPreview(draft, ref)),
    expression: placesIn(planned, [PLACES[typeOf(planned.ref)] ?? typeOf(planned.ref)]),
  });
  return OperationOutcomeError.of([issue]);
}

const PLACES: Readonly<Record<string, string>> = { Task: 'Task.status' };

/** What is on file between the two that does not do, and why not. */
function fileOf(
  permits: readonly Permit[],
  { from, to }: GuardedTelling,
  at: number,
): Partial<Pick<Need, 'reason' | 'existing'>> {
  const ours = permits.filter(
    ({ kind, from: tellers }) => kind.startsWith('part2-') && tellers.named.includes(from),
  );
  const theirs = ours.find(({ to: told }) => told.named.includes(to) || told.treating) ?? ours[0];
  if (theirs === undefined) return {};
  const isOver = theirs.until !== undefined && at >= theirs.until;
  return { reason: isOver ? 'expired' : 'does-not-cover', existing: theirs.source };
}
