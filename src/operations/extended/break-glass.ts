/**
 * `Patient/[id]/$break-glass` (compliance 12; 45 CFR 164.312(a)(2)(ii), 42 CFR 2.51): a person opens, for an emergency and for
 * a while, what a patient denies or has not consented to. Who may keep what it opens hears of it in the same commit.
 */
import { OperationOutcomeError, type IssueDetail } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import {
  deniesBreakGlass,
  EMERGENCY_ONLY,
  EMERGENCY_REASONS,
  isEmergencyReason,
  type EmergencyReason,
} from '../../policies/emergency.ts';
import type { RecordWrite } from '../../ports/record.ts';
import type { Snapshot, Version } from '../../ports/store.ts';
import { localRef } from '../../resources/element.ts';
import { agentOf } from '../audit/audit.ts';
import {
  checkEmergencyPerson,
  CONFIRMATION_KIND,
  confirmationKey,
  readReachedPatient,
  refusedEmergency,
} from '../emergency/admission.ts';
import {
  findGrants,
  personOf,
  sittingOf,
  writeGrant,
  type EmergencyGrant,
  type GrantReview,
} from '../emergency/grants.ts';
import { planWorkItem } from '../work-item.ts';
import { commitKeyOf, readStoredReply, replyTemplate } from '../stored-reply.ts';
import { buildCommit, commitPlanned } from '../write/commit.ts';
import { openDraft, plan, type Draft } from '../write/draft.ts';
import { planOwn } from '../write/planned-resources.ts';
import { boundedTextIn, invalidParameter, numberIn, placeOfParameter, valueIn } from './input.ts';
import type { Invocation, Operation, OperationParameter, OperationReply } from './operation.ts';
import { parametersOf } from './output.ts';
import { readActive } from '../../delivery/consents.ts';

const taken = (name: string, type: string, documentation: string): OperationParameter => ({
  name,
  use: 'in',
  min: 0,
  max: '1',
  type,
  documentation,
});
const given = (
  name: string,
  type: string,
  documentation: string,
  max: '1' | '*' = '1',
): OperationParameter => ({
  name,
  use: 'out',
  min: 1,
  max,
  type,
  documentation,
});

export const breakGlass: Operation = {
  name: 'break-glass',
  title: 'Open a patient’s record in an emergency',
  description:
    'Lifts, for the session of a person who treats the patient, what the patient denies and the consent that is missing under 42 CFR Part 2; never who keeps what, psychotherapy and counseling notes, or what was paid for by the patient. It needs the scope closeloop/break-glass and a login with a second factor that is at most five minutes old. Who keeps the patient, and each other party of the referrals that show the patient, is told at once and reviews it.',
  levels: ['instance'],
  resource: ['Patient'],
  affectsState: true,
  needs: 'read',
  parameters: [
    taken('reason', 'code', `What the emergency is: ${Object.keys(EMERGENCY_REASONS).join(', ')}.`),
    taken('nature', 'string', 'The nature of the emergency.'),
    taken('personnel', 'string', 'The name of the medical personnel to whom it is disclosed.'),
    taken('affiliation', 'string', 'The health care facility of the personnel.'),
    taken('referral', 'Reference', 'The ServiceRequest or Task of the referral, if there is one.'),
    taken('minutes', 'positiveInt', 'For how long; 30 when it is not said.'),
    given('grant', 'string', 'The key of the grant, by which its review names it.'),
    given('until', 'instant', 'When it ends.'),
    given('lifts', 'string', 'What it lifts.', '*'),
    given('keeps', 'string', 'What it does not lift.', '*'),
    given('note', 'string', 'What must be known of it.', '*'),
  ],
  perform,
};

const MINUTE_MS = 60_000;
const DEFAULT_MINUTES = 30;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** The review is due after this (harmony Z8). */
const REVIEW_MS = 3 * DAY_MS;
const TEXT_MAX = 1000;
const FACTS = ['reason', 'nature', 'personnel', 'affiliation'] as const;

const LIFTS = [
  'what the patient denies',
  'restrictions agreed with the patient',
  'consent that is missing under 42 CFR Part 2',
] as const;
const KEEPS = [
  'who keeps what, and whom a referral reaches',
  'psychotherapy notes and SUD counseling notes',
  'what the patient paid for in full',
] as const;

/** What the caller says of the emergency. */
interface Emergency {
  readonly reason: EmergencyReason;
  readonly nature: string;
  readonly personnel: string;
  readonly affiliation: string;
  readonly referral: Ref | undefined;
  readonly ms: number;
}

