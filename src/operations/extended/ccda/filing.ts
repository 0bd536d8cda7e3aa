/**
 * A converted document as the entries of one transaction: the file as it came, a DocumentReference that says what it is,
 * and the resources that were read from it. The transaction meets every check that the caller's own would.
 */
import { createHash } from 'node:crypto';
import type { ConvertedDocument } from '../../../ccda/read/convert.ts';
import type { Coding, Identifier, Ref, Reference, Resource } from '../../../fhir/types.ts';
import { wholeLabels } from '../../../policies/labels/label-set.ts';

/** What the document meets here. */
export interface Meets {
  /** The patient of the caller's that it is about; undefined: nobody's yet. */
  readonly patient: Ref | undefined;
  /** Nothing is read from it: the file and the DocumentReference alone are kept, about nobody. */
  readonly isApart: boolean;
  /** Orders that are known by their numbers: `system|value` to the order. */
  readonly orders: ReadonlyMap<string, Ref>;
  /** DocumentReferences of the caller's that earlier versions of it have, which it replaces. */
  readonly replaces: readonly Ref[];
  /** Those of them that are still current: they become superseded. */
  readonly outdates: readonly Ref[];
  /** It came as an older version than one that is kept already. */
  readonly isSuperseded: boolean;
  /** Where the file is kept already. */
  readonly binary: string | undefined;
  /** The organization that files it, and when: an instant. */
  readonly filedBy: Ref | undefined;
  readonly filedAt: string;
}

export type { Entry as FiledEntry };

interface Filed {
  /** The transaction Bundle. */
  readonly bundle: Resource;
  /** The fullUrl of the DocumentReference. */
  readonly document: string;
}

type Entry = { readonly fullUrl: string; readonly resource: Resource; readonly request: object };
type Node = Resource & Readonly<Record<string, unknown>>;

export const numberKey = ({ system = '', value = '' }: Identifier): string => `${system}|${value}`;

/** @param newId makes UUIDs */
export function fileDocument(
  converted: ConvertedDocument,
  bytes: Uint8Array,
  meets: Meets,
  newId: () => string,
): Filed {
  const resources = resourcesOf(converted);
  const binary = `urn:uuid:${newId()}`;
  const document = `urn:uuid:${newId()}`;
  const read = meets.isApart ? [] : resources;
  const patient = meets.patient ?? read.find(({ resource }) => resource.resourceType === 'Patient')?.fullUrl;
  const composition = read.find(({ resource }) => resource.resourceType === 'Composition');
  const reference = documentReference(converted, bytes, {
    patient,
    url: meets.binary ?? binary,
    author: composition?.resource['author'] as readonly Reference[] | undefined,
    custodian: composition?.resource['custodian'] as Reference | undefined,
    encounter: composition?.resource['encounter'] as Reference | undefined,
    meets,
  });
  const entries = [
    ...(meets.binary === undefined ? [post(binary, fileOf(bytes, converted, patient))] : []),
    post(document, reference),
    ...(meets.isApart ? [] : documentEntries(converted, meets, document, newId)),
    ...meets.outdates.map(superseding),
  ];
  return { bundle: { resourceType: 'Bundle', type: 'transaction', entry: entries }, document };
}

/**
 * What was read from a document, and the Provenance that names the DocumentReference as its source. References to what is
 * known here lead there.
 */
export function documentEntries(
  converted: ConvertedDocument,
  meets: Meets,
  document: string,
  newId: () => string,
): readonly Entry[] {
  const resources = resourcesOf(converted);
  const known = knownTargets(resources, meets);
  const made = resources
    .filter(({ fullUrl }) => !known.has(fullUrl))
    .map(({ fullUrl, resource }) => post(fullUrl, asFiled(resource)));
  return [...made, post(`urn:uuid:${newId()}`, provenance(document, made, meets))].map((entry) =>
    redirected(entry, known),
  );
}

