/**
 * `$import-ccda`: a clinical document is kept as it came, and read: a DocumentReference, and the resources that its entries
 * became, in one commit. Reading a document never moves a referral; its orders are filed as drafts.
 */
import { createHash } from 'node:crypto';
import { convertDocument, type ConvertedDocument } from '../../../ccda/read/convert.ts';
import { formatInstant } from '../../../fhir/datetime.ts';
import { OperationOutcomeError } from '../../../fhir/issue.ts';
import { bodyOf, parseJson } from '../../../fhir/json.ts';
import type { Identifier, Ref, Resource } from '../../../fhir/types.ts';
import type { Match, Query } from '../../../ports/query.ts';
import type { Snapshot } from '../../../ports/store.ts';
import { parseStored } from '../../../ports/stored-resource.ts';
import { valuesAt } from '../../../resources/element.ts';
import { isSameRecorded } from '../../../resources/same-person.ts';
import type { OperationContext } from '../../context.ts';
import { LARGE } from '../../heavy.ts';
import type { Request } from '../../request.ts';
import { sightForType } from '../../scope.ts';
import { resourceIn, textIn, valueIn } from '../input.ts';
import type { Invocation, Operation, OperationReply } from '../operation.ts';
import { parametersOf } from '../output.ts';
import { CCDA_TYPE } from './ccda.ts';
import { fileDocument, numberKey, VERSION_URL, type Meets } from './filing.ts';
import { listOfLosses } from './loss-list.ts';
import { bytesOf, readStored, type Source } from './source.ts';

