/**
 * Messages between an organization and a patient (baa-messaging MS30 to MS34): what is written to a patient needs an
 * acknowledgement in force, unless it is a template; what a patient writes always comes through, and is answered at once
 * that it is not for emergencies.
 */
import { unacknowledgedWords } from '../../agreements/words.ts';
import { bodyOf } from '../../fhir/json.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { organizationsNamed } from '../messages/senders.ts';
import { isPatientOrRelated, withMessageKind } from '../../messaging/kinds.ts';
import { withDecision } from '../../messaging/content.ts';
import {
  NOT_FOR_EMERGENCIES,
  templateExtension,
  templateText,
  type Language,
  type TemplateUse,
} from '../../messaging/templates.ts';
import { messagingAt, messagingNeed, type MessagingStanding } from '../../policies/consent/messaging.ts';
import { issueOfNeed } from '../../policies/need.ts';
import { EVERYTHING } from '../../ports/query.ts';
import { localRef, ownRefOf, typeOf, valuesAt } from '../../resources/element.ts';
import { permitsIn } from '../write/permits-in.ts';
import { placesIn, plan, replan, type Draft, type Planned } from '../write/draft.ts';
import { findPreview, readPreview } from '../write/preview.ts';
import { languageOf } from '../../delivery/outreach/language.ts';
import { PATIENT_NOTICE } from '../message-definitions.ts';
import { closesInbox } from './inbox.ts';
import { isTemplateMessage, portalOf, renderingIn, templateFaultIn } from './template-message.ts';

/** @throws OperationOutcomeError `sender-mismatch`, `patient-inbox-closed`, `consent-needed` */
export async function askPatients(draft: Draft): Promise<void> {
  if (draft.importing || draft.caller.speaker !== undefined) return;
  for (const planned of draft.planned.values()) {
    const message = planned.after?.plain;
    if (typeOf(planned.ref) !== 'Communication' || message === undefined) continue;
    // What waited for its files goes on by the server.
    if (planned.origin !== 'client' && planned.before?.['status'] !== 'on-hold') continue;
    if (message['status'] !== 'in-progress' || planned.before?.['status'] === 'in-progress') continue;
    await keepFromParents(draft, planned, message);
    const sender = localRef(message['sender']);
    if (sender !== undefined && isPatientOrRelated(sender)) await takeFrom(draft, planned, message, sender);
    else await sendTo(draft, planned, message);
  }
}

/** What a minor is told in a thread that parents do not read, they do not read either (45 CFR 164.502(g)(3); MS34). */
async function keepFromParents(draft: Draft, { ref }: Planned, message: Resource): Promise<void> {
  const [thread] = valuesAt(message, 'partOf').flatMap((one) => localRef(one) ?? []);
  if (thread === undefined || isOfMinor(message)) return;
  const header = await readPreview(draft, thread);
  if (header === undefined || !isOfMinor(header)) return;
  replan(draft, ref, (tree) => ({
    ...tree,
    extension: [...valuesAt(tree, 'extension'), { url: MINOR_CONSENTED, valueBoolean: true }],
  }));
}

const MINOR_CONSENTED = 'https://closeloop.dev/fhir/StructureDefinition/minor-consented';

const isOfMinor = (resource: Resource): boolean =>
  (resource.meta?.security ?? []).some(({ code }) => code === 'ADOL') ||
  valuesAt(resource, 'extension').some((one) => valuesAt(one, 'url')[0] === MINOR_CONSENTED);

/** The patient whom a Patient or RelatedPerson is, or acts for. */
async function patientFor(draft: Draft, person: Ref): Promise<Ref | undefined> {
  if (typeOf(person) === 'Patient') return person;
  return localRef((await readPreview(draft, person))?.['patient']);
}

async function sendTo(draft: Draft, planned: Planned, message: Resource): Promise<void> {
  const organization = planned.custodian === '' ? draft.caller.organization : planned.custodian;
  const people = valuesAt(message, 'recipient').flatMap((one) => localRef(one) ?? []);
  const told = people.filter(isPatientOrRelated);
  if (told.length === 0 || organization === undefined) return;
  if (message['payload'] === undefined) notice(draft, planned);
  const [only, other] = told;
  const single = other === undefined && only !== undefined ? await patientFor(draft, only) : undefined;
  if (single !== undefined) nameSubject(draft, planned, single);
  if (!saysSomething(message)) return;
  const isFree = await isTemplateMessage(draft, message);
  for (const person of isFree ? [] : told) {
    const patient = await patientFor(draft, person);
    if (patient === undefined) continue; // whose RelatedPerson is gone
    const need = messagingNeed(await standingIn(draft, patient, organization), { patient, organization });
    if (need === undefined) continue;
    const expression = placesIn(planned, ['Communication.recipient']);
    const issue = issueOfNeed(need, { recipient: 'the patient', expression });
    const form = `${draft.context.settings.publicBase}/${patient}/$capture-consent`;
    const fault = await templateFaultIn(draft, message);
    throw OperationOutcomeError.of([
      { ...issue, diagnostics: unacknowledgedWords(form) },
      ...(fault === undefined
        ? []
        : [{ code: 'content-raised', severity: 'information', diagnostics: fault, expression } as const]),
    ]);
  }
}