const post = (fullUrl: string, resource: Resource): Entry => ({
  fullUrl,
  resource,
  request: { method: 'POST', url: resource.resourceType },
});

const resourcesOf = ({ bundle }: ConvertedDocument) =>
  ((bundle.entry ?? []) as readonly { fullUrl?: string; resource?: unknown }[]).map(
    ({ fullUrl = '', resource }) => ({ fullUrl, resource: resource as Node }),
  );

/** What of the document is here already, by its fullUrl: the patient, and orders under their numbers. */
function knownTargets(
  resources: readonly { readonly fullUrl: string; readonly resource: Node }[],
  { patient, orders }: Meets,
): ReadonlyMap<string, string> {
  const known = new Map<string, string>();
  for (const { fullUrl, resource } of resources) {
    if (resource.resourceType === 'Patient' && patient !== undefined) known.set(fullUrl, patient);
    if (resource.resourceType !== 'ServiceRequest') continue;
    const numbers = (resource['identifier'] ?? []) as readonly Identifier[];
    const order = numbers.map((number) => orders.get(numberKey(number))).find((ref) => ref !== undefined);
    if (order !== undefined) known.set(fullUrl, order);
  }
  return known;
}

/**
 * An order of a document is filed as a draft: reading a document never opens a referral. Of a device its owner is left
 * out, because an organization writes down no device of another.
 */
function asFiled(resource: Node): Resource {
  const { id: _id, owner: _owner, ...rest } = resource;
  const isOrder =
    resource.resourceType === 'ServiceRequest' &&
    resource['status'] === 'active' &&
    resource['performer'] !== undefined;
  return { ...rest, resourceType: resource.resourceType, ...(isOrder && { status: 'draft' }) } as Resource;
}

/** The labels of a document: its own, and those that the codes of what it holds ask for (compliance S5). */
const labelsOfFile = (converted: ConvertedDocument): readonly Coding[] =>
  wholeLabels(
    converted.labels,
    resourcesOf(converted).map(({ resource }) => resource),
  );

function fileOf(bytes: Uint8Array, converted: ConvertedDocument, patient: string | undefined): Resource {
  const labels = labelsOfFile(converted);
  return {
    resourceType: 'Binary',
    ...(labels.length > 0 && { meta: { security: [...labels] } }),
    contentType: 'application/hl7-cda+xml',
    ...(patient !== undefined && { securityContext: { reference: patient } }),
    data: Buffer.from(bytes).toString('base64'),
  };
}

interface Described {
  readonly patient: string | undefined;
  readonly url: string;
  readonly author: readonly Reference[] | undefined;
  readonly custodian: Reference | undefined;
  readonly encounter: Reference | undefined;
  readonly meets: Meets;
}

/** The version of a document among those of its setId: R4 has no element for it, R5 has. */
export const VERSION_URL = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-DocumentReference.version';

/** That an earlier version is current no more. */
const superseding = (ref: Ref): object => ({
  resource: {
    resourceType: 'Parameters',
    parameter: [
      {
        name: 'operation',
        part: [
          { name: 'type', valueCode: 'replace' },
          { name: 'path', valueString: 'DocumentReference.status' },
          { name: 'value', valueCode: 'superseded' },
        ],
      },
    ],
  },
  request: { method: 'PATCH', url: ref },
});

