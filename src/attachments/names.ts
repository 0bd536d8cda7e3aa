/** Names of files that say something else than what the file is (baa-messaging MS9): as a person reads them, and as a system opens them. */
import { refuseFile, TYPES, type FileType, type RefusedFile } from './types.ts';

/** Marks that turn the direction of writing, so that `exe.fdp` reads `pdf.exe`; and characters that nobody sees. */
const HIDDEN = /[\u200b-\u200f\u061c\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]|\p{Cc}/u;

/** Endings that a system runs, mounts or follows when a person opens the file. */
const RUN: ReadonlySet<string> = new Set(
  (
    'ade adp apk app appx bat bin cab chm cmd com cpl dll dmg elf exe gadget hlp hta htm html iso img inf ins ' +
    'isp jar js jse jnlp lnk mde msc msi msix msp mst pif ps1 ps1xml ps2 psc1 py rb reg scf scr sct sh shb ' +
    'svg svgz sys url vb vbe vbs vhd vhdx vxd wasm ws wsc wsf wsh xht xhtml xll xlsm xlam xltm docm dotm pptm ' +
    'potm ppam ppsm sldm settingcontent-ms library-ms search-ms searchconnector-ms appref-ms application iqy slk'
  ).split(' '),
);

/** Names of web places end like programs of DOS; before the last dot that says nothing. */
const ONLY_LAST: ReadonlySet<string> = new Set(['com', 'app', 'py', 'sh', 'img', 'bin', 'sys']);

/** Endings of files that are never taken: what is taken has none of them. */
const OTHERS =
  '7z ace accdb arj avi bmp bz2 doc dot dotx eml emlx gif gz heic lzh mdb mht mhtml mov mp3 mp4 mpp msg odp ods ' +
  'odt oft one onepkg pot pps ppsx ppt pptx pub rar rtf tar tgz vsd vsdx wav webp wmf xls xlsb xlsx xlt xps xz';

/** Every ending that a row of the table has, and others that say what a file is. */
const KNOWN: ReadonlySet<string> = new Set([
  ...Object.values(TYPES).flatMap(({ endings }): readonly string[] => endings),
  ...OTHERS.split(' '),
]);

const NAME_MAX = 255;

/**
 * A name that no file of this type has; undefined where there is nothing to say against it. A name without an ending, as
 * "Dr. Smith's letter", is a title.
 */
export function judgeName(name: string, type: FileType): RefusedFile | undefined {
  if (name.length > NAME_MAX)
    return refuseFile('mismatch', 'The name of a file has more than 255 characters.');
  if (HIDDEN.test(name.normalize('NFKC')) || HIDDEN.test(name))
    return refuseFile('mismatch', 'The name of a file has characters that hide how it ends.');
  const endings = endingsOf(name);
  const last = endings.at(-1);
  const isRun = endings.some((ending) => RUN.has(ending) && (ending === last || !ONLY_LAST.has(ending)));
  if (isRun) return refuseFile('mismatch', 'The name of a file ends like that of a program or a page.');
  const own: readonly string[] = TYPES[type].endings;
  if (last !== undefined && KNOWN.has(last) && !own.includes(last))
    return refuseFile('mismatch', 'The name of a file ends like that of another type.');
  return undefined;
}

/** What follows each dot, in lower case; dots and blanks at the end are left out, as some systems do. */
function endingsOf(name: string): readonly string[] {
  const trimmed = name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s.]{1,255}$/, '');
  return trimmed
    .split('.')
    .slice(1)
    .map((part) => part.trim());
}
