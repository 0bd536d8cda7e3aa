/**
 * What a file is, by its content alone (baa-messaging MS9): its name and its declared type only have to agree with it. The
 * file is in memory, within the limit of one attachment; what is packed in it is expanded within limits of its own.
 */
import { readArchive } from './archives.ts';
import { judgePolyglot } from './images.ts';
import { judgeName } from './names.ts';
import { judgePdf } from './pdf.ts';
import { textOfFile, typeOfText, withoutNumbers } from './texts.ts';
import { isDeclaredAs, refuseFile, type FileType, type RefusedFile } from './types.ts';

/** What is said of a file by who sends it. */
export interface DeclaredFile {
  /** A media type, with parameters. */
  readonly declared?: string | undefined;
  /** The media type under which it is stored, and is answered to who reads it. */
  readonly stored?: string | undefined;
  /** A name or a title. */
  readonly name?: string | undefined;
}

/** Types beside the ones that are always taken. */
interface TakenTypes {
  readonly dicom?: boolean | undefined;
  readonly docx?: boolean | undefined;
}

/** A file that is taken, or why it is not. */
type Examined = { readonly type: FileType } | RefusedFile;

/** A type that says nothing, and that nobody opens by it. */
const UNKNOWN = 'application/octet-stream';

/** Looks at a whole file. */
export async function examineContent(
  bytes: Uint8Array,
  { declared, stored, name }: DeclaredFile,
  taken: TakenTypes = {},
): Promise<Examined> {
  if (bytes.length === 0) return refuseFile('size', 'A file is empty.');
  const type = await typeOf(bytes);
  if (typeof type !== 'string') return type;
  if ((type === 'dicom' && taken.dicom !== true) || (type === 'docx' && taken.docx !== true))
    return refuseFile('type', 'A file is of a type that is not taken here.');
  const said = [declared, stored === UNKNOWN ? undefined : stored].filter((one) => one !== undefined);
  if (!said.every((one) => isDeclaredAs(type, one)))
    return refuseFile('mismatch', 'A file is of another type than it says.');
  const refused =
    (name === undefined ? undefined : judgeName(name, type)) ??
    judgePolyglot(bytes, type) ??
    (type === 'pdf' ? await judgePdf(bytes) : undefined);
  return refused ?? { type };
}

/** Types that the package knows by their first bytes. */
const BY_MAGIC: Readonly<Record<string, FileType>> = {
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'image/tiff': 'tiff',
  'application/dicom': 'dicom',
};

const ARCHIVE = Buffer.from('PK\u0003\u0004', 'latin1');
const EMPTY_ARCHIVE = Buffer.from('PK\u0005\u0006', 'latin1');

async function typeOf(bytes: Uint8Array): Promise<FileType | RefusedFile> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (file.subarray(0, 5).equals(Buffer.from('%PDF-'))) return 'pdf';
  const magic = file.subarray(0, 4);
  if (magic.equals(ARCHIVE) || magic.equals(EMPTY_ARCHIVE)) return readArchive(file, judgeWithin);
  const text = textOfFile(file);
  // Several types begin with letters, as a text may.
  if (text !== undefined) return typeOfText(text);
  const found = await magicOf(file);
  return (
    BY_MAGIC[found ?? ''] ??
    refuseFile(
      'type',
      'A file is of a type that is not taken: a program, an office file, a film, or unknown.',
    )
  );
}

/** Bytes of a file in which every magic lies that is asked for; the package reads no further. */
const MAGIC_LENGTH = 64 * 1024;

async function magicOf(file: Uint8Array): Promise<string | undefined> {
  // Loaded with the first attachment: a server that is sent none starts without it.
  const { fileTypeFromBuffer } = await import('file-type');
  try {
    return (await fileTypeFromBuffer(file.subarray(0, MAGIC_LENGTH)))?.mime;
  } catch {
    return undefined;
  }
}

/** The page by which people find their way in a package, and how it looks (ITI TF-2 3.32.4.1.2.2). */
const INDEX = /^(?:.*\/)?(?:index\.html?|[\w-]{1,64}\.(?:xsl|css))$/i;
const RUNS_IN_PAGE =
  /<(?:[^\s<>/:"'=]{1,100}:)?(?:script|iframe|frame|object|embed|applet|form|svg|math|base)[\s/>]|(?:java|vb)script\s{0,50}:|[\s/"']on[a-z]{3,20}\s{0,50}=|<meta\s[^<>]{0,1000}http-equiv\s{0,50}=\s{0,50}["']?\s{0,50}refresh/i;
/** What it loads from elsewhere by itself. A link that a person follows is none. */
const LOADS_IN_PAGE =
  /<(?!a[\s/>])[^<>]{0,1000}\b(?:src|href|data|poster|background)\s{0,50}=\s{0,50}["']?\s{0,50}(?:(?:https?|ftp|file|data):|[/\\]{2})|(?:@import|url\()\s{0,50}["']?\s{0,50}(?:https?:|[/\\]{2})/i;

const runsInPage = (text: string): boolean => RUNS_IN_PAGE.test(text) || LOADS_IN_PAGE.test(text);

/** A file of a package: it is no archive again, and no more may be in it than in an attachment. */
async function judgeWithin(name: string, bytes: Uint8Array): Promise<RefusedFile | undefined> {
  if (bytes.length === 0) return undefined;
  const magic = Buffer.from(bytes.subarray(0, 4));
  if (magic.equals(ARCHIVE) || magic.equals(EMPTY_ARCHIVE))
    return refuseFile('archive', 'An archive is within another.');
  if (INDEX.test(name) || /(?:^|\/)metadata\.xml$/i.test(name)) {
    const text = textOfFile(bytes);
    return text === undefined || runsInPage(text) || runsInPage(withoutNumbers(text))
      ? refuseFile('active-content', 'A page holds something that a browser runs.')
      : undefined;
  }
  const type = await typeOf(bytes);
  if (typeof type !== 'string') return type;
  const own = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
  return (
    judgeName(own, type) ?? judgePolyglot(bytes, type) ?? (type === 'pdf' ? await judgePdf(bytes) : undefined)
  );
}