export const importCcda: Operation = {
  name: 'import-ccda',
  title: 'Keep a clinical document and read it',
  description:
    'Keeps a C-CDA document as it came, with a DocumentReference, and makes resources of its entries: problems, allergies, medicines, results and the rest. The same document again changes nothing; a later version replaces the earlier. Orders of the document become drafts, so that no referral opens.',
  levels: ['system'],
  resource: [],
  affectsState: true,
  content: { takes: [CCDA_TYPE, 'text/xml'] },
  parameters: [
    {
      name: 'document',
      use: 'in',
      min: 0,
      max: '1',
      type: 'Binary',
      documentation: `The document: a Binary, or a body of ${CCDA_TYPE} or text/xml.`,
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
  const { context, request, input, transact } = invocation;
  const zone = textIn(input, 'zone');
  if (zone !== undefined && !ZONE.test(zone))
    throw new OperationOutcomeError('parameter-invalid', { diagnostics: 'zone is an offset, as in -05:00' });
  const snapshot = context.store.snapshot();
  const source = await sourceOf(invocation, snapshot);
  const converted = await convert(context, request, source.bytes, zone);
  const found = await meet(context, request, snapshot, converted, source);
  if (found.known !== undefined)
    return replyWith(converted, found.known, formatInstant(context.clock.now()), found.remarks);
  const filed = fileDocument(converted, source.bytes, found.meets, context.newId);
  const reply = await transact(asTransaction(request, filed.bundle, source.bytes, converted));
  const at = documentIn(responseOf(reply), filed.bundle);
  return { ...replyWith(converted, at, found.meets.filedAt, found.remarks), status: 200 };
}

/** @throws OperationOutcomeError `field-missing` where neither a document nor a source is given */
async function sourceOf({ context, request, input }: Invocation, snapshot: Snapshot): Promise<Source> {
  const given = resourceIn(input, 'document');
  if (given !== undefined)
    return {
      bytes:
        given.data === undefined
          ? bytesOf(given.plain['data'])
          : Buffer.from(Buffer.from(given.data).toString('latin1'), 'base64'),
      seen: [],
    };
  const [reference] = valuesAt(valueIn(input, 'source'), 'reference');
  if (typeof reference === 'string') return readStored(context, request, snapshot, reference);
  throw new OperationOutcomeError('field-missing', {
    diagnostics: 'there is neither a document nor a source',
  });
}

/** A large document is read in a thread of its own. */
async function convert(
  { heavy, newId, clock }: OperationContext,
  { caller }: Request,
  bytes: Uint8Array,
  zone: string | undefined,
): Promise<ConvertedDocument> {
  const now = formatInstant(clock.now());
  if (bytes.length < LARGE) return convertDocument(bytes, { zone, newId, now });
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  const { text, ...rest } = await heavy(
    caller.organization ?? caller.client,
    'convertDocument',
    shared,
    zone,
    now,
  );
  return {
    ...rest,
    bundle: parseJson(text, { depth: Number.POSITIVE_INFINITY })
      .storing as unknown as ConvertedDocument['bundle'],
  };
}

// — what is known of it here

interface Found {
  readonly meets: Meets;
  /** The DocumentReference of the very same document. */
  readonly known: Ref | undefined;
  readonly remarks: readonly string[];
}

async function meet(
  context: OperationContext,
  request: Request,
  snapshot: Snapshot,
  converted: ConvertedDocument,
  source: Source,
): Promise<Found> {
  const { facts } = converted;
  const own = request.caller.organization;
  const find = (type: string, identifiers: readonly Identifier[]) =>
    findByIdentifier(request, snapshot, type, identifiers);
  const kept = (await find('DocumentReference', [facts.id])).filter(({ custodian }) => custodian === own);
  const same = kept.find(({ ref }) => ref !== source.document);
  if (same !== undefined)
    return {
      meets: NOTHING,
      known: sameDocument(same, source.bytes),
      remarks: ['The document is kept already.'],
    };
  const versions =
    facts.setId === undefined
      ? []
      : (await find('DocumentReference', [facts.setId])).filter(({ custodian }) => custodian === own);
  const parents = await find(
    'DocumentReference',
    facts.related.filter(({ type }) => type === 'replaces').map(({ id }) => id),
  );
  const patient = await patientOf(request, snapshot, converted);
  const orders = await ordersOf(find, converted);
  const isSuperseded = versions.some(({ text }) => versionIn(text) > (facts.version ?? 0));
  const earlier = [
    ...versions.filter(({ text }) => versionIn(text) < (facts.version ?? 0)),
    ...parents.filter(({ custodian }) => custodian === own),
  ];
  return {
    known: undefined,
    meets: {
      patient,
      orders,
      isSuperseded,
      replaces: isSuperseded ? [] : [...new Set(earlier.map(({ ref }) => ref))],
      binary: undefined,
      filedBy: own,
      filedAt: formatInstant(context.clock.now()),
    },
    remarks: [
      ...(isSuperseded
        ? ['A later version of the document is kept already: this one is filed as superseded.']
        : []),
      ...facts.fulfills
        .filter((number) => !orders.has(numberKey(number)))
        .map(() => 'The document answers an order that is not known here.'),
      ...(patient === undefined ? ['No patient of yours has one of its numbers: a new one is kept.'] : []),
    ],
  };
}

const NOTHING: Meets = {
  patient: undefined,
  orders: new Map(),
  replaces: [],
  isSuperseded: false,
  binary: undefined,
  filedBy: undefined,
  filedAt: '',
};

/** @throws OperationOutcomeError `duplicate` for other bytes under an id that is known */
function sameDocument({ ref, text }: Match, bytes: Uint8Array): Ref {
  const hash = createHash('sha1').update(bytes).digest('base64');
  if (valuesAt(parseStored(text), 'content.attachment.hash').includes(hash)) return ref;
  throw new OperationOutcomeError('duplicate', {
    diagnostics: `${ref} is another document under the same id: a changed document has an id of its own, and a higher version of its setId`,
  });
}

/** The version of a kept document among those of its setId. */
const versionIn = (text: string): number => {
  const document = parseStored(text);
  const extensions = (document['extension'] ?? []) as readonly { url: string; valueString?: string }[];
  return Number(extensions.find(({ url }) => url === VERSION_URL)?.valueString ?? 0);
};

const MATCHES_MAX = 100;

async function findByIdentifier(
  request: Request,
  snapshot: Snapshot,
  type: string,
  identifiers: readonly Identifier[],
): Promise<readonly Match[]> {
  const numbers = identifiers.filter(({ value }) => value !== undefined && value !== '');
  const sight = sightForType(request.caller, type);
  if (numbers.length === 0 || sight === undefined) return [];
  const query: Query = {
    type,
    where: {
      kind: 'any',
      of: numbers.map(({ system, value = '' }) => ({
        kind: 'token' as const,
        param: 'identifier',
        ...(system !== undefined && { system }),
        code: value,
      })),
    },
    sort: [],
    sight,
    count: MATCHES_MAX,
    offset: 0,
    total: false,
  };
  return (await snapshot.search(query, request.signal)).matches;
}

/**
 * The caller's patient with one of the document's numbers.
 *
 * @throws OperationOutcomeError `duplicate` where the numbers are those of several, or name and birth date are another's
 */
async function patientOf(
  request: Request,
  snapshot: Snapshot,
  { bundle }: ConvertedDocument,
): Promise<Ref | undefined> {
  const patient = (bundle.entry ?? [])
    .map(({ resource }) => resource as unknown as Resource)
    .find(({ resourceType }) => resourceType === 'Patient');
  const identifiers = (patient?.['identifier'] ?? []) as readonly Identifier[];
  const numbers = identifiers.filter(({ system }) => system !== undefined);
  const matches = await findByIdentifier(request, snapshot, 'Patient', numbers);
  const own = matches.filter(({ custodian }) => custodian === request.caller.organization);
  const [match, another] = own;
  if (match === undefined || patient === undefined) return undefined;
  if (another !== undefined) throw contradicted('the numbers of the patient belong to several of yours');
  if (isSameRecorded(patient, parseStored(match.text))) return match.ref;
  throw contradicted(`name or birth date are not those of ${match.ref}, who has the number`);
}

const contradicted = (diagnostics: string): OperationOutcomeError =>
  new OperationOutcomeError('duplicate', { diagnostics });

/** Orders that are known under the numbers of the document: those it answers, and the one it asks for. */
async function ordersOf(
  find: (type: string, identifiers: readonly Identifier[]) => Promise<readonly Match[]>,
  { bundle, facts }: ConvertedDocument,
): Promise<ReadonlyMap<string, Ref>> {
  const own = (bundle.entry ?? [])
    .map(({ resource }) => resource as unknown as Resource)
    .filter(({ resourceType }) => resourceType === 'ServiceRequest')
    .flatMap((order) => (order['identifier'] ?? []) as readonly Identifier[]);
  const matches = await find('ServiceRequest', [...facts.fulfills, ...own]);
  return new Map(
    matches.flatMap(({ ref, text }) =>
      (parseStored(text)['identifier'] as readonly Identifier[]).map(
        (number) => [numberKey(number), ref] as const,
      ),
    ),
  );
}

// — writing it

/** The same document twice at once is one: its id and bytes are a key, where the client gave none. */
function asTransaction(
  request: Request,
  bundle: Resource,
  bytes: Uint8Array,
  { facts }: ConvertedDocument,
): Request {
  const { type: _type, id: _id, operation: _operation, ...rest } = request;
  const fingerprint = createHash('sha256').update(bytes).digest('hex');
  return {
    ...rest,
    interaction: 'transaction',
    query: [],
    queryText: '',
    body: { ...bodyOf(bundle), size: bytes.length * 2 },
    prefer: { ...request.prefer, return: 'minimal' },
    idempotencyKey: request.idempotencyKey ?? { id: `ccda ${numberKey(facts.id)}`, fingerprint },
  };
}

const responseOf = ({ text, resource }: OperationReply): Resource | undefined =>
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
