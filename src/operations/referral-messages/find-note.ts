/**
 * The note of a move as a message or a package carries it, whatever shape its client gave it: a file when there is one
 * (behind a DocumentReference, in a document's entries, as a Binary or an attachment, stored or contained), else words.
 */
import type { Attachment, Bundle, Composition, Ref, Reference, Resource } from '../../fhir/types.ts';
import { CDA_TYPE, isClinicalDocument } from '../../hl7v2/mapping/clinical-document.ts';
import type { DocumentReading } from '../../hl7v2/messages/reading.ts';
import { factsOf } from '../../policies/facts.ts';
import { highWaterMark, labelsSaid } from '../../policies/labels/high-water.ts';
import { isSameRecorded } from '../../resources/same-person.ts';
import { localRef, localRefOf, valuesAt } from '../../resources/element.ts';

/** The place in which notes of one patient are looked for. */
export interface Library {
  /** Reads any resource as of the commit. */
  resource(ref: Ref): Promise<Resource | undefined>;
  readonly patient: Resource;
}

/** The number of references that are followed one after the other. */
const HOPS_MAX = 3;
/** The number of listed resources of a Composition that are looked at. */
const SECTION_ENTRIES_MAX = 100;

/** The note of one Task.output; undefined when it holds none. */
export async function noteOfOutput(
  output: Resource,
  task: Resource,
  library: Library,
): Promise<DocumentReading | undefined> {
  const { valueReference, valueAttachment, valueString, valueMarkdown, type } = output as Resource & {
    readonly valueReference?: Reference;
    readonly valueAttachment?: Attachment;
    readonly valueString?: string;
    readonly valueMarkdown?: string;
    readonly type?: DocumentReading['type'];
  };
  if (valueAttachment !== undefined) return noteOfAttachment(valueAttachment, [task], library, { type });
  const words = valueString ?? valueMarkdown;
  if (words !== undefined) return noteOfWords(words, { type });
  const resource = await follow(valueReference, [task], library);
  return resource === undefined ? undefined : noteOf(resource, library, [task]);
}

/** The note that a resource is or holds. `within`: the resources that may contain the targets of its references. */
export async function noteOf(
  resource: Resource,
  library: Library,
  within: readonly Resource[] = [],
  hops = HOPS_MAX,
): Promise<DocumentReading | undefined> {
  const around = [resource, ...within];
  if (hops === 0 || !(await mayBeNote(resource, around, library))) return undefined;
  switch (resource.resourceType) {
    case 'Binary': {
      const { contentType, data } = resource as Resource & {
        readonly contentType?: string;
        readonly data?: string;
      };
      return fileOf({ contentType, data }, labelsOfNote(resource));
    }
    case 'DocumentReference':
      return noteOfReference(resource, around, library);
    case 'DiagnosticReport': {
      const {
        presentedForm: [form] = [],
        code,
        conclusion,
      } = resource as Resource & {
        readonly presentedForm?: readonly Attachment[];
        readonly code?: DocumentReading['type'];
        readonly conclusion?: string;
      };
      const note = form && (await noteOfAttachment(form, around, library, { type: code }));
      return note ?? (conclusion === undefined ? undefined : noteOfWords(conclusion, { type: code }));
    }
    case 'Bundle':
      return (await noteOfEntries(resource, library, hops)) ?? noteOfDocument(resource);
    case 'Composition':
      return (
        (await noteOfSections(resource, around, library, hops)) ??
        noteOfDocument({ resourceType: 'Bundle', entry: [{ resource }] })
      );
    default:
      return undefined;
  }
}

/**
 * Whether a resource may be a note: it is not marked as an error, and not about another patient, because the PID of a
 * message says whose note it is.
 */
async function mayBeNote(
  resource: Resource,
  around: readonly Resource[],
  library: Library,
): Promise<boolean> {
  if (resource['status'] === 'entered-in-error') return false;
  const subject = resource['subject'] as Reference | undefined; // validated structure
  const { patient } = library;
  if (subject?.reference === undefined || localRef(subject) === `Patient/${patient.id ?? ''}`) return true;
  const person = await follow(subject, around, library);
  return person === undefined || person.resourceType !== 'Patient' || isSameRecorded(person, patient);
}

/** A document's own file: the DocumentReference or the Binary among its entries. */
async function noteOfEntries(
  bundle: Resource,
  library: Library,
  hops: number,
): Promise<DocumentReading | undefined> {
  const { entry = [] } = bundle as unknown as Bundle; // validated when it was stored
  const resources = entry.flatMap(({ resource }) =>
    resource === undefined ? [] : [resource as unknown as Resource],
  );
  const inside: Library = {
    resource: async (ref) =>
      resources.find(({ resourceType, id }) => ref === `${resourceType}/${id}`) ?? library.resource(ref),
    patient: library.patient,
  };
  for (const resource of resources.slice(1)) {
    const note = await noteOf(resource, inside, [], hops - 1);
    if (note !== undefined) return note;
  }
  return undefined;
}