async function perform(invocation: Invocation): Promise<OperationReply> {
  const { context, request } = invocation;
  const user = checkEmergencyPerson(invocation);
  const emergency = readEmergency(invocation);
  const key = context.newId();
  const now = context.clock.now();
  const until = now + emergency.ms;
  const notes: IssueDetail[] = [];
  // Alone: who asks twice at once is counted twice (E8).
  const { committed, result } = await commitPlanned(
    context,
    async (snapshot) => {
      notes.length = 0;
      const { patient, disclosers } = await readReachedPatient(invocation, snapshot);
      if (await patientDenies(snapshot, patient)) notes.push(groundAgainstDenial(emergency));
      const confirmation = await readConfirmation(invocation, snapshot, patient.ref, now);
      const draft = openDraft(context, request, snapshot);
      planGrant(draft, { key, user, now, until, emergency, patient, disclosers, confirmation });
      return buildCommit(draft, request, commitKeyOf(request, ANSWERED_AGAIN));
    },
    true,
  );
  if (committed.replayed) return answerAgain(invocation, readStoredReply(committed.reply).seq);
  context.committed(result.commit.writes.map(({ ref }) => ref));
  return answer(key, until, notes);
}

/** What a key is kept with: the grant itself says the rest. */
const ANSWERED_AGAIN = replyTemplate({ answered: { kind: 'bundle', answers: [] }, notes: [], links: [] });

/** The grant of the first request with this Idempotency-Key. */
async function answerAgain({ context, request }: Invocation, seq: number): Promise<OperationReply> {
  const grants = await findGrants(context.store.snapshot(), 'sitting', sittingOf(request.caller));
  const first = grants.find(({ version }) => version === seq);
  if (first === undefined) throw refusedEmergency('The grant of this key was reviewed meanwhile.');
  return answer(first.key, first.until, []);
}

/** @throws OperationOutcomeError `break-glass-refused` where the law gives no ground against the denial (E7) */
function groundAgainstDenial({ reason }: Emergency): IssueDetail {
  const { law, againstDenial } = EMERGENCY_REASONS[reason];
  if (!againstDenial)
    throw refusedEmergency(
      'The patient denies emergency access; only a medical emergency is a ground against that.',
    );
  return {
    code: 'emergency-only',
    diagnostics: `The patient denies emergency access; this rests on ${law}.`,
  };
}

const answer = (key: string, until: number, notes: readonly IssueDetail[]): OperationReply => ({
  status: 201,
  resource: parametersOf([
    { name: 'grant', valueString: key },
    { name: 'until', valueInstant: new Date(until).toISOString() },
    ...LIFTS.map((valueString) => ({ name: 'lifts', valueString })),
    ...KEEPS.map((valueString) => ({ name: 'keeps', valueString })),
    { name: 'note', valueString: EMERGENCY_ONLY },
    ...notes.map(({ diagnostics }) => ({ name: 'note', valueString: diagnostics })),
  ]),
});

/** @throws OperationOutcomeError `break-glass-incomplete`, `parameter-invalid` */
function readEmergency({ context, input }: Invocation): Emergency {
  const facts = FACTS.map((name) => boundedTextIn(input, name, TEXT_MAX) ?? '');
  const missing = FACTS.filter((_name, at) => facts[at] === '');
  if (missing.length > 0) {
    throw new OperationOutcomeError('break-glass-incomplete', {
      diagnostics: `missing: ${missing.join(', ')}`,
      expression: missing.map(placeOfParameter),
    });
  }
  const [reason = '', nature = '', personnel = '', affiliation = ''] = facts;
  if (!isEmergencyReason(reason))
    throw invalidParameter('reason', `reason is one of ${Object.keys(EMERGENCY_REASONS).join(', ')}`);
  const ms = (numberIn(input, 'minutes') ?? DEFAULT_MINUTES) * MINUTE_MS;
  const { breakGlassMaxMs } = context.settings;
  if (ms > breakGlassMaxMs)
    throw invalidParameter('minutes', `minutes are at most ${Math.floor(breakGlassMaxMs / MINUTE_MS)}`);
  return { reason, nature, personnel, affiliation, referral: localRef(valueIn(input, 'referral')), ms };
}

async function patientDenies(snapshot: Snapshot, { ref, custodian }: Version): Promise<boolean> {
  const active = await readActive(snapshot, ref);
  return active.some((one) => one.custodian === custodian && deniesBreakGlass(one.consent));
}

interface Confirmation {
  readonly by: string;
  readonly record: RecordWrite;
}

/** @throws OperationOutcomeError `break-glass-refused` where a second person is needed and none confirmed (E8) */
async function readConfirmation(
  { context, request: { caller } }: Invocation,
  snapshot: Snapshot,
  patient: Ref,
  now: number,
): Promise<Confirmation | undefined> {
  const person = personOf(caller);
  const today = (await findGrants(snapshot, 'person', person)).filter(({ at }) => at > now - DAY_MS);
  const { breakGlassPerDay } = context.settings;
  if (today.length < breakGlassPerDay) return undefined;
  const key = confirmationKey(person, patient);
  const found = await snapshot.record(CONFIRMATION_KIND, key);
  if (found === undefined) {
    throw refusedEmergency(
      `${breakGlassPerDay} grants in a day: a second person must confirm the next one ($confirm-break-glass).`,
    );
  }
  const { by } = found.body as { readonly by: string }; // `confirm` alone writes this kind
  return { by, record: { kind: CONFIRMATION_KIND, key, expect: found.version, body: undefined } };
}

