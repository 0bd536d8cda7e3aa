/** What a Direct mail holds: a message of 360X in a package, or anything else, which is normal traffic (direct-xdm 8, 11). */
import { Buffer } from 'node:buffer';
import type { PackageLimits } from '../../direct/xdm/read-package.ts';
import { readXdm } from '../../direct/xdm/read-package.ts';
import type { ReceivedDocument, ReceivedSubmission } from '../../direct/xdm/submission.ts';
import { isClinicalDocument } from '../../hl7v2/mapping/clinical-document.ts';
import { recognizesStatement } from '../../policies/part2/statements.ts';
import type { DirectMail, DirectPart } from '../../ports/direct.ts';
import type { CarriedDocument } from '../hl7v2/carried.ts';
import { oneLineOf } from './one-line.ts';

export type MailContent =
  /** A package with one message. */
  | {
      readonly kind: 'message';
      readonly message: ReceivedDocument;
      readonly documents: readonly CarriedDocument[];
      readonly submission: ReceivedSubmission;
      /** What its sender could do better. */
      readonly says: readonly string[];
    }
  /** Nothing that a machine could take for an event: files, text, a package without a message. */
  | { readonly kind: 'plain'; readonly documents: readonly CarriedDocument[] }
  /** It is kept apart, and a person is asked. */
  | { readonly kind: 'apart'; readonly says: string }
  /** It cannot be used, and its sender is told. */
  | { readonly kind: 'refused'; readonly says: string };

/** What is read of a mail. */
type MailParts = Pick<DirectMail, 'parts' | 'subject'>;

export async function contentOfParts(mail: MailParts, limits: PackageLimits): Promise<MailContent> {
  const archives = mail.parts.filter(isArchive);
  const [archive, another] = archives;
  // The subject of ITI-32 says that there is a package.
  const isAnnounced = mail.subject.toUpperCase().includes('XDM/1.0/DDM');
  if (archive === undefined)
    return isAnnounced ? refused('no package is attached') : { kind: 'plain', documents: filesOf(mail) };
  if (another !== undefined) return { kind: 'plain', documents: filesOf(mail) };
  const reading = await readXdm(archive.bytes, limits);
  if (reading.kind === 'package') return contentOfPackage(mail, reading.submission, reading.remarks);
  const { code, weight, says } = reading.fault;
  if (code === 'no-metadata' && !isAnnounced) return { kind: 'plain', documents: filesOf(mail) };
  // Nobody but its sender knows which of several it meant (direct-xdm 11).
  return weight === 'reject' || code === 'several-sets' ? refused(says) : { kind: 'apart', says };
}

const refused = (says: string): MailContent => ({ kind: 'refused', says });

function contentOfPackage(
  mail: MailParts,
  submission: ReceivedSubmission,
  says: readonly string[],
): MailContent {
  const [message, another] = submission.documents.filter(({ kind }) => kind === 'message');
  const documents = submission.documents.filter(({ kind }) => kind !== 'message').flatMap(carriedOf);
  if (another !== undefined) return { kind: 'apart', says: 'the package holds several messages' };
  if (message === undefined) return { kind: 'plain', documents };
  const beside = filesOf({ ...mail, parts: mail.parts.filter((part) => !isArchive(part)) });
  return {
    kind: 'message',
    message,
    documents: [...documents, ...withoutTwice(beside, documents)],
    submission,
    says,
  };
}

/** A sender may attach the clinical document beside the package as well, for readers that know no packages (360x 7). */
const withoutTwice = (
  beside: readonly CarriedDocument[],
  documents: readonly CarriedDocument[],
): readonly CarriedDocument[] =>
  beside.filter(({ bytes }) => !documents.some((one) => Buffer.compare(one.bytes, bytes) === 0));

const ARCHIVES: ReadonlySet<string> = new Set(['application/zip', 'application/x-zip-compressed']);

/** An attachment that may be a package (direct-xdm 7). */
const isArchive = ({ contentType, fileName = '' }: DirectPart): boolean =>
  ARCHIVES.has(contentType) ||
  (contentType === 'application/octet-stream' && /\.(?:zip|xdm)$/i.test(fileName));

/** The files of a mail; the text of its writer stays in the mail. */
const filesOf = ({ parts }: Pick<DirectMail, 'parts'>): readonly CarriedDocument[] =>
  parts
    .filter(({ contentType, fileName }) => fileName !== undefined || !WRITTEN.has(contentType))
    .flatMap(({ contentType, fileName, bytes }) => documentsOf(contentType, bytes, fileName));

const WRITTEN: ReadonlySet<string> = new Set(['text/plain', 'text/html']);

const carriedOf = ({ mimeType, bytes, title }: ReceivedDocument): readonly CarriedDocument[] =>
  documentsOf(mimeType, bytes, title);

/** The document of a file; none for an empty one. A broken media type or a title of several lines refuses nothing. */
function documentsOf(type: string, bytes: Uint8Array, title: string | undefined): readonly CarriedDocument[] {
  if (bytes.length === 0) return [];
  return [
    {
      contentType: TYPE.test(type) ? type : 'application/octet-stream',
      bytes,
      title: oneLineOf(title, TITLE_MAX),
      isClinical: isClinical(bytes),
    },
  ];
}

const TYPE = /^[\w.+-]{1,100}\/[\w.+-]{1,100}$/;
const TITLE_MAX = 200;

/** Bytes in which the root element of a clinical document begins. */
const HEAD_BYTES = 12 * 1024;

const isClinical = (bytes: Uint8Array): boolean =>
  isClinicalDocument(Buffer.from(bytes.subarray(0, HEAD_BYTES)).toString('base64'));

/** Whether the writer's text, or a text file, holds a statement of 42 CFR 2.32, of any edition (compliance P33). */
export const hasStatement = ({ parts }: Pick<DirectMail, 'parts'>): boolean =>
  parts.some(
    ({ contentType, bytes }) =>
      WRITTEN.has(contentType) &&
      recognizesStatement(Buffer.from(bytes.subarray(0, TEXT_BYTES)).toString('utf8')),
  );

/** Bytes of one text that are searched for the statement. */
const TEXT_BYTES = 256 * 1024;
