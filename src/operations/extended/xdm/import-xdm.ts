/**
 * `$import-xdm`: a package that an organization received by other means is kept: its clinical documents as `$import-ccda`
 * keeps them, the others as files, and a DocumentManifest for all (direct-xdm 7; ITI-32). A message of 360X to that
 * organization counts as a mail of its author, unless the author is a member: who brings a package is not who made it.
 */
import { createHash } from 'node:crypto';
import { readXdm } from '../../../direct/xdm/read-package.ts';
import type { ReceivedDocument, ReceivedSubmission } from '../../../direct/xdm/submission.ts';
import { OperationOutcomeError } from '../../../fhir/issue.ts';
import { bodyOf } from '../../../fhir/json.ts';
import type { Ref, Resource } from '../../../fhir/types.ts';
import type { AuditEntry } from '../../../ports/audit.ts';
import type { MessageFate } from '../../../ports/inbound.ts';
import { EVERYTHING } from '../../../ports/query.ts';
import { parseStored } from '../../../ports/stored-resource.ts';
import { valuesAt } from '../../../resources/element.ts';
import { permits, rightsFor } from '../../../smart/permits.ts';
import { narrowingFor } from '../../narrowing.ts';
import { agentOf, auditOperation } from '../../audit/audit.ts';
import { recordRead } from '../../audit/record.ts';
import type { Request } from '../../request.ts';
import { importDocument, isRefusedForContent, transactionResponseOf } from '../ccda/import-ccda.ts';
import { findByIdentifier } from '../ccda/meet.ts';
import { readSource, XDM_PACKAGE } from '../ccda/source.ts';
import type { Beside, Invocation, Operation, OperationReply } from '../operation.ts';
import { parametersOf } from '../output.ts';
import { findPackageSubject } from './package-subject.ts';
import {
  binaryOf,
  documentReferenceOf,
  hashOf,
  manifestOf,
  masterIdentifierOf,
  type PackageSubject,
} from './package-resources.ts';

const ZIP_TYPE = 'application/zip';

export const importXdm: Operation = {
  name: 'import-xdm',
  title: 'Keep an XDM package and read its clinical documents',
  description:
    'Keeps the documents of an XDM package (IHE ITI-32) that came by other means: a clinical document as $import-ccda keeps it, any other as a file, and a DocumentManifest that names them. The same package again changes nothing. A message of 360X to your organization, of somebody who is no member, is taken as a mail of its author; the message of a member is kept and moves no referral, because a member speaks for itself.',
  levels: ['system'],
  resource: [],
  affectsState: true,
  content: { takes: [ZIP_TYPE, 'application/x-zip-compressed'] },
  parameters: [
    {
      name: 'package',
      use: 'in',
      min: 0,
      max: '1',
      type: 'Binary',
      documentation: `The package: a Binary, or a body of ${ZIP_TYPE}.`,
    },
    {
      name: 'source',
      use: 'in',
      min: 0,
      max: '1',
      type: 'Reference',
      documentation: 'A stored Binary or DocumentReference that holds the package, instead.',
    },
    {
      name: 'manifest',
      use: 'out',
      min: 0,
      max: '1',
      type: 'Reference',
      documentation: 'The DocumentManifest; absent where the package was taken as a mail.',
    },
    {
      name: 'fate',
      use: 'out',
      min: 0,
      max: '1',
      type: 'code',
      documentation: 'Where it was taken as a mail: applied, repeated, work-item, quarantine, again.',
    },
    {
      name: 'document',
      use: 'out',
      min: 0,
      max: '*',
      type: 'Reference',
      documentation: 'The DocumentReference of each document, in the order of the package.',
    },
    {
      name: 'remark',
      use: 'out',
      min: 0,
      max: '*',
      type: 'string',
      documentation:
        'What the importing organization should know of the package, and what its maker could do better.',
    },
  ],
  perform: performPackageImport,
};

async function performPackageImport(invocation: Invocation): Promise<OperationReply> {
  const { context, request } = invocation;
  const source = await readSource(invocation, { parameter: 'package', type: ZIP_TYPE, kind: XDM_PACKAGE });
  if (source.seen.length > 0) await recordRead(context, auditOperation(request, source.seen, []));
  const reading = await readXdm(source.bytes);
  if (reading.kind === 'fault') throw refuse(`${reading.fault.code}: ${reading.fault.says}`);
  const { submission } = reading;
  const fate = await bring(invocation, submission, source.bytes);
  if (fate !== undefined) return replyOfFate(fate, reading.remarks);
  const known = await findKnown(invocation, submission);
  if (known !== undefined) return replyOf(known.manifest, known.documents, ['The package is kept already.']);
  const clinical = await importClinical(invocation, submission);
  const { manifest, documents } = await filePackage(invocation, submission, clinical.filed);
  const message = submission.documents.some(({ kind }) => kind === 'message')
    ? ['The message is kept, and moves no referral: it counts when it comes from its sender.']
    : [];
  return replyOf(manifest, documents, [...message, ...clinical.remarks, ...reading.remarks]);
}

