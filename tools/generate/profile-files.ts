/** The definitions in `profiles/`, which this project writes: profiles, extensions, code systems and value sets. */
import { readdirSync, readFileSync } from 'node:fs';
import type { CodeSystem, StructureDefinition, ValueSet } from './definitions.ts';

const FOLDER = new URL('../../profiles/', import.meta.url);

export function readProfileFiles(): readonly (StructureDefinition | CodeSystem | ValueSet)[] {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.json'),
  );
  return files.toSorted().map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')));
}
