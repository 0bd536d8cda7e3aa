/** Finds METADATA.XML and the documents in an archive, whatever its maker called them (direct-xdm 7; 360x 5). */
import type { ZipEntry } from './read-zip.ts';
import { folderOf, nameKey, resolveName } from './zip-names.ts';

const METADATA_NAME = 'METADATA.XML';

/** Files that the programs of desktops add to an archive. */
const LITTER = /(?:^|\/)(?:__macosx\/|\._)/;

/**
 * Where METADATA.XML may be, the best first: below IHE_XDM, which may itself be in a folder; anywhere; and in a name that
 * a writer joined without the slash.
 */
const PLACES: readonly RegExp[] = [
  /(?:^|\/)ihe_xdm\/[^/]+\/metadata\.xml$/,
  /(?:^|\/)metadata\.xml$/,
  /metadata\.xml$/,
];

/** Every METADATA.XML of the best place that has one. */
export function findMetadata(files: readonly ZipEntry[]): readonly ZipEntry[] {
  const candidates = files.filter(({ key }) => !LITTER.test(key));
  for (const place of PLACES) {
    const found = candidates.filter(({ key }) => place.test(key));
    if (found.length > 0) return found;
  }
  return [];
}

/**
 * The file that a URI names: relative to METADATA.XML, as it is written or with its percents decoded; last relative to the
 * folder above, for writers that begin at IHE_XDM. Case does not count.
 */
export function findDocument(
  files: ReadonlyMap<string, ZipEntry>,
  metadata: ZipEntry,
  uri: string,
): ZipEntry | undefined {
  // A writer that left out the slash before METADATA.XML left it out before its documents, too.
  const beside = metadata.name.slice(0, -METADATA_NAME.length);
  for (const base of [beside, folderOf(folderOf(metadata.name).slice(0, -1))]) {
    for (const path of new Set([uri, decoded(uri)])) {
      const name = resolveName(base, path);
      const file = name === undefined ? undefined : files.get(nameKey(name));
      if (file !== undefined) return file;
    }
  }
  return undefined;
}

function decoded(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    return uri;
  }
}

const PART = /^(\d{1,3})\|(.*)$/s;

/** The URI of an entry. One of more than 128 characters comes in numbered parts, `1|…`, in any order (ITI TF-3 4.2.3.2.27). */
export function joinUri(values: readonly string[]): string | undefined {
  const parts = values.map((value) => PART.exec(value));
  if (values.length === 0 || parts.some((part) => part === null)) return values[0];
  return parts
    .toSorted((one, other) => Number(one?.[1]) - Number(other?.[1]))
    .map((part) => part?.[2] ?? '')
    .join('');
}
