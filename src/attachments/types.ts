/**
 * The types of files that messages may carry (baa-messaging MS9): which media types name each, and which endings a name
 * may have. What stands in no row is refused.
 */

/** Why a file is refused. */
export type RefusalDetail = 'type' | 'mismatch' | 'active-content' | 'archive' | 'size';

/** A file that is refused, and why: in words that hold nothing of the file. */
export interface RefusedFile {
  readonly refused: RefusalDetail;
  readonly says: string;
}

export const refuseFile = (refused: RefusalDetail, says: string): RefusedFile => ({ refused, says });

interface TypeRow {
  /** The media types by which it may be declared; the first is how the server names it. */
  readonly mediaTypes: readonly [string, ...string[]];
  /** Endings of names, in lower case. */
  readonly endings: readonly string[];
}

/** `dicom` is taken by setting alone, `docx` in the negotiation of an agreement alone (BA10). */
export const TYPES = {
  pdf: { mediaTypes: ['application/pdf'], endings: ['pdf'] },
  png: { mediaTypes: ['image/png'], endings: ['png'] },
  jpeg: { mediaTypes: ['image/jpeg', 'image/jpg'], endings: ['jpg', 'jpeg'] },
  tiff: { mediaTypes: ['image/tiff'], endings: ['tif', 'tiff'] },
  text: { mediaTypes: ['text/plain'], endings: ['txt', 'text', 'log', 'md', 'csv'] },
  cda: { mediaTypes: ['application/hl7-cda+xml', 'text/xml', 'application/xml'], endings: ['xml', 'cda'] },
  'fhir-json': { mediaTypes: ['application/fhir+json', 'application/json'], endings: ['json'] },
  'fhir-xml': { mediaTypes: ['application/fhir+xml', 'application/xml', 'text/xml'], endings: ['xml'] },
  xdm: { mediaTypes: ['application/zip', 'application/x-zip-compressed'], endings: ['zip', 'xdm'] },
  dicom: { mediaTypes: ['application/dicom'], endings: ['dcm', 'dicom'] },
  docx: {
    mediaTypes: ['application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
    endings: ['docx'],
  },
} as const satisfies Readonly<Record<string, TypeRow>>;

export type FileType = keyof typeof TYPES;

/** The name of a type in `Content-Type`. */
export const mediaTypeOfFile = (type: FileType): string => TYPES[type].mediaTypes[0];

/** Whether a declared media type names a type that was found; a text says UTF-8, or no character set. */
export function isDeclaredAs(type: FileType, declared: string): boolean {
  const [name = '', ...parameters] = declared.toLowerCase().split(';');
  const row: TypeRow = TYPES[type];
  if (!row.mediaTypes.includes(name.trim())) return false;
  return parameters.every((parameter) => {
    const [key = '', value = ''] = parameter.split('=');
    return key.trim() !== 'charset' || /^"?(utf-8|us-ascii)"?$/.test(value.trim());
  });
}
