/**
 * `$import-ccda`: a clinical document is kept as it came, and read: a DocumentReference, and the resources that its entries
 * became, in one commit. Reading a document never moves a referral; its orders are filed as drafts.
 */
import { createHash } from 'node:crypto';
import type { ConvertedDocument } from '../../../ccda/read/convert.ts';
import { formatInstant } from '../../../fhir/datetime.ts';
import { ISSUES, OperationOutcomeError } from '../../../fhir/issue.ts';
import { bodyOf } from '../../../fhir/json.ts';
import type { Ref, Resource } from '../../../fhir/types.ts';
import { EVERYTHING } from '../../../ports/query.ts';
import { parseStored } from '../../../ports/stored-resource.ts';
import { auditOperation } from '../../audit/audit.ts';
import { recordRead } from '../../audit/record.ts';
import type { Request } from '../../request.ts';
import { textIn } from '../input.ts';
import type { Invocation, Operation, OperationReply } from '../operation.ts';
import { parametersOf } from '../output.ts';
import { CCDA_TYPE } from './ccda.ts';
import { convertInThread } from './convert.ts';
import { fileDocument, numberKey, type Meets } from './filing.ts';
import { listOfLosses } from './loss-list.ts';
import { meet } from './meet.ts';
import { CLINICAL_DOCUMENT, readSource, type Source } from './source.ts';

export const importCcda: Operation = {
  name: 'import-ccda',
  title: 'Keep a clinical document and read it',
  description:
    'Keeps a C-CDA document as it came, with a DocumentReference, and makes resources of its entries: problems, allergies, medicines, results and the rest. The same document again changes nothing; a later version replaces the earlier. Orders of the document become drafts, so that no referral opens.',
  levels: ['system'],
  resource: [],
  affectsState: true,
  content: { takes: [CCDA_TYPE, 'text/xml', 'application/xml'] },
  parameters: [
    {
      name: 'document',
      use: 'in',
      min: 0,
      max: '1',
      type: 'Binary',
      documentation: `The document: a Binary, or a body of ${CCDA_TYPE}, text/xml or application/xml.`,
    },
    {
      name: 'source',
      use: 'in',
      min: 0,
      max: '1',
      type: 'Reference',
      documentation: 'A stored Binary or DocumentReference that holds the document, instead.',
    },
    {
      name: 'zone',
      use: 'in',
      min: 0,
      max: '1',
      type: 'string',
      documentation: 'The offset of times without one, where the document itself has none: -05:00.',
    },
    {
      name: 'document',
      use: 'out',
      min: 1,
      max: '1',
      type: 'Reference',
      documentation: 'The DocumentReference.',
    },
    {
      name: 'bundle',
      use: 'out',
      min: 1,
      max: '1',
      type: 'Bundle',
      documentation: 'The document as a FHIR document.',
    },
    {
      name: 'losses',
      use: 'out',
      min: 1,
      max: '1',
      type: 'List',
      documentation: 'What could not be carried over: an OperationOutcome for each place.',
    },
    {
      name: 'remark',
      use: 'out',
      min: 0,
      max: '*',
      type: 'string',
      documentation: 'What the sender of the document should know.',
    },
  ],
  perform: performImport,
};

