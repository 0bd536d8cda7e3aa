/** What a clinical document meets here: whether it is kept already, its patient, its orders and its earlier versions. */
import { createHash } from 'node:crypto';
import type { ConvertedDocument } from '../../../ccda/read/convert.ts';
import { formatInstant } from '../../../fhir/datetime.ts';
import type { Identifier, Ref, Resource } from '../../../fhir/types.ts';
import type { Match, Query } from '../../../ports/query.ts';
import type { Snapshot } from '../../../ports/store.ts';
import { parseStored } from '../../../ports/stored-resource.ts';
import { valuesAt } from '../../../resources/element.ts';
import { isSameRecorded } from '../../../resources/same-person.ts';
import { permits } from '../../../smart/permits.ts';
import type { OperationContext } from '../../context.ts';
import type { Request } from '../../request.ts';
import { sightForType } from '../../scope.ts';
import { numberKey, VERSION_URL, type Meets } from './filing.ts';
import type { Source } from './source.ts';

export interface Found {
  readonly meets: Meets;
  /** The DocumentReference of the very same document. */
  readonly known: Ref | undefined;
  readonly remarks: readonly string[];
}

/**
 * Looks up what is known of a document in the caller's sight.
 *
 * @param subject the patient, where who brings the document has said so
 * A patient whose numbers are another's is a contradiction: the document is then kept apart, and nothing is read from it.
 */
export async function meet(
  context: OperationContext,
  request: Request,
  snapshot: Snapshot,
  converted: ConvertedDocument,
  source: Source,
  subject?: Ref,
): Promise<Found> {
  const { facts } = converted;
  const own = request.caller.organization;
  const find = (type: string, identifiers: readonly Identifier[]) =>
    findByIdentifier(request, snapshot, type, identifiers);
  const kept = (await find('DocumentReference', [facts.id])).filter(({ custodian }) => custodian === own);
  const alike = kept.filter((one) => isOfBytes(one, source.bytes));
  const same =
    alike.find(({ ref }) => ref !== source.document) ??
    ((await isRead(request, snapshot, source.document)) ? alike[0] : undefined);
  if (same !== undefined)
    return { meets: NOTHING, known: same.ref, remarks: ['The document is kept already.'] };
  const namesakes = kept.filter(({ ref }) => ref !== source.document);
  const versions =
    facts.setId === undefined
      ? []
      : (await find('DocumentReference', [facts.setId])).filter(({ custodian }) => custodian === own);
  const parents = await find(
    'DocumentReference',
    facts.related.filter(({ type }) => type === 'replaces').map(({ id }) => id),
  );
  const found = subject === undefined ? await patientOf(request, snapshot, converted) : { patient: subject };
  const { patient, contradicts } = found;
  const orders = await ordersOf(find, converted);
  const isSuperseded = versions.some(({ text }) => versionIn(text) > (facts.version ?? 0));
  const earlier = [
    ...versions.filter(({ text }) => versionIn(text) < (facts.version ?? 0)),
    ...parents.filter(({ custodian }) => custodian === own),
  ];
  const replaced = isSuperseded ? [] : earlier;
  return {
    known: undefined,
    meets: {
      patient,
      isApart: contradicts !== undefined,
      orders,
      isSuperseded,
      replaces: [...new Set(replaced.map(({ ref }) => ref))],
      outdates: mayChange(request) ? [...new Set(replaced.filter(isCurrent).map(({ ref }) => ref))] : [],
      binary: undefined,
      filedBy: own,
      filedAt: formatInstant(context.clock.now()),
    },
    remarks: [
      ...namesakes.map(({ ref }) => `${ref} is another document under the same id.`),
      ...unknownOrders(facts.fulfills, orders),
      ...remarksOf(isSuperseded, found),
    ],
  };
}

/** Whether the token lets its caller change what is kept of documents. */
const mayChange = ({ caller }: Request): boolean =>
  caller.administrator || permits(caller.scopes, 'patch', 'DocumentReference').allowed;

const isCurrent = ({ text }: Match): boolean => parseStored(text)['status'] === 'current';

const unknownOrders = (
  fulfills: readonly Identifier[],
  orders: ReadonlyMap<string, Ref>,
): readonly string[] =>
  fulfills
    .filter((number) => !orders.has(numberKey(number)))
    .map(() => 'The document answers an order that is not known here.');

