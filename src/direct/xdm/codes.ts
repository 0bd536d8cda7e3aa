/** Codes that packages use (360x 5.1 to 5.3; direct-xdm 8). */
import type { XdmCode, XdmKind } from './submission.ts';

/** OIDs of the systems of codes that the metadata of packages names. */
export const CODING = {
  loinc: '2.16.840.1.113883.6.1',
  /** Format codes of IHE. */
  format: '1.3.6.1.4.1.19376.1.2.3',
  /** Confidentiality of HL7 version 3. */
  confidentiality: '2.16.840.1.113883.5.25',
  /** Tables 0076 and 0354 of HL7 version 2: the code and the structure of a message. */
  messageCode: '2.16.840.1.113883.18.30',
  messageStructure: '2.16.840.1.113883.18.214',
} as const;

/** The content type of every submission set of a referral, whatever it tells. */
export const REFERRAL_CONTENT: XdmCode = { code: '57133-1', system: CODING.loinc, display: 'Referral note' };

/** The file of an HL7 v2 message in a package; never the type of a part of a mail. */
export const HL7V2_MIME = 'x-application/hl7-v2+er7';

/** The class of a consent that goes with what it permits. */
export const CONSENT_CLASS: XdmCode = { code: '59284-0', system: CODING.loinc, display: 'Consent Document' };

/** Class codes by which a consent is known: also the privacy consent of BPPC, and the release of information. */
const CONSENT_CODES: ReadonlySet<string> = new Set(['59284-0', '57016-8', '64292-6', 'consent']);

const CDA_MIMES: ReadonlySet<string> = new Set(['text/xml', 'application/xml', 'application/hl7-cda+xml']);

const MESSAGE_FORMAT = 'urn:ihe:pcc:360x:hl7:';

/** What a document is, by what its entry says. */
export function kindOfEntry(document: {
  readonly mimeType: string;
  readonly classCode?: XdmCode;
  readonly formatCode?: XdmCode;
}): XdmKind {
  if (document.mimeType === HL7V2_MIME || document.formatCode?.code.startsWith(MESSAGE_FORMAT) === true)
    return 'message';
  if (CONSENT_CODES.has(document.classCode?.code.toLowerCase() ?? '')) return 'consent';
  return CDA_MIMES.has(document.mimeType) ? 'clinical-document' : 'other';
}

/** Extensions of ISO 9660 by media type; `BIN` where there is no row. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  [HL7V2_MIME]: 'TXT',
  'text/plain': 'TXT',
  'text/xml': 'XML',
  'application/xml': 'XML',
  'application/hl7-cda+xml': 'XML',
  'text/html': 'HTM',
  'text/rtf': 'RTF',
  'application/rtf': 'RTF',
  'application/pdf': 'PDF',
  'image/jpeg': 'JPG',
  'image/png': 'PNG',
  'image/tiff': 'TIF',
  'application/zip': 'ZIP',
  'application/dicom': 'DCM',
};

/** The name of a document's file in a package, from its place among the documents: `DOC00001.TXT`. */
export const documentFileName = (index: number, mimeType: string): string =>
  `DOC${String(index + 1).padStart(5, '0')}.${EXTENSIONS[mimeType] ?? 'BIN'}`;
