/** Writes an XDM package (ITI-32; direct-xdm 7): the same submission is the same bytes, on any machine. */
import { isOid } from '../../fhir/identifier.ts';
import { documentFileName } from './codes.ts';
import type { Submission } from './submission.ts';
import { writeMetadata } from './write-metadata.ts';
import { writeIndex, writeReadme } from './write-pages.ts';
import { writeZip } from './write-zip.ts';

/** Who sends the package, as INDEX.HTM and README.TXT tell people. */
export interface PackageAbout {
  /** The name of the organization that sends it. */
  readonly institution: string;
  /** Name and version of the program that made it. */
  readonly application: string;
  /** How to reach the organization; the Direct address of the author where there is nothing else. */
  readonly contact?: string;
  /** How to reach who made the program; the project's page where nothing is said. */
  readonly vendor?: string;
  /** The notice of 42 CFR 2.32 and the scope of the consent, a paragraph each, where it is owed (compliance P30). */
  readonly notice?: readonly string[];
}

const FOLDER = 'IHE_XDM/SUBSET01';
const DOCUMENTS_MAX = 100;
/** Characters of an OID that names something (ITI TF-3 4.2.3.1.1). */
const OID_MAX = 64;

/**
 * The package as a zip archive.
 *
 * @throws TypeError when the submission is none of 360X: not exactly one message, which is its first document, or an id
 * that is no OID
 */
export async function writeXdm(submission: Submission, about: PackageAbout): Promise<Uint8Array> {
  checkSubmission(submission);
  const files = submission.documents.map(({ kind, mimeType }, index) => ({
    path: `${FOLDER}/${documentFileName(index, mimeType)}`,
    kind,
  }));
  const contact = about.contact ?? submission.author.telecom;
  return writeZip(
    [
      { name: 'INDEX.HTM', bytes: writeIndex(about, files) },
      { name: 'README.TXT', bytes: writeReadme(about, contact, files) },
      { name: `${FOLDER}/METADATA.XML`, bytes: writeMetadata(submission) },
      ...files.map(({ path }, index) => ({
        name: path,
        bytes: submission.documents[index]?.bytes ?? new Uint8Array(),
      })),
    ],
    submission.submissionTime,
  );
}

function checkSubmission({ documents, ...submission }: Submission): void {
  const [first, ...others] = documents;
  if (first?.kind !== 'message' || others.some(({ kind }) => kind === 'message'))
    throw new TypeError('a package of 360X begins with its message, and holds one (360x 5)');
  if (documents.length > DOCUMENTS_MAX)
    throw new TypeError(`a package has at most ${DOCUMENTS_MAX} documents`);
  const oids = {
    uniqueId: submission.uniqueId,
    sourceId: submission.sourceId,
    'referralId.assigner': submission.referralId.assigner,
  };
  for (const [name, oid] of Object.entries(oids)) {
    if (!isOid(oid) || oid.length > OID_MAX) throw new TypeError(`${name} of a submission is an OID`);
  }
}