/** What the document is, for whoever looks for it. */
function documentReference(converted: ConvertedDocument, bytes: Uint8Array, about: Described): Resource {
  const { facts } = converted;
  const { patient, url, author = [], custodian, encounter, meets } = about;
  const related = facts.fulfills.map((identifier) => {
    const order = meets.orders.get(numberKey(identifier));
    return order === undefined ? { identifier } : { reference: order, identifier };
  });
  return {
    resourceType: 'DocumentReference',
    ...describeDocument(converted, meets),
    docStatus: 'final',
    category: [
      {
        coding: [
          {
            system: 'http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category',
            code: 'clinical-note',
          },
        ],
      },
    ],
    ...(patient !== undefined && { subject: { reference: patient } }),
    ...(facts.date?.includes('T') === true && { date: facts.date }),
    ...(author.some(({ reference }) => reference !== undefined) && { author }),
    ...(custodian !== undefined && { custodian }),
    content: [
      {
        attachment: {
          contentType: 'application/hl7-cda+xml',
          url,
          ...(facts.title !== undefined && { title: facts.title }),
          ...digestOf(bytes),
        },
        format: documentFormat(converted),
      },
    ],
    ...((encounter !== undefined || related.length > 0) && {
      context: {
        ...(encounter !== undefined && { encounter: [encounter] }),
        ...(related.length > 0 && { related }),
      },
    }),
  };
}

/** What a document says of itself, and which versions it replaces here: the same for whoever brings it. */
export function describeDocument(converted: ConvertedDocument, meets: Meets) {
  const { bundle, facts, labels } = converted;
  const composition = bundle.entry?.[0]?.resource as unknown as Node;
  const security = labelsOfFile(converted);
  return {
    ...(security.length > 0 && { meta: { security: [...security] } }),
    ...(facts.version !== undefined && {
      extension: [{ url: VERSION_URL, valueString: String(facts.version) }],
    }),
    masterIdentifier: facts.id,
    ...(facts.setId !== undefined && { identifier: [facts.setId] }),
    status: meets.isSuperseded ? 'superseded' : 'current',
    type: composition['type'],
    ...(meets.replaces.length > 0 && {
      relatesTo: meets.replaces.map((reference) => ({ code: 'replaces', target: { reference } })),
    }),
    ...(facts.title !== undefined && { description: facts.title }),
    ...(labels.length > 0 && { securityLabel: labels.map((coding) => ({ coding: [coding] })) }),
  };
}

/** By which the same bytes are known again. */
export const digestOf = (bytes: Uint8Array) => ({
  size: bytes.length,
  hash: createHash('sha1').update(bytes).digest('base64'),
});

/** The format code of IHE: a structured body, or a file. */
export const documentFormat = ({ file }: Pick<ConvertedDocument, 'file'>) => ({
  system: 'http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode',
  code:
    file === undefined ? 'urn:hl7-org:sdwg:ccda-structuredBody:2.1' : 'urn:hl7-org:sdwg:ccda-nonXMLBody:2.1',
});

/** Which resources came of the document: the organization that files it put them there, whoever wrote it. */
function provenance(document: string, made: readonly Entry[], { filedBy, filedAt }: Meets): Resource {
  return {
    resourceType: 'Provenance',
    target: made.map(({ fullUrl }) => ({ reference: fullUrl })),
    recorded: filedAt,
    activity: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-DataOperation', code: 'CREATE' }],
    },
    agent: [
      {
        type: {
          coding: [
            { system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type', code: 'enterer' },
          ],
        },
        who: filedBy === undefined ? { display: 'an administrator' } : { reference: filedBy },
      },
    ],
    entity: [{ role: 'source', what: { reference: document } }],
  };
}

/** References to what is known lead there. */
const redirected = (entry: Entry, known: ReadonlyMap<string, string>): Entry =>
  known.size === 0 ? entry : (replaced(entry, known) as Entry);

/** Numbers that keep their digits are objects of their own, and stay. */
function replaced(node: unknown, known: ReadonlyMap<string, string>): unknown {
  if (typeof node !== 'object' || node === null || JSON.isRawJSON(node)) return node;
  if (Array.isArray(node)) return node.map((one: unknown) => replaced(one, known));
  const members = Object.entries(node).map(([key, value]: [string, unknown]) => [
    key,
    key === 'reference' && typeof value === 'string' ? (known.get(value) ?? value) : replaced(value, known),
  ]);
  return Object.fromEntries(members);
}
