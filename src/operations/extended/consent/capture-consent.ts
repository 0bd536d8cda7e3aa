/**
 * `Patient/[id]/$capture-consent` (compliance K2, K6, K8, C8): what a patient agreed to is put on record in one commit, with
 * the transaction that waited for it. A Consent that would lack something is refused whole.
 */
import { formatInstant } from '../../../fhir/datetime.ts';
import { OperationOutcomeError } from '../../../fhir/issue.ts';
import { bodyOf } from '../../../fhir/json.ts';
import type { Ref, Reference, Resource } from '../../../fhir/types.ts';
import { findConsentAbout } from '../../../delivery/consent-about.ts';
import { findActors, withNotedActors } from '../../../delivery/denials.ts';
import type { CapturedConsent } from '../../../policies/consent/captured.ts';
import { lacksOf, type Lack } from '../../../policies/consent/elements.ts';
import { kindRow } from '../../../policies/consent/kinds.ts';
import { CONSENT_EXTENSIONS } from '../../../policies/consent/read-consent.ts';
import type { Snapshot, Version } from '../../../ports/store.ts';
import { parseStored } from '../../../ports/stored-resource.ts';
import { localRef, ownRefOf } from '../../../resources/element.ts';
import type { Request } from '../../request.ts';
import { sightFor } from '../../scope.ts';
import { plan, planNew, type Draft } from '../../write/draft.ts';
import { partyWorldIn } from '../../write/rule-context.ts';
import { readCurrent } from '../../write/preview.ts';
import { invalidParameter, placeOfParameter, resourceIn } from '../input.ts';
import { asksInPerson } from '../keeper.ts';
import type { Beside, Invocation, Operation, OperationReply } from '../operation.ts';
import { parametersOf } from '../output.ts';
import { CAPTURE_PARAMETERS } from './capture-parameters.ts';
import { captureIds, consentOf, recordsOf, type Capturing } from './capture-resources.ts';
import { readCapture } from './read-capture.ts';
import { proofOf } from './signing.ts';
import { readPresent } from '../../read-present.ts';

export const captureConsent: Operation = {
  name: 'capture-consent',
  title: 'Put a consent on record',
  description:
    'Makes a Consent of what was agreed, with the document that was signed and who recorded it, in one commit. A transaction that waited for the consent runs in the same commit: all of it is done, or nothing. For the organization that keeps the patient, for the patient in person, and for an organization to which a referral shows the patient, of what it itself may disclose.',
  levels: ['instance'],
  resource: ['Patient'],
  affectsState: true,
  parameters: CAPTURE_PARAMETERS,
  perform,
};

async function perform(invocation: Invocation): Promise<OperationReply> {
  const { context, request, input, transact } = invocation;
  const snapshot = context.store.snapshot();
  const keeper = request.caller.organization;
  if (keeper === undefined) throw new OperationOutcomeError('organization-unknown');
  const whose = await patientOf(invocation, snapshot);
  const patient = whose.ref;
  const now = context.clock.now();
  const capture = await readCapture(context, snapshot, input, patient, keeper);
  checkCapturer(invocation, whose, capture.captured);
  const { publicBase } = context.settings;
  const inPerson = inPersonOf(invocation, patient);
  const proof = proofOf(capture, { caller: request.caller, inPerson, now, publicBase });
  if (capture.isVerbal && kindRow(capture.captured.kind).oral !== true)
    throw incomplete([{ id: 'K2', says: 'signature: this kind may not be oral', path: 'Consent.source' }]);
  const signedAt = capture.captured.signedAt ?? (proof?.kind === 'paper' ? undefined : formatInstant(now));
  // What was paid in full has to be agreed to; any other restriction is the entity's to agree to.
  const isRequest =
    inPersonOf(invocation, patient) !== undefined && capture.captured.kind === 'hipaa-restrictions';
  const capturing: Capturing = {
    capture: { ...capture, captured: { ...capture.captured, signedAt, isRequest } },
    proof,
    ids: captureIds(context),
    response: resourceIn(input, 'questionnaireResponse')?.plain,
    caller: request.caller,
    publicBase,
    now: formatInstant(now),
  };
  const superseded = supersededIn(invocation);
  const reply = await transact(transactionOf(request, input.get('then')?.[0]?.resource), (draft) =>
    planCapture(draft, capturing, superseded),
  );
  return replyWith(parseStored(reply.text ?? '{}'), capturing, superseded, input.has('then'));
}

