/**
 * Archives (baa-messaging MS9): an XDM package is taken, and each of its files is looked at; a document of Word is taken
 * where the negotiation of an agreement allows it, without macros and what loads from elsewhere. Every other archive is
 * refused, one within another as well.
 */
import { BrokenPackage } from '../direct/xdm/broken-package.ts';
import { expandFile } from '../direct/xdm/expand.ts';
import { findMetadata } from '../direct/xdm/find-files.ts';
import { readZip, type ZipEntry } from '../direct/xdm/read-zip.ts';
import { refuseFile, type RefusedFile } from './types.ts';

/** How much an archive may hold, and how much larger than itself that may be. */
const ARCHIVE_LIMITS = { entries: 1000, expandedBytes: 200 * 1024 * 1024, ratio: 100 } as const;

/** Below it a file of one archive may be of any ratio: a page of blanks is no bomb. */
const SMALL = 1024 * 1024;

/** Judges a file of a package by its name and bytes. */
type JudgeFile = (name: string, bytes: Uint8Array) => Promise<RefusedFile | undefined>;

/** What an archive is; `judge` is asked about each file of a package. */
export async function readArchive(
  bytes: Uint8Array,
  judge: JudgeFile,
): Promise<'xdm' | 'docx' | RefusedFile> {
  try {
    const entries = await readZip(bytes, { bytes: bytes.length, ...ARCHIVE_LIMITS });
    if (isBomb(entries, bytes.length))
      return refuseFile('archive', 'An archive holds more than a hundred times its size.');
    if (entries.some(({ name }) => name === '[Content_Types].xml')) return await readOffice(bytes, entries);
    if (findMetadata(entries).length === 0) return refuseFile('archive', 'An archive is no XDM package.');
    for (const entry of entries) {
      const refused = await judge(entry.name, await expandFile(bytes, entry));
      if (refused !== undefined) return refuseFile('archive', `In an archive: ${refused.says}`);
    }
    return 'xdm';
  } catch (error) {
    if (error instanceof BrokenPackage) return refuseFile('archive', `${capital(error.fault.says)}.`);
    throw error;
  }
}

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

function isBomb(entries: readonly ZipEntry[], bytes: number): boolean {
  const expanded = entries.reduce((sum, { size }) => sum + size, 0);
  return (
    expanded > Math.max(SMALL, bytes * ARCHIVE_LIMITS.ratio) ||
    entries.some(({ size, compressedSize }) => size > SMALL && size > compressedSize * ARCHIVE_LIMITS.ratio)
  );
}

/** Parts of an Office file that run, or that another program opens. */
const RUNS = /vba|activex|\/embeddings\/|macrosheets|\.bin$|oleobject|\/customui/i;
/** What a document loads from elsewhere: a template, an image, a frame. A link that a person follows is none. */
const EXTERNAL = /TargetMode\s*=\s*["']External["']/i;
const HYPERLINK = /\/relationships\/hyperlink["']/i;
const WORD = 'word/document.xml';

async function readOffice(bytes: Uint8Array, entries: readonly ZipEntry[]): Promise<'docx' | RefusedFile> {
  if (!entries.some(({ name }) => name === WORD) || entries.some(({ name }) => RUNS.test(name)))
    return refuseFile('type', 'A file of an office program is of a type that is not taken, or holds macros.');
  for (const entry of entries) {
    if (!/\.(rels|xml)$/i.test(entry.name)) continue;
    const text = Buffer.from(await expandFile(bytes, entry)).toString('latin1');
    if (entry.name === '[Content_Types].xml' && /macroEnabled/i.test(text))
      return refuseFile('type', 'A file of an office program holds macros.');
    const loads = (text.match(/<Relationship\s[^>]{0,8000}>/g) ?? []).some(
      (one) => EXTERNAL.test(one) && !HYPERLINK.test(one),
    );
    if (loads || /\bDDE(AUTO)?\b/.test(text))
      return refuseFile('active-content', 'A document loads something from elsewhere.');
  }
  return 'docx';
}
