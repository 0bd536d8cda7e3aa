/**
 * Doctor's check of the anchors of the audit chain: whether the server can write the next one, and how old the last is.
 */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../../src/server/config.ts';
import type { Finding } from '../../src/ports/store.ts';
import { readAnchors } from '../../src/stores/log/anchors.ts';
import { pathsOf } from '../../src/stores/embedded/folder/folder.ts';

const ANCHOR_AGE_MAX = 3;

export function examineAnchors({ dataDir, anchorFile, anchorMs }: Config): readonly Finding[] {
  const file = anchorFile ?? pathsOf(dataDir).anchors;
  const trouble = troubleOf(file);
  if (trouble !== undefined) return [{ ok: false, says: trouble }];
  const inside = 'anchors lie beside what they prove → name an anchorFile outside the data folder';
  const place: readonly Finding[] =
    anchorFile === undefined ? [{ ok: true, warning: true, says: inside }] : [];
  const last = readAnchors(file).anchors.at(-1);
  if (last === undefined) return [{ ok: true, says: `${file} holds no anchor yet` }, ...place];
  const ageMs = Date.now() - statSync(file).mtimeMs;
  const late = ageMs > ANCHOR_AGE_MAX * anchorMs;
  const says = `last anchor at commit ${last.seq}, ${Math.floor(ageMs / 1000)} s ago`;
  return [
    { ok: true, says: `${says}${late ? ' (nothing was written since, or the server is stopped)' : ''}` },
    ...place,
  ];
}

/** The reason why the server could not write an anchor there; the check does not touch the file. */
function troubleOf(file: string): string | undefined {
  const place = existsSync(file) ? file : dirname(file);
  const remedy = '→ check anchorFile, its folder and their owner';
  try {
    if (existsSync(file) && !statSync(file).isFile()) return `${file} is not a file ${remedy}`;
    accessSync(place, constants.W_OK);
    return undefined;
  } catch (error) {
    return `no anchor can be written to ${file} (${(error as NodeJS.ErrnoException).code ?? 'error'}) ${remedy}`;
  }
}
