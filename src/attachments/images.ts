/** Files that are two things at once (baa-messaging MS9): an image or a document that is an archive, a page or a PDF as well. */
import { refuseFile, type FileType, type RefusedFile } from './types.ts';

const END_OF_ARCHIVE = Buffer.from('PK\u0005\u0006', 'latin1');
/** Of the end of an archive, without its comment; a comment has at most 65,535 bytes. */
const END_LENGTH = 22;
const COMMENT_MAX = 0xffff;
const PDF_WITHIN = 1024;

/** A file that another program would read as something else. */
export function judgePolyglot(bytes: Uint8Array, type: FileType): RefusedFile | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (type !== 'xdm' && type !== 'docx' && endsAsArchive(file))
    return refuseFile('mismatch', 'A file is an archive as well.');
  // Readers of PDF look for its first line within this distance.
  if (type !== 'pdf' && file.subarray(0, PDF_WITHIN).includes('%PDF-'))
    return refuseFile('mismatch', 'A file is a PDF as well.');
  if (type === 'png' && !endsAsPng(file))
    return refuseFile('mismatch', 'An image has something behind its end.');
  if (type === 'jpeg' && hasProgramBehind(file))
    return refuseFile('mismatch', 'An image has something behind its end.');
  return undefined;
}

/** Whether a reader of archives, which looks from the end, finds one. */
function endsAsArchive(file: Buffer): boolean {
  const from = Math.max(0, file.length - END_LENGTH - COMMENT_MAX);
  for (
    let at = file.lastIndexOf(END_OF_ARCHIVE);
    at >= from;
    at = at === 0 ? -1 : file.lastIndexOf(END_OF_ARCHIVE, at - 1)
  ) {
    if (at + END_LENGTH > file.length) continue;
    const entries = file.readUInt16LE(at + 10);
    const directory = file.readUInt32LE(at + 12);
    // Its directory must fit before it: by chance it does not.
    if (entries > 0 && directory >= 46 && directory <= at) return true;
  }
  return false;
}

const PNG_END = Buffer.from('\u0000\u0000\u0000\u0000IEND\u00aeB`\u0082', 'latin1');

const endsAsPng = (file: Buffer): boolean =>
  file.length >= PNG_END.length && file.subarray(-PNG_END.length).equals(PNG_END);

/** Whether a program follows the end of a JPEG; cameras put other images there. */
function hasProgramBehind(file: Buffer): boolean {
  const end = file.lastIndexOf(Buffer.from([0xff, 0xd9]));
  if (end === -1) return true;
  const behind = file.subarray(end + 2);
  const start = behind.subarray(0, 64).toString('latin1').trimStart();
  return /^(MZ|\u007fELF|#!|<\?php|<script|<html|Rar!|7z\u00bc)/i.test(start);
}