const ZONE = /^(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/;

async function performImport(invocation: Invocation): Promise<OperationReply> {
  const { context, request, input } = invocation;
  const zone = textIn(input, 'zone');
  if (zone !== undefined && !ZONE.test(zone))
    throw new OperationOutcomeError('parameter-invalid', { diagnostics: 'zone is an offset, as in -05:00' });
  const source = await readSource(invocation, {
    parameter: 'document',
    type: CCDA_TYPE,
    kind: CLINICAL_DOCUMENT,
  });
  if (source.seen.length > 0) await recordRead(context, auditOperation(request, source.seen, []));
  const { converted, at, date, remarks } = await importDocument(invocation, source, zone);
  return replyWith(converted, at, date, remarks);
}

/** A clinical document that is kept: as what, where and when, and what its importer should know. */
interface ImportedDocument {
  readonly converted: ConvertedDocument;
  readonly at: Ref;
  readonly date: string;
  readonly remarks: readonly string[];
}

/**
 * Keeps a clinical document and reads it, unless it is kept already.
 *
 * @throws OperationOutcomeError `ccda-invalid`, and what the rules say about a write
 */
export async function importDocument(
  invocation: Invocation,
  source: Source,
  zone: string | undefined,
): Promise<ImportedDocument> {
  const { context, request } = invocation;
  const converted = await convertInThread(context, request, source.bytes, zone);
  const found = await meet(context, request, context.store.snapshot(), converted, source);
  if (found.known !== undefined) {
    const date = formatInstant(context.clock.now());
    return { converted, at: found.known, date, remarks: found.remarks };
  }
  const { at, remarks } = await fileOrApart(invocation, converted, source.bytes, found.meets);
  return { converted, at, date: found.meets.filedAt, remarks: [...found.remarks, ...remarks] };
}

/** Files the document with what was read from it; where a rule refuses that, by itself. */
async function fileOrApart(
  invocation: Invocation,
  converted: ConvertedDocument,
  bytes: Uint8Array,
  meets: Meets,
  isRetried = false,
): Promise<{ readonly at: Ref; readonly remarks: readonly string[] }> {
  const file = (how: Meets): Promise<Ref> => {
    const { bundle } = fileDocument(converted, bytes, how, invocation.context.newId);
    return fileOnce(
      invocation,
      asTransaction(invocation.request, bundle, bytes, converted, { ...how, isRetried }),
      bundle,
    );
  };
  try {
    return { at: await file(meets), remarks: [] };
  } catch (error) {
    const isRefused = error instanceof OperationOutcomeError && isRefusedForContent(error);
    // A rule may hold an earlier version as it is: the later one is filed all the same.
    if (isRefused && meets.outdates.length > 0)
      return fileOrApart(invocation, converted, bytes, { ...meets, outdates: [] }, true);
    if (meets.isApart || !(error instanceof OperationOutcomeError) || !isRefusedForContent(error))
      throw error;
    const [first] = error.issues;
    const why = first?.diagnostics ?? error.code;
    const at = await file({ ...meets, patient: undefined, isApart: true });
    return { at, remarks: [`The document is kept, and nothing is read from it: ${why}`] };
  }
}

/** Codes of refusals that are about what the document says, beside those that HTTP calls unprocessable. */
const OF_CONTENT: ReadonlySet<string> = new Set(['not-custodian', 'sender-mismatch', 'bundle-invalid']);

/** Whether a refusal is about what the document says, not about who asks, or when. */
export const isRefusedForContent = (error: OperationOutcomeError): boolean =>
  error.retryAfter === undefined &&
  (OF_CONTENT.has(error.code) || ISSUES[error.code].http === 422) &&
  error.code !== 'idempotency-key-reused';

// — writing it

/** The same document twice at once is one: its id and bytes are a key, where the client gave none. */
function asTransaction(
  request: Request,
  bundle: Resource,
  bytes: Uint8Array,
  { facts }: ConvertedDocument,
  { isApart, isRetried }: Meets & { readonly isRetried: boolean },
): Request {
  const { type: _type, id: _id, operation: _operation, ...rest } = request;
  const fingerprint = createHash('sha256').update(bytes).digest('hex');
  const key = request.idempotencyKey ?? { id: `ccda ${numberKey(facts.id)} ${fingerprint}`, fingerprint };
  return {
    ...rest,
    interaction: 'transaction',
    query: [],
    queryText: '',
    body: { ...bodyOf(bundle), size: bytes.length * 2 },
    prefer: { ...request.prefer, return: 'minimal' },
    // A refusal is kept under its key, and given again under it.
    idempotencyKey: { ...key, id: `${key.id}${isRetried ? ' beside' : ''}${isApart ? ' apart' : ''}` },
  };
}

/**
 * Commits the transaction; where the document was filed. The reply that an earlier import left under the key of the
 * document may name one that was deleted since: then the document is filed anew.
 */
async function fileOnce(
  { context, request, transact }: Invocation,
  asked: Request,
  bundle: Resource,
): Promise<Ref> {
  const at = documentIn(transactionResponseOf(await transact(asked)), bundle);
  if (request.idempotencyKey !== undefined || asked.idempotencyKey === undefined) return at;
  const filed = await context.store.snapshot().read(at, EVERYTHING);
  if (filed?.text !== undefined) return at;
  const { id, fingerprint } = asked.idempotencyKey;
  const anew = { ...asked, idempotencyKey: { id: `${id} after ${at} ${filed?.seq ?? ''}`, fingerprint } };
  return documentIn(transactionResponseOf(await transact(anew)), bundle);
}

/** The Bundle that a transaction answered. */
export const transactionResponseOf = ({ text, resource }: OperationReply): Resource | undefined =>
  text === undefined ? resource : parseStored(text);

/** Where the DocumentReference was put: the response stands at the place of its entry. */
function documentIn(response: Resource | undefined, bundle: Resource): Ref {
  const entries = (bundle['entry'] ?? []) as readonly { resource: Resource }[];
  const index = entries.findIndex(({ resource }) => resource.resourceType === 'DocumentReference');
  const answers = (response?.['entry'] ?? []) as readonly { response?: { location?: string } }[];
  const location = answers[index]?.response?.location ?? '';
  const [, id = ''] = /DocumentReference\/([^/]+)/.exec(location) ?? [];
  return `DocumentReference/${id}`;
}

const replyWith = (
  { bundle, losses }: ConvertedDocument,
  document: Ref,
  date: string,
  remarks: readonly string[],
): OperationReply => ({
  status: 200,
  resource: parametersOf([
    { name: 'document', valueReference: { reference: document } },
    { name: 'bundle', resource: bundle },
    { name: 'losses', resource: listOfLosses(losses, date) },
    ...remarks.map((valueString) => ({ name: 'remark', valueString })),
  ]),
});