const refuse = (diagnostics: string): OperationOutcomeError =>
  new OperationOutcomeError('xdm-invalid', { diagnostics });

// — as a mail

/** What a mail may do, its bringer's token must permit, for any patient: the mail says whom it is about. */
const MOVES = [
  ['create', 'ServiceRequest'],
  ['update', 'ServiceRequest'],
  ['create', 'Task'],
  ['update', 'Task'],
] as const;

/** Takes the package as a mail of its author; undefined where it is none to the caller's organization. */
async function bring(
  { request, messages }: Invocation,
  { author, intendedRecipient, submissionTime, documents }: ReceivedSubmission,
  archive: Uint8Array,
): Promise<MessageFate | undefined> {
  const [from, to] = [author?.telecom, intendedRecipient?.telecom];
  const { caller } = request;
  const isPermitted =
    caller.administrator ||
    MOVES.every(([may, type]) => {
      const permit = permits(caller.scopes, may, type);
      const isWhole = rightsFor(may).every((right) => narrowingFor(caller, type, right) === undefined);
      return permit.allowed && !permit.patientOnly && isWhole;
    });
  if (from === undefined || to === undefined || !isPermitted) return undefined;
  if (!documents.some(({ kind }) => kind === 'message')) return undefined;
  const fate = await messages.bring(request, { archive, from, to, sentAt: submissionTime });
  if (fate === 'not-kept') throw new OperationOutcomeError('busy', { retryAfter: 1 });
  return fate;
}

const replyOfFate = (fate: MessageFate, remarks: readonly string[]): OperationReply => ({
  status: 200,
  resource: parametersOf([
    { name: 'fate', valueCode: fate },
    ...remarks.map((valueString) => ({ name: 'remark', valueString })),
  ]),
});

// — what is kept already

interface KeptPackage {
  readonly manifest: Ref;
  readonly documents: readonly Ref[];
}

/** @throws OperationOutcomeError `xdm-invalid` where another package was kept under its number */
async function findKnown(
  { context, request }: Invocation,
  { uniqueId, documents }: ReceivedSubmission,
): Promise<KeptPackage | undefined> {
  const snapshot = context.store.snapshot();
  const found = await findByIdentifier(request, snapshot, 'DocumentManifest', [masterIdentifierOf(uniqueId)]);
  const manifest = found.find(({ custodian }) => custodian === request.caller.organization);
  if (manifest === undefined) return undefined;
  const kept = valuesAt(parseStored(manifest.text), 'content.reference') as readonly Ref[]; // written by an import
  const hashes = new Set<unknown>();
  for (const ref of kept) {
    const { text } = (await snapshot.read(ref, EVERYTHING)) ?? {};
    if (text === undefined) continue;
    for (const hash of valuesAt(parseStored(text), 'content.attachment.hash')) hashes.add(hash);
  }
  if (documents.some((document) => !hashes.has(hashOf(document))))
    throw refuse('another package is kept under its number');
  return { manifest: manifest.ref, documents: kept };
}

// — clinical documents

/** Documents that are kept, by their place in the package. */
type FiledDocuments = ReadonlyMap<number, Ref>;

/** Each clinical document in a commit of its own, as if it came alone; what is none is left to be kept as a file. */
async function importClinical(
  invocation: Invocation,
  { documents }: ReceivedSubmission,
): Promise<{ readonly filed: FiledDocuments; readonly remarks: readonly string[] }> {
  const filed = new Map<number, Ref>();
  const remarks: string[] = [];
  const { idempotencyKey: _ofThePackage, ...request } = invocation.request;
  for (const [index, { kind, bytes }] of documents.entries()) {
    if (kind !== 'clinical-document') continue;
    try {
      const imported = await importDocument({ ...invocation, request }, { bytes, seen: [] }, undefined);
      filed.set(index, imported.at);
      remarks.push(...imported.remarks);
    } catch (error) {
      if (!(error instanceof OperationOutcomeError) || !isRefusedForContent(error)) throw error;
      remarks.push(`Document ${index + 1} is kept as a file, and was not read: ${error.code}`);
    }
  }
  return { filed, remarks };
}