/** What the importer should know of the version and of the patient. */
function remarksOf(isSuperseded: boolean, { patient, contradicts }: FoundPatient): readonly string[] {
  return [
    ...(isSuperseded
      ? ['A later version of the document is kept already: this one is filed as superseded.']
      : []),
    ...(contradicts === undefined
      ? []
      : [`${contradicts}: the document is kept, and nothing is read from it.`]),
    ...(patient === undefined && contradicts === undefined
      ? ['No patient of yours has one of its numbers: a new one is kept.']
      : []),
  ];
}

/** Whether the caller's Provenance says that something was made of a document. */
async function isRead(request: Request, snapshot: Snapshot, document: Ref | undefined): Promise<boolean> {
  const sight = sightForType(request.caller, 'Provenance');
  if (document === undefined || sight === undefined) return false;
  const query: Query = {
    type: 'Provenance',
    where: { kind: 'reference', param: 'entity', to: [document] },
    sort: [],
    sight,
    count: MATCHES_MAX,
    offset: 0,
    total: false,
  };
  const { matches } = await snapshot.search(query, request.signal);
  return matches.some(({ custodian, text }) => custodian === request.caller.organization && isOfImport(text));
}

/** A Provenance of an import: its agent entered what the document says. */
const isOfImport = (text: string): boolean =>
  valuesAt(parseStored(text), 'agent.type.coding.code').includes('enterer');

const NOTHING: Meets = {
  patient: undefined,
  isApart: false,
  orders: new Map(),
  replaces: [],
  outdates: [],
  isSuperseded: false,
  binary: undefined,
  filedBy: undefined,
  filedAt: '',
};

/** Whether a kept document has these bytes. Systems of the field give one id to several documents. */
function isOfBytes({ text }: Match, bytes: Uint8Array): boolean {
  const hash = createHash('sha1').update(bytes).digest('base64');
  return valuesAt(parseStored(text), 'content.attachment.hash').includes(hash);
}

/** The version of a kept document among those of its setId. */
const versionIn = (text: string): number => {
  const document = parseStored(text);
  const extensions = (document['extension'] ?? []) as readonly { url: string; valueString?: string }[];
  return Number(extensions.find(({ url }) => url === VERSION_URL)?.valueString ?? 0);
};

const MATCHES_MAX = 100;
/** Numbers of one question, and of one document that are looked up. */
const NUMBERS_AT_ONCE = 200;
const NUMBERS_MAX = 2000;

/** What has one of some numbers, in the caller's sight. */
export async function findByIdentifier(
  request: Request,
  snapshot: Snapshot,
  type: string,
  identifiers: readonly Identifier[],
): Promise<readonly Match[]> {
  const numbers = identifiers
    .filter(({ value }) => value !== undefined && value !== '')
    .slice(0, NUMBERS_MAX);
  const sight = sightForType(request.caller, type);
  if (sight === undefined) return [];
  const found = new Map<Ref, Match>();
  for (let at = 0; at < numbers.length; at += NUMBERS_AT_ONCE) {
    const some = numbers.slice(at, at + NUMBERS_AT_ONCE);
    for (const match of await findByNumbers(request, snapshot, type, sight, some))
      found.set(match.ref, match);
  }
  return [...found.values()];
}

async function findByNumbers(
  request: Request,
  snapshot: Snapshot,
  type: string,
  sight: Query['sight'],
  numbers: readonly Identifier[],
): Promise<readonly Match[]> {
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

interface FoundPatient {
  readonly patient?: Ref;
  /** The numbers are those of several, name and birth date are another's, or the caller has no patients. */
  readonly contradicts?: string;
}

/** The caller's patient with one of the document's numbers. */
async function patientOf(
  request: Request,
  snapshot: Snapshot,
  { bundle }: ConvertedDocument,
): Promise<FoundPatient> {
  // Whoever keeps records for nobody would write the document's parties into the register.
  if (request.caller.organization === undefined)
    return { contradicts: 'An administrator who acts for no organization has no records of patients' };
  const patient = (bundle.entry ?? [])
    .map(({ resource }) => resource as unknown as Resource)
    .find(({ resourceType }) => resourceType === 'Patient');
  const identifiers = (patient?.['identifier'] ?? []) as readonly Identifier[];
  const numbers = identifiers.filter(({ system }) => system !== undefined);
  const matches = await findByIdentifier(request, snapshot, 'Patient', numbers);
  const own = matches.filter(({ custodian }) => custodian === request.caller.organization);
  const [match, another] = own;
  if (match === undefined || patient === undefined) return {};
  if (another !== undefined) return { contradicts: 'The numbers of the patient belong to several of yours' };
  if (isSameRecorded(patient, parseStored(match.text))) return { patient: match.ref };
  return { contradicts: `Name or birth date are not those of ${match.ref}, who has the number` };
}

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