interface Granted {
  readonly key: string;
  readonly user: string;
  readonly now: number;
  readonly until: number;
  readonly emergency: Emergency;
  readonly patient: Version;
  readonly disclosers: readonly [Ref, ...Ref[]];
  readonly confirmation: Confirmation | undefined;
}

/** The record and the event, and what tells each who may keep what is opened. */
function planGrant(draft: Draft, granted: Granted): void {
  const { key, user, now, until, emergency, patient, disclosers, confirmation } = granted;
  const { caller } = draft;
  const { ref } = patient;
  const [first, ...others] = disclosers;
  const tell = (discloser: Ref): GrantReview => planDiscloserReview(draft, granted, discloser);
  const body: EmergencyGrant = {
    patient: ref,
    reviews: [tell(first), ...others.map(tell)],
    organization: caller.organization ?? 'Organization/0', // checkOrganization
    user,
    subject: caller.subject,
    client: caller.client,
    sitting: sittingOf(caller),
    reason: emergency.reason,
    at: now,
    until,
    ...(emergency.referral !== undefined && { referral: emergency.referral }),
    ...(confirmation !== undefined && { confirmedBy: confirmation.by }),
  };
  draft.records.push(writeGrant(key, body, 'absent'));
  if (confirmation !== undefined) draft.records.push(confirmation.record);
  draft.rows.push({
    event: 'break-glass',
    action: 'E',
    outcome: '0',
    agent: agentOf(caller),
    purposes: ['BTG'],
    grant: key,
    requestId: `break-glass-${key}`,
    entities: [ref], // none of those who are told learns of another's review
    patients: [ref],
    query: `$break-glass?reason=${emergency.reason}`,
    viewers: disclosers,
  });
}

/** What tells one of them: a work item with the facts, a Communication and a Provenance, which only that organization sees. */
function planDiscloserReview(draft: Draft, granted: Granted, discloser: Ref): GrantReview {
  const { newId } = draft.context;
  const review = planReview(draft, granted, discloser);
  planOwn(draft, newId(), buildNotice(draft, granted, discloser, review), discloser);
  planOwn(draft, newId(), buildProvenance(draft, granted, review), discloser);
  return { discloser, review };
}

/** The facts that 42 CFR 2.51(c) wants in writing, in the work item of one who is told. */
function planReview(draft: Draft, granted: Granted, discloser: Ref): Ref {
  const { key, user, until, emergency, patient, now } = granted;
  const facts: readonly (readonly [name: string, value: object])[] = [
    ['grant', { valueString: key }],
    ['user', { valueString: user }],
    ['personnel', { valueString: emergency.personnel }],
    ['affiliation', { valueString: emergency.affiliation }],
    ['reason', { valueCode: emergency.reason }],
    ['nature', { valueString: emergency.nature }],
    ['organization', { valueReference: { reference: draft.caller.organization } }],
    ['until', { valueInstant: new Date(until).toISOString() }],
    ...(emergency.referral === undefined ? [] : [['referral', { valueString: emergency.referral }] as const]),
  ];
  const planned = planWorkItem(draft.context.newId(), {
    kind: 'break-glass-review',
    says: `A person of ${draft.caller.organization} opened a patient’s record in an emergency, with what you keep of it. Review the grant ${key}.`,
    focus: patient.ref,
    patient: patient.ref,
    authoredOn: draft.now,
    owner: discloser,
    due: new Date(now + REVIEW_MS).toISOString(),
    input: facts.map(([text, value]) => ({ type: { text }, ...value })),
  });
  plan(draft, planned);
  return planned.ref;
}

const buildNotice = (
  { caller, now }: Draft,
  { key, until, emergency, patient }: Granted,
  discloser: Ref,
  review: Ref,
): Resource => ({
  resourceType: 'Communication',
  status: 'completed',
  priority: 'stat',
  subject: { reference: patient.ref },
  sent: now,
  sender: { reference: caller.organization },
  recipient: [{ reference: discloser }],
  payload: [
    {
      contentString: `Emergency access to a patient’s record, with what you keep of it, was given (${emergency.reason}) until ${new Date(until).toISOString()}, grant ${key}. The facts are in ${review}; review it within 72 hours.`,
    },
  ],
});

const buildProvenance = ({ caller, now }: Draft, { user, emergency }: Granted, review: Ref): Resource => ({
  resourceType: 'Provenance',
  target: [{ reference: review }],
  recorded: now,
  policy: [`https://closeloop.dev/fhir/basis/emergency`],
  reason: [
    {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'BTG' }],
      text: EMERGENCY_REASONS[emergency.reason].law,
    },
  ],
  agent: [
    {
      who: { identifier: { value: user }, display: emergency.personnel },
      onBehalfOf: { reference: caller.organization, display: emergency.affiliation },
    },
  ],
});