/** The header of a thread says nothing by itself, unless it has words of its own. */
const saysSomething = (message: Resource): boolean =>
  ['payload', 'topic', 'note', 'reasonCode', 'statusReason', 'text', 'contained'].some(
    (name) => message[name] !== undefined,
  );

/** What the patient has acknowledged toward an organization, as it will be after the commit. */
async function standingIn(draft: Draft, patient: Ref, organization: Ref): Promise<MessagingStanding> {
  const standing = messagingAt(
    await permitsIn(draft, patient),
    { patient, organization },
    Date.parse(draft.now),
  );
  return standing.channels.has('portal') || standing.state !== 'active'
    ? standing
    : { ...standing, state: 'pending' };
}

// — the patient writes

async function takeFrom(draft: Draft, planned: Planned, message: Resource, sender: Ref): Promise<void> {
  const { caller, context } = draft;
  const { organization, user = '' } = caller;
  if (!caller.administrator && ownRefOf(context.settings.publicBase, user) !== sender)
    throw new OperationOutcomeError('sender-mismatch', {
      diagnostics: `Communication.sender: ${sender} writes in person, or nobody does in that name`,
      expression: placesIn(planned, ['Communication.sender']),
    });
  const patient = await patientFor(draft, sender);
  if (patient === undefined || organization === undefined) return;
  const told = await organizationsNamed(draft, valuesAt(message, 'recipient'));
  for (const one of new Set([organization, ...told])) await checkInbox(draft, planned, one);
  nameSubject(draft, planned, patient);
  notice(draft, planned);
  if (message['payload'] === undefined || !(await isFirst(draft, planned, message, sender))) return;
  await answer(draft, planned, draft.planned.get(planned.ref)?.after?.plain ?? message, {
    sender,
    patient,
    organization,
  });
}

async function checkInbox(draft: Draft, planned: Planned, organization: Ref): Promise<void> {
  const isClosed =
    draft.context.settings.patientInbox === 'closed' || closesInbox(await readPreview(draft, organization));
  if (!isClosed) return;
  throw new OperationOutcomeError('patient-inbox-closed', {
    diagnostics: 'The organization takes no messages of patients here.',
    expression: placesIn(planned, ['Communication.recipient']),
  });
}

/** A message of a patient, or to one, is part of the patient's record (MS34). */
function nameSubject(draft: Draft, { ref, after }: Planned, patient: Ref): void {
  if (after?.plain['subject'] !== undefined) return;
  replan(draft, ref, (tree) => ({ ...tree, subject: { reference: patient } }));
}

function notice(draft: Draft, { ref, after }: Planned): void {
  if (after?.plain['payload'] !== undefined) return;
  replan(draft, ref, (tree) => {
    const others = valuesAt(tree, 'extension').filter((one) => valuesAt(one, 'url')[0] !== PATIENT_NOTICE);
    const own = { url: PATIENT_NOTICE, valueString: NOT_FOR_EMERGENCIES.en };
    return { ...tree, extension: [...others, own] };
  });
}

/** Whether the patient has written nothing in this thread before. A message without a thread is one of its own. */
async function isFirst(draft: Draft, { ref }: Planned, message: Resource, sender: Ref): Promise<boolean> {
  const thread = valuesAt(message, 'partOf').flatMap((one) => localRef(one) ?? [])[0];
  if (thread === undefined) return true;
  const found = await findPreview(draft, {
    type: 'Communication',
    where: {
      kind: 'all',
      of: [
        { kind: 'reference', param: 'part-of', to: [thread] },
        { kind: 'reference', param: 'sender', to: [sender] },
      ],
    },
    sort: [],
    sight: EVERYTHING,
    count: 2,
    offset: 0,
    total: false,
  });
  return found.every((one) => one === ref);
}

interface Answering {
  readonly sender: Ref;
  readonly patient: Ref;
  readonly organization: Ref;
}

/** The answer that every first message gets at once: by a template, so that it needs no acknowledgement. */
async function answer(
  draft: Draft,
  { ref }: Planned,
  message: Resource,
  { sender, patient, organization }: Answering,
): Promise<void> {
  const { state } = await standingIn(draft, patient, organization);
  const language: Language = languageOf(await readPreview(draft, patient));
  const use: TemplateUse =
    state === 'active'
      ? { id: 'message-noted', language, slots: {} }
      : { id: 'message-received', language, slots: { link: portalOf(draft) } };
  const contentString = templateText(use, await renderingIn(draft, use));
  if (contentString === undefined) return;
  const own: Ref = `Communication/${draft.context.newId()}`;
  plan(draft, {
    ref: own,
    method: 'POST',
    base: 0,
    before: undefined,
    after: bodyOf(
      withDecision(
        withMessageKind(
          {
            resourceType: 'Communication',
            id: own.slice('Communication/'.length),
            extension: [
              templateExtension(use),
              ...(isOfMinor(message) ? [{ url: MINOR_CONSENTED, valueBoolean: true }] : []),
            ],
            partOf: message['partOf'] ?? [{ reference: ref }],
            inResponseTo: [{ reference: ref }],
            status: 'in-progress',
            subject: { reference: patient },
            sender: { reference: organization },
            recipient: [{ reference: sender }],
            sent: draft.now,
            payload: [{ contentString }],
          },
          'patient',
        ),
        { declared: 'administrative', decided: 'administrative', by: 'declared' },
      ),
    ),
    custodian: organization,
    origin: 'server',
    parties: [],
  });
}