// — the rest

type Entry = { readonly fullUrl: string; readonly resource: Resource; readonly request: object };

async function filePackage(
  invocation: Invocation,
  submission: ReceivedSubmission,
  filed: FiledDocuments,
): Promise<KeptPackage> {
  const { context, request, transact } = invocation;
  const subject = await findPackageSubject(context, request, submission, [...filed.values()]);
  const documents = submission.documents.map((document, index) =>
    fileOf(document, subject, submission, filed.get(index), context.newId),
  );
  const references = documents.map(({ reference }) => reference);
  const entries = [
    ...documents.flatMap((one) => one.entries),
    post(`urn:uuid:${context.newId()}`, manifestOf(submission, references, subject)),
  ];
  const bundle: Resource = { resourceType: 'Bundle', type: 'transaction', entry: entries };
  const asked = asTransaction(request, bundle, submission);
  const response = transactionResponseOf(await transact(asked, auditing(request, subject, filed)));
  const places = new Map(entries.map(({ fullUrl }, index) => [fullUrl, locationAt(response, index)]));
  return {
    manifest: locationAt(response, entries.length - 1),
    documents: references.map((reference) => places.get(reference) ?? (reference as Ref)),
  };
}

/** A document that is kept already is referred to; another is two new resources. */
function fileOf(
  document: ReceivedDocument,
  subject: PackageSubject,
  { referralId }: ReceivedSubmission,
  known: Ref | undefined,
  newId: () => string,
): { readonly reference: string; readonly entries: readonly Entry[] } {
  if (known !== undefined) return { reference: known, entries: [] };
  const [binary, reference] = [`urn:uuid:${newId()}`, `urn:uuid:${newId()}`];
  return {
    reference,
    entries: [
      post(binary, binaryOf(document, subject)),
      post(reference, documentReferenceOf(document, binary, subject, referralId)),
    ],
  };
}

const post = (fullUrl: string, resource: Resource): Entry => ({
  fullUrl,
  resource,
  request: { method: 'POST', url: resource.resourceType },
});

/** The same package twice at once is one: its number and its content are a key, where the client gave none. */
function asTransaction(
  request: Request,
  bundle: Resource,
  { uniqueId, documents }: ReceivedSubmission,
): Request {
  const { type: _type, id: _id, operation: _operation, ...rest } = request;
  const fingerprint = createHash('sha256').update(documents.map(hashOf).join(' ')).digest('hex');
  return {
    ...rest,
    interaction: 'transaction',
    query: [],
    queryText: '',
    body: { ...bodyOf(bundle), size: documents.reduce((sum, { bytes }) => sum + bytes.length * 2, 0) },
    prefer: { ...request.prefer, return: 'minimal' },
    idempotencyKey: request.idempotencyKey ?? { id: `xdm ${uniqueId} ${fingerprint}`, fingerprint },
  };
}

/** In the same commit, the audit event of an import. */
const auditing =
  (request: Request, { patient }: PackageSubject, filed: FiledDocuments): Beside =>
  async (draft) => {
    draft.rows.push(importRow(request, patient, [...filed.values()]));
    return [];
  };

/** The audit event of an import (ITI-32: direct-xdm 7). */
const importRow = (
  { caller, requestId }: Request,
  patient: Ref | undefined,
  entities: readonly Ref[],
): AuditEntry => ({
  event: 'import-package',
  action: 'C',
  outcome: '0',
  agent: agentOf(caller),
  requestId,
  entities,
  patients: patient === undefined ? [] : [patient],
  viewers: caller.organization === undefined ? [] : [caller.organization],
});

function locationAt(response: Resource | undefined, index: number): Ref {
  const answers = (response?.['entry'] ?? []) as readonly { response?: { location?: string } }[];
  const [, type = '', id = ''] =
    /(\w+)\/([^/]+)\/_history\//.exec(answers[index]?.response?.location ?? '') ?? [];
  return `${type}/${id}` as Ref;
}

const replyOf = (manifest: Ref, documents: readonly Ref[], remarks: readonly string[]): OperationReply => ({
  status: 200,
  resource: parametersOf([
    { name: 'manifest', valueReference: { reference: manifest } },
    ...documents.map((reference) => ({ name: 'document', valueReference: { reference } })),
    ...remarks.map((valueString) => ({ name: 'remark', valueString })),
  ]),
});
