/**
 * The codes of every value set that R4 binds as required, by system. One that cannot be listed here, because the system
 * is kept elsewhere or is a grammar (UCUM units, media types), is `null`: it is not checked, and not guessed.
 */
import {
  readElements,
  readStructures,
  readTerminology,
  writeTable,
  type CodeSystem,
  type Terminology,
  type ValueSet,
} from './definitions.ts';

import { readProfileFiles } from './profile-files.ts';

/** Codes by system. */
type Codes = Readonly<Record<string, readonly string[]>>;

export function generateValueSets(): string {
  const { valueSets, codeSystems } = readTerminology();
  const own = readProfileFiles().filter((each) => each.resourceType === 'CodeSystem');
  const terminology: Terminology = {
    valueSets,
    codeSystems: new Map([...codeSystems, ...own.map((system) => [system.url ?? '', system] as const)]),
  };
  const rows = [...boundSets()].toSorted().map((url) => [keyOf(url), expand(url, terminology)] as const);
  return writeTable(new Map(rows));
}

/** The short name of a value set in the generated tables: its canonical without R4's own base and without a version. */
export function keyOf(canonical = ''): string {
  return withoutVersion(canonical).replace('http://hl7.org/fhir/ValueSet/', '');
}

function withoutVersion(canonical: string): string {
  return canonical.replace(/\|.*$/, '');
}

function boundSets(): ReadonlySet<string> {
  const datatypes = readStructures('profiles-types').flatMap(({ snapshot }) => snapshot?.element ?? []);
  const elements = [...datatypes, ...readElements().values()];
  const required = elements.filter(({ binding }) => binding?.strength === 'required');
  return new Set(required.map(({ binding }) => withoutVersion(binding?.valueSet ?? '')));
}

function expand(url: string, terminology: Terminology): Codes | null {
  const compose = terminology.valueSets.get(url)?.compose;
  if (compose === undefined) return null;
  const codes: Record<string, readonly string[]> = {};
  for (const part of compose.include) {
    const listed = codesOf(part, terminology.codeSystems);
    if (listed === undefined) return null;
    const system = part.system ?? '';
    codes[system] = [...new Set([...(codes[system] ?? []), ...listed])];
  }
  for (const part of compose.exclude ?? []) {
    const excluded = codesOf(part, terminology.codeSystems);
    if (excluded === undefined) return null;
    codes[part.system ?? ''] = (codes[part.system ?? ''] ?? []).filter((code) => !excluded.includes(code));
  }
  return codes;
}

type Part = NonNullable<ValueSet['compose']>['include'][number];

function codesOf(part: Part, systems: Terminology['codeSystems']): readonly string[] | undefined {
  if (part.filter !== undefined || part.valueSet !== undefined) return undefined;
  if (part.concept !== undefined) return part.concept.map(({ code }) => code);
  const system = systems.get(part.system ?? '');
  return system?.content === 'complete' ? flatten(system.concept ?? []) : undefined;
}

function flatten(concepts: NonNullable<CodeSystem['concept']>): readonly string[] {
  return concepts.flatMap(({ code, concept }) => [code, ...flatten(concept ?? [])]);
}
