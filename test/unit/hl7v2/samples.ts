/** The sample messages, one file each, with CR as it travels. */
import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../../fixtures/hl7v2/', import.meta.url);

/** Name and text: `['pcc-55-request', 'MSH|^~\\&|…']`. */
export const SAMPLES: readonly (readonly [name: string, text: string])[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.hl7'))
  .toSorted()
  .map((file) => [file.replace('.hl7', ''), readFileSync(new URL(file, FOLDER), 'utf8')]);

/** The text of one sample. */
export function sample(name: string): string {
  const found = SAMPLES.find(([known]) => known === name);
  if (found === undefined) throw new Error(`no sample ${name}`);
  return found[1];
}