/** The first file that a section of a Composition lists. */
async function noteOfSections(
  composition: Resource,
  around: readonly Resource[],
  library: Library,
  hops: number,
): Promise<DocumentReading | undefined> {
  const entries = valuesAt(composition, 'section*.entry') as readonly Reference[]; // validated when it was stored
  for (const entry of entries.slice(0, SECTION_ENTRIES_MAX)) {
    const listed = await follow(entry, around, library);
    if (listed === undefined || listed.resourceType === 'Composition') continue;
    const note = await noteOf(listed, library, around, hops - 1);
    if (note !== undefined) return note;
  }
  return undefined;
}

/** The first of a resource's contents that exists. */
async function noteOfReference(
  reference: Resource,
  around: readonly Resource[],
  library: Library,
): Promise<DocumentReading | undefined> {
  const {
    content = [],
    date,
    docStatus,
    type,
    description,
    masterIdentifier,
  } = reference as Resource & {
    readonly content?: readonly { readonly attachment?: Attachment }[];
  };
  for (const { attachment = {} } of content) {
    const note = await noteOfAttachment(attachment, around, library, {
      title: description as string | undefined,
      identifier: masterIdentifier as DocumentReading['identifier'],
      type: type as DocumentReading['type'],
      date: date as string | undefined,
      docStatus: docStatus === 'preliminary' || docStatus === 'final' ? docStatus : undefined,
      ...labelsOfNote(reference),
    });
    if (note !== undefined) return note;
  }
  return undefined;
}

async function noteOfAttachment(
  { url, data, contentType, title }: Attachment,
  around: readonly Resource[],
  library: Library,
  more: Partial<DocumentReading>,
): Promise<DocumentReading | undefined> {
  const binary = data === undefined ? await follow({ reference: url }, around, library) : undefined;
  const file = {
    data: data ?? (binary?.['data'] as string | undefined),
    contentType: contentType ?? (binary?.['contentType'] as string | undefined),
  };
  return fileOf(file, { ...more, title: title ?? more.title });
}

/** The target of a reference: a resource contained in one of these, else a stored one. */
async function follow(
  reference: Reference | undefined,
  around: readonly Resource[],
  library: Library,
): Promise<Resource | undefined> {
  const target = reference?.reference ?? '';
  if (target.startsWith('#')) {
    const contained = around.flatMap((one) => (one['contained'] ?? []) as readonly Resource[]); // validated structure
    return contained.find(({ id }) => `#${id}` === target);
  }
  const ref = localRefOf(target);
  return ref === undefined ? undefined : library.resource(ref);
}

function fileOf(
  { data, contentType }: { readonly data?: string | undefined; readonly contentType?: string | undefined },
  more: Partial<DocumentReading>,
): DocumentReading | undefined {
  if (data === undefined || data === '') return undefined;
  return { ...NOTHING, ...more, data, contentType: typeOfFile(contentType, data) };
}

/** A clinical document travels under its own type, whichever type of XML its client stored it under. */
function typeOfFile(contentType = 'application/octet-stream', data: string): string {
  return /[/+]xml\b/i.test(contentType) && isClinicalDocument(data) ? CDA_TYPE : contentType;
}

/** How confidential a note is (TXA-18): the highest of what its resources say, where that is more than usual. */
const labelsOfNote = (
  ...resources: readonly Resource[]
): Pick<DocumentReading, 'confidentiality' | 'isPart2'> => ({
  confidentiality: highWaterMark(
    resources.flatMap((one) => [...(one.meta?.security ?? []), ...labelsSaid(one)]),
  )?.code,
  ...(resources.some((one) => factsOf(one).part2) && { isPart2: true }),
});

const NOTHING = {
  title: undefined,
  identifier: undefined,
  type: undefined,
  date: undefined,
  docStatus: undefined,
  confidentiality: undefined,
};

const noteOfWords = (words: string, more: Partial<DocumentReading>): DocumentReading | undefined =>
  fileOf({ data: Buffer.from(words).toString('base64'), contentType: 'text/plain' }, more);

type Section = NonNullable<Composition['section']>[number];

/** A feedback document without a file: title and sections as plain text, which every engine can show. */
function noteOfDocument(bundle: Resource): DocumentReading | undefined {
  const { entry = [], identifier } = bundle as unknown as Bundle; // validated when it was stored
  const composition = entry[0]?.resource as Composition | undefined; // a document's first entry
  if (composition?.resourceType !== 'Composition') return undefined;
  const sections = (valuesAt(composition, 'section*') as readonly Section[]).map(({ title, text }) =>
    [title, plainOf(text?.div)].filter(Boolean).join('\n'),
  );
  const words = [composition.title, ...sections, plainOf(composition.text?.div)]
    .filter((part) => part !== '')
    .join('\n\n');
  const labels = labelsOfNote(bundle, composition as unknown as Resource);
  return {
    contentType: 'text/plain',
    data: Buffer.from(words).toString('base64'),
    title: composition.title,
    identifier,
    type: composition.type,
    date: composition.date,
    docStatus: composition.status === 'final' ? 'final' : 'preliminary',
    ...labels,
    confidentiality: labels.confidentiality ?? composition.confidentiality,
  };
}

const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

/** A narrative without its markup; breaks and blocks become lines. */
const plainOf = (div = ''): string =>
  div
    .replaceAll(/<(?:br|\/p|\/div|\/li|\/tr|\/h[1-6])\b[^>]*>/gi, '\n')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&(\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole)
    .replaceAll(/[ \t]+/g, ' ')
    .replaceAll(/\s*\n\s*/g, '\n')
    .trim();
