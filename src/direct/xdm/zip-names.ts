/**
 * Names in an archive, which anybody may have written (PKWARE APPNOTE 4.4.17). Nothing is written to a disk by them; they are
 * checked all the same, because people take packages apart with other programs.
 */
const NAME_MAX = 512;
const DEPTH_MAX = 16;

// oxlint-disable-next-line no-control-regex -- these are the characters that are looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f]/;
const DRIVE = /^[A-Za-z]:/;

/**
 * The name with slashes, without `.` and doubled slashes; a folder's ends with a slash. Undefined for one that is absolute,
 * leads out of the archive, or is no name.
 */
export function safeName(raw: string): string | undefined {
  if (raw === '' || raw.length > NAME_MAX || UNPRINTABLE.test(raw)) return undefined;
  const name = raw.replaceAll('\\', '/');
  if (name.startsWith('/') || DRIVE.test(name)) return undefined;
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length === 0 || parts.length > DEPTH_MAX || parts.includes('..')) return undefined;
  return parts.join('/') + (name.endsWith('/') ? '/' : '');
}

/** What a file is found by: two names with one key are one name to somebody. Case, form and trailing dots do not count. */
export const nameKey = (name: string): string =>
  name.normalize('NFKC').toUpperCase().toLowerCase().split('/').map(withoutDots).join('/');

/** Without the dots and blanks at its end, which some file systems leave out. */
function withoutDots(part: string): string {
  let end = part.length;
  while (end > 0 && (part[end - 1] === '.' || part[end - 1] === ' ')) end -= 1;
  return part.slice(0, end);
}

/** The folder of a name, with its slash; empty for the root. */
export const folderOf = (name: string): string => name.slice(0, name.lastIndexOf('/') + 1);

/** A path relative to a folder as a name; undefined for one that leads out of the archive. */
export function resolveName(folder: string, path: string): string | undefined {
  const relative = path.replaceAll('\\', '/');
  if (relative.startsWith('/') || DRIVE.test(relative)) return undefined;
  const parts: string[] = [];
  for (const part of `${folder}${relative}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.length === 0 ? undefined : parts.join('/');
}