const inPersonOf = ({ context, request }: Invocation, patient: Ref): Ref | undefined =>
  asksInPerson(context, request.caller, patient) ? patient : undefined;

/** Scopes permit to create a Consent, and the patient is one that the caller sees. */
async function patientOf({ context, request, sight }: Invocation, snapshot: Snapshot): Promise<Version> {
  const ref: Ref = `Patient/${request.id ?? ''}`;
  const narrow = sightFor({ ...request, interaction: 'create', type: 'Consent', id: undefined });
  if (!narrow.everything && narrow.patient !== undefined && narrow.patient !== ref)
    throw new OperationOutcomeError('scope-insufficient', {
      diagnostics: `the token's scopes are for ${narrow.patient} alone`,
    });
  if (!asksInPerson(context, request.caller, ref)) checkNobodyElse(request);
  return readPresent(snapshot, ref, sight);
}

/**
 * The organization that keeps the patient captures, and the patient in person. Another one that sees the patient by a
 * referral captures what it itself may disclose: a program that answers an order has nobody else to do it (compliance P4).
 */
function checkCapturer(invocation: Invocation, patient: Version, { from, keeper }: CapturedConsent): void {
  if (patient.custodian === keeper || inPersonOf(invocation, patient.ref) !== undefined) return;
  if (from.every(({ reference }) => reference === keeper)) return;
  throw new OperationOutcomeError('not-custodian', {
    diagnostics: `${patient.ref} is kept by another organization: capture what your own may disclose.`,
  });
}

/** Who asks in person for somebody else does not speak for the organization either. */
function checkNobodyElse({ caller, id = '' }: Request): void {
  if (!/(?:^|\/)(?:Patient|RelatedPerson)\/[^/]+$/.test(caller.user ?? '')) return;
  throw new OperationOutcomeError('not-custodian', {
    diagnostics: `Patient/${id}: the organization that keeps the patient captures, or the patient in person.`,
  });
}

/** @throws OperationOutcomeError `parameter-invalid` */
function supersededIn({ context, input }: Invocation): readonly Ref[] {
  return (input.get('supersedes') ?? []).map(({ value }) => {
    const { reference = '' } = value as Reference; // by its definition
    const ref = ownRefOf(context.settings.publicBase, reference);
    if (ref?.startsWith('Consent/') === true) return ref;
    throw invalidParameter('supersedes', 'supersedes refers to Consents of this server');
  });
}

const NOTHING: Resource = { resourceType: 'Bundle', type: 'transaction' };

/** The transaction that waited; without one, there is nothing beside the capture. */
function transactionOf(request: Request, waiting: Request['body']): Request {
  const { type: _type, id: _id, operation: _operation, ...rest } = request;
  if (waiting !== undefined && waiting.plain['type'] !== 'transaction')
    throw invalidParameter('then', 'then is a Bundle of type transaction');
  return {
    ...rest,
    interaction: 'transaction',
    query: [],
    queryText: '',
    body: waiting ?? bodyOf(NOTHING),
  };
}

/** @throws OperationOutcomeError `consent-incomplete`, naming every element and its paragraph */
async function planCapture(
  draft: Draft,
  capturing: Capturing,
  superseded: readonly Ref[],
): ReturnType<Beside> {
  const consent = consentOf(capturing);
  const written: (readonly [Ref, Resource])[] = [
    [capturing.ids.consent, consent],
    ...recordsOf(capturing, consent),
  ];
  for (const [ref, resource] of written) planNew(draft, ref, resource);
  // Its signed form is read as it is planned.
  const world = partyWorldIn(draft);
  const actors = await findActors([withNotedActors(consent)], world);
  const lacks = lacksOf(consent, await findConsentAbout(consent, actors, world));
  if (lacks.length > 0) throw incomplete(lacks);
  for (const ref of superseded) await planEnd(draft, ref, capturing);
  return [...written.map(([ref]) => ref), ...superseded];
}

