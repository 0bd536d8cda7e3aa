/**
 * The definitions in `profiles/`, which this project writes: profiles, extensions, code systems and value sets. They are
 * read over HTTP as they are written: `texts` by reference, `urls` from canonical to reference.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { writeTable, type CodeSystem, type StructureDefinition, type ValueSet } from './definitions.ts';

const FOLDER = new URL('../../profiles/', import.meta.url);

export function readProfileFiles(): readonly (StructureDefinition | CodeSystem | ValueSet)[] {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.json'),
  );
  return files.toSorted().map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')));
}

export function generateDefinitions(): string {
  const texts: Record<string, string> = {};
  const urls: Record<string, string> = {};
  for (const definition of readProfileFiles()) {
    const ref = `${definition.resourceType}/${definition.id}`;
    texts[ref] = JSON.stringify(definition);
    urls[definition.url ?? ''] = ref;
  }
  const table = (rows: Record<string, string>) => writeTable(new Map(Object.entries(rows))).trimEnd();
  return `{"texts": ${table(texts)},\n"urls": ${table(urls)}}\n`;
}
