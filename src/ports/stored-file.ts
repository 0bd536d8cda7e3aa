/**
 * How the stored text of a Binary names its file. R4 gives a resource no extension of its own but an element one, so that the
 * name stands at `data`, which has no value: `"_data":{"extension":[{"url":…,"valueString":"id size sha256"}]}`. No client
 * writes it (operations/write/store-files.ts) and none is shown it.
 */
import { encodeJson, parseJsonValue } from '../fhir/json.ts';
import type { Resource } from '../fhir/types.ts';
import type { StoredFile } from './files.ts';
import { parseStored } from './stored-resource.ts';

const STORED_FILE = 'https://closeloop.dev/fhir/StructureDefinition/stored-file';

/** The kind of the records by which files are found: their key is the id, written in the commit of the Binary. */
export const FILE_KIND = 'file';

/** The body of a record of the kind {@link FILE_KIND}. */
export interface FileRecord extends Omit<StoredFile, 'id'> {
  /** The Binary that it was written with. */
  readonly ref: string;
}

const BEGINNING = '{"resourceType":"Binary"';
const NAME = /^([\w-]{1,64}) (\d{1,15}) ([0-9a-f]{64})$/;
const SUBSETTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };

interface NamingFile {
  readonly _data?: {
    readonly extension?: readonly { readonly url?: string; readonly valueString?: string }[];
  };
}

/** The element `_data` of a Binary whose bytes are in a file. */
export const fileElement = ({ id, size, sha256 }: StoredFile): object => ({
  extension: [{ url: STORED_FILE, valueString: `${id} ${size} ${sha256}` }],
});

/** Whether a resource says of itself that its bytes are in a file, in whichever words. */
export const claimsFile = (binary: Resource): boolean => namesOf(binary).length > 0;

/** The file of a stored Binary; undefined where its bytes stand in it, or nowhere. */
export function fileOf(binary: Resource): StoredFile | undefined {
  const [{ valueString = '' } = {}] = namesOf(binary);
  const [, id, size, sha256] = NAME.exec(valueString) ?? [];
  return id === undefined || sha256 === undefined ? undefined : { id, size: Number(size), sha256 };
}

function namesOf(binary: Resource): readonly { readonly valueString?: string }[] {
  const { extension } = (binary as NamingFile)._data ?? {};
  return Array.isArray(extension) ? extension.filter((one) => one?.url === STORED_FILE) : [];
}

/** The file of a stored text. A text that is long because its bytes stand in it is not parsed. */
export function storedFileOf(text: string | undefined): StoredFile | undefined {
  if (text?.startsWith(BEGINNING) !== true || !text.includes(STORED_FILE)) return undefined;
  return fileOf(parseStored(text));
}

/** The resource with `data` in the place of its file. */
export function withData(binary: Resource, data: string): Resource {
  const { _data, ...rest } = binary as Resource & NamingFile;
  return { ...rest, data } as Resource;
}

/** Nesting of what we stored ourselves is no longer in question; numbers are written as they were. */
const readTree = (text: string): Resource =>
  parseJsonValue(text, { depth: Number.POSITIVE_INFINITY }) as Resource;

/** A file, and the word of base64 that stands for its bytes in a text. */
export interface PlacedFile extends StoredFile {
  readonly place: string;
}

/** The text of a Binary as it is shown by itself: with a word in the place of bytes that are in a file. */
interface PlacedText {
  readonly text: string;
  readonly file: PlacedFile | undefined;
}

/**
 * The text with a word in the place of its file, for an answer into which the bytes are put. No text holds that word by chance:
 * the id of a file is known to nobody outside.
 */
export function placeFile(text: string): PlacedText {
  const file = storedFileOf(text);
  if (file === undefined) return { text, file };
  const place = `FILE${file.id.replaceAll('-', '')}`;
  return { text: encodeJson(withData(readTree(text), place)), file: { ...file, place } };
}

/** The text with the name of the file where the word for it stands. */
export const replaceFile = (text: string, file: PlacedFile): string =>
  text.replace(`"data":"${file.place}"`, () => `"_data":${JSON.stringify(fileElement(file))}`);

/** The text without its file, which it says of itself (http://hl7.org/fhir/R4/search.html#summary). */
export function textWithoutFile(text: string): string {
  const {
    _data,
    data: _bytes,
    ...rest
  } = readTree(text) as Resource & NamingFile & { readonly data?: unknown };
  const tag = [...(rest.meta?.tag ?? []).filter(({ code }) => code !== SUBSETTED.code), SUBSETTED];
  return encodeJson({ ...rest, meta: { ...rest.meta, tag } });
}