/** The new consent, signed, is the written request to end the other (compliance C8, R4). */
async function planEnd(draft: Draft, ref: Ref, { capture, ids, proof, now }: Capturing): Promise<void> {
  const { patient, signers, keeper } = capture.captured;
  const current = await readCurrent(draft, ref);
  if (current === undefined || localRef(current.resource['patient']) !== patient)
    throw new OperationOutcomeError('reference-not-found', {
      diagnostics: `${ref} is no Consent of this patient that you may read`,
      expression: [placeOfParameter('supersedes')],
    });
  const { version, resource } = current;
  if (version.custodian !== keeper)
    throw new OperationOutcomeError('not-custodian', {
      diagnostics: `${ref} is kept by another organization.`,
    });
  if (resource['status'] === 'inactive')
    throw invalidParameter('supersedes', `${ref} has ended already: leave it out`);
  const revocation = {
    url: CONSENT_EXTENSIONS.revocation,
    extension: [
      { url: 'at', valueDateTime: now },
      { url: 'by', valueReference: signers[0] ?? { reference: patient } },
      { url: 'how', valueCode: proof?.kind === 'verbal' ? 'oral-note' : 'written' },
      { url: 'document', valueReference: { reference: ids.document } },
    ],
  };
  const others = (resource['extension'] ?? []) as readonly { readonly url?: string }[]; // validated structure
  plan(draft, {
    ref,
    method: 'PUT',
    base: version.seq,
    before: resource,
    after: bodyOf({
      ...resource,
      status: 'inactive',
      extension: [...others.filter(({ url }) => url !== revocation.url), revocation],
    }),
    custodian: version.custodian,
    origin: 'client',
    parties: [],
  });
}

function incomplete(lacks: readonly Lack[]): OperationOutcomeError {
  const says = lacks.map((lack) => lack.says).join(', ');
  const ids = [...new Set(lacks.map(({ id }) => id))].join(', ');
  return new OperationOutcomeError('consent-incomplete', {
    diagnostics: `This consent lacks: ${says} (${ids}).`,
    expression: [...new Set(lacks.map(({ path }) => path))],
  });
}

// — the reply

interface ResponseEntry {
  readonly response?: { readonly location?: string };
}

/** The transaction's answer, whose last entries are what was captured. */
function replyWith(
  bundle: Resource,
  capturing: Capturing,
  superseded: readonly Ref[],
  waited: boolean,
): OperationReply {
  const entries = (bundle['entry'] ?? []) as readonly ResponseEntry[];
  const added = 1 + recordsOf(capturing, consentOf(capturing)).length + superseded.length;
  const own = entries.slice(entries.length - added);
  // Under an idempotency key that was used, what the first commit wrote is told.
  const refOf = (type: string): string =>
    own
      .flatMap(({ response }) => /^([A-Z][A-Za-z]+\/[^/]+)/.exec(response?.location ?? '')?.[1] ?? [])
      .find((ref) => ref.startsWith(`${type}/`)) ?? '';
  const then = entries.slice(0, entries.length - added);
  return {
    status: 200,
    resource: parametersOf([
      ...['Consent', 'DocumentReference', 'Provenance'].map((type, at) => ({
        name: ['consent', 'document', 'provenance'][at] ?? '',
        valueReference: { reference: refOf(type) },
      })),
      ...superseded.map((reference) => ({ name: 'superseded', valueReference: { reference } })),
      ...(waited ? [{ name: 'response', resource: { ...bundle, entry: then } }] : []),
    ]),
  };
}
