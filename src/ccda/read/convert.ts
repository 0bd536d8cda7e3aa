/**
 * A clinical document as FHIR: a document Bundle whose Composition keeps the narrative, section by section, with a
 * resource for each entry; and the list of what could not be carried over. The document itself is the truth and is kept.
 */
import type { Bundle, Reference, Resource } from '../../fhir/types.ts';
import { at, attributeOf, childOf } from '../element.ts';
import { openDocument, type ClinicalDocument } from '../document.ts';
import { createLosses, type Loss } from '../losses.ts';
import { readVisit } from './entries/encounter.ts';
import { documentFactsOf, readHeader, readRecipients, readRelatives, type DocumentFacts } from './header.ts';
import { confidentialityIn, joined, labelsOfDocument, type Labels } from './label.ts';
import { readPatient } from './patient.ts';
import { lose, readingOf, urnOf, type Converted, type Reading } from './reading.ts';
import { readSections, type Section } from './section.ts';
import { offsetOf } from './time.ts';

interface ConvertOptions {
  /** The offset of times that have none, where the document does not say one: `-05:00`. */
  readonly zone?: string | undefined;
  /** Makes ids: UUIDs. */
  readonly newId: () => string;
  /** An instant, for the Bundle of a document that has no time of its own. */
  readonly now: string;
}

export interface ConvertedDocument {
  /** A document Bundle, as a tree whose numbers keep their digits. */
  readonly bundle: Bundle;
  readonly facts: DocumentFacts;
  /** The labels of the whole: the highest confidentiality of any part, and every other marking. */
  readonly labels: Labels;
  /** A body that is no structured one: a file, to be kept as such. */
  readonly file: { readonly contentType: string; readonly data: string } | undefined;
  readonly losses: readonly Loss[];
}

/**
 * Reads a document.
 *
 * @throws OperationOutcomeError `xml-invalid`, `media-type-unsupported`, `ccda-invalid`; nothing else of a document is
 * refused
 */
export async function convertDocument(
  bytes: Uint8Array,
  options: ConvertOptions,
): Promise<ConvertedDocument> {
  return convertOpened(await openDocument(bytes), options);
}

function convertOpened(document: ClinicalDocument, { zone, newId, now }: ConvertOptions): ConvertedDocument {
  const losses = createLosses('in');
  const reading = readingOf(document, losses, {
    zone: offsetOf(childOf(document.root, 'effectiveTime')) ?? zone,
    newId,
  });
  const patient = readPatient(reading);
  const facts = documentFactsOf(reading);
  const encounter = readVisit(reading, patient);
  const header = readHeader(reading, facts, encounter);
  readRelatives(reading, patient);
  const recipients = readRecipients(reading);
  const own = labelsOfDocument(document.root);
  const sections = readSections({ reading, patient, encounter, labels: own });
  const labels = joined([...own, ...reading.resources.flatMap(({ meta }) => meta?.security ?? [])]);
  const composition: Converted = {
    resourceType: 'Composition',
    id: newId(),
    ...header,
    subject: patient,
    confidentiality: confidentialityIn(labels),
    section: sectionsOrFile(reading, sections),
  };
  const addressed = addressReferral(reading, recipients);
  return {
    bundle: bundleOf(facts, [composition, ...addressed], labels, now),
    facts,
    labels,
    file: fileOf(reading),
    losses: losses.list(),
  };
}

/** The referral of the document goes to whom the document is meant for, where its act names nobody. */
function addressReferral({ resources }: Reading, recipients: readonly Reference[]): readonly Converted[] {
  if (recipients.length === 0) return resources;
  return resources.map((one) =>
    one.resourceType === 'ServiceRequest' &&
    one['intent'] === 'order' &&
    isPlaced(one) &&
    !('performer' in one && (one['performer'] as readonly unknown[]).length > 0)
      ? { ...one, performer: recipients }
      : one,
  );
}

/** Whether an order bears the number of a referral. */
const isPlaced = (order: Resource): boolean =>
  ((order['identifier'] ?? []) as readonly { readonly type?: unknown }[]).some(
    ({ type }) => type !== undefined,
  );

/** Every resource bears the labels of the part it was read from, and those of the whole that are no confidentiality. */
function bundleOf(
  facts: DocumentFacts,
  resources: readonly Converted[],
  labels: Labels,
  now: string,
): Bundle {
  const entry = resources.map((resource) => ({
    fullUrl: urnOf(resource),
    resource:
      resource.meta?.security === undefined && labels.length > 0
        ? { ...resource, meta: { ...resource.meta, security: [...labels] } }
        : resource,
  }));
  return {
    resourceType: 'Bundle',
    ...(Object.keys(facts.id).length > 0 && { identifier: facts.id }),
    type: 'document',
    timestamp: facts.date?.includes('T') === true ? facts.date : now,
    entry,
  } as unknown as Bundle; // its entries are of the types that the readers make
}

const MEDIA_TYPES = 'text/plain';

/** A body that is a file (Unstructured Document). */
function fileOf(reading: Reading): ConvertedDocument['file'] {
  const text = at(reading.document.root, 'component', 'nonXMLBody', 'text');
  if (text === undefined) return undefined;
  if (childOf(text, 'reference') !== undefined) {
    lose(reading, 'unresolved', text, 'the body is a file elsewhere, which is not fetched');
    return undefined;
  }
  const contentType = attributeOf(text, 'mediaType') ?? MEDIA_TYPES;
  const content = text.children.map((node) => (typeof node === 'string' ? node : '')).join('');
  return attributeOf(text, 'representation') === 'B64'
    ? { contentType, data: content.replaceAll(/\s+/g, '') }
    : { contentType, data: Buffer.from(content, 'utf8').toString('base64') };
}

/** A Composition has a section with content; a document that is a file says so. */
function sectionsOrFile(reading: Reading, sections: readonly Section[]): readonly Section[] {
  if (sections.length > 0) return sections;
  const isFile = at(reading.document.root, 'component', 'nonXMLBody') !== undefined;
  const says = isFile ? 'The document is a file.' : 'The document has no sections.';
  return [
    {
      title: 'Document',
      text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml"><p>${says}</p></div>` },
    },
  ];
}
