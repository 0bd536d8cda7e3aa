/** The files that pages load, read once; their addresses hold the hash of what they hold, so that they may be kept. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { PageFiles } from './layout.ts';

/** A file as it is sent. */
interface ServedFile {
  readonly type: string;
  readonly bytes: Buffer;
}

/** What a browser may ask for, by its path below the issuer. */
export interface ServedFiles {
  /** @param path below the issuer, without a query: `/pages/style.css` */
  readonly find: (path: string) => ServedFile | undefined;
  readonly addresses: PageFiles;
}

const STYLE = [
  '/pages/style.css',
  'text/css; charset=utf-8',
  new URL('./style.css', import.meta.url),
] as const;
const SCRIPT = [
  '/pages/passkey.js',
  'text/javascript; charset=utf-8',
  new URL('./passkey.js', import.meta.url),
] as const;
const ICON = ['/pages/icon.svg', 'image/svg+xml', new URL('./icon.svg', import.meta.url)] as const;

/** @param issuerPath `/auth` */
export function readPageFiles(issuerPath: string): ServedFiles {
  const served = new Map<string, ServedFile>();
  const read = ([path, type, from]: typeof STYLE | typeof SCRIPT | typeof ICON): string => {
    const bytes = readFileSync(from);
    served.set(path, { type, bytes });
    const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 16);
    return `${issuerPath}${path}?v=${hash}`;
  };
  const addresses = { style: read(STYLE), script: read(SCRIPT), icon: read(ICON) };
  return { find: (path) => served.get(path), addresses };
}
