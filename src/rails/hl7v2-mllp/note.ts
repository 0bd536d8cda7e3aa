/** The newest note of a referral as MDM^T02 carries it: the received file where there is one, else the document's own words. */
import type { Bundle, Composition, Resource } from '../../fhir/types.ts';
import type { DocumentReading } from '../../hl7v2/messages/reading.ts';

/** The file of a DocumentReference: its own data, or that of its Binary. */
export function noteOfReference(
  reference: Resource,
  binary: Resource | undefined,
): DocumentReading | undefined {
  const { content, date, docStatus, type, description, masterIdentifier } = reference as Resource & {
    readonly content?: readonly {
      readonly attachment?: { contentType?: string; data?: string; title?: string };
    }[];
  };
  const attachment = content?.[0]?.attachment;
  const data = attachment?.data ?? binary?.['data'];
  const contentType = attachment?.contentType ?? binary?.['contentType'];
  if (typeof data !== 'string' || typeof contentType !== 'string') return undefined;
  return {
    contentType,
    data,
    title: attachment?.title ?? (description as string | undefined),
    identifier: masterIdentifier as DocumentReading['identifier'],
    type: type as DocumentReading['type'],
    date: date as string | undefined,
    docStatus: docStatus === 'preliminary' || docStatus === 'final' ? docStatus : undefined,
    confidentiality: undefined,
  };
}

/** A feedback document without a file: title and sections as plain text, which every engine can show. */
export function noteOfDocument(bundle: Resource): DocumentReading | undefined {
  const { entry = [], identifier } = bundle as unknown as Bundle; // validated when it was stored
  const composition = entry[0]?.resource as Composition | undefined; // a document's first entry
  if (composition?.resourceType !== 'Composition') return undefined;
  const sections = (composition.section ?? []).map(({ title, text }) =>
    [title, plainOf(text?.div)].filter(Boolean).join('\n'),
  );
  const words = [composition.title, ...sections].filter((part) => part !== '').join('\n\n');
  return {
    contentType: 'text/plain',
    data: Buffer.from(words).toString('base64'),
    title: composition.title,
    identifier,
    type: composition.type,
    date: composition.date,
    docStatus: composition.status === 'final' ? 'final' : 'preliminary',
    confidentiality: composition.confidentiality,
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
