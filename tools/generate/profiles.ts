/**
 * The rules of the profiles in `profiles/` and of R4's own, and the definitions of the extensions that are known: one row
 * per StructureDefinition, a tree of what it and the profiles it is built on ask beyond R4.
 * `src/resources/validation/profile.ts` reads them; `profiles/SOURCES.md` says what is checked.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { ExtensionRow, ProfileRow } from '../../src/resources/validation/profile-row.ts';
import { readDerived, writeTable, type StructureDefinition } from './definitions.ts';
import { mergeRule, type Definitions } from './profile-rule.ts';

const FOLDER = new URL('../../profiles/', import.meta.url);

/** The rows of profiles, ours first to last by canonical, then R4's. */
export function generateProfiles(): string {
  const known = readKnown();
  const profiles = [...known.values()].filter(({ type }) => type !== 'Extension');
  return writeTable(new Map(sorted(profiles).map((each) => [each.url, buildRow(each, known)])));
}

/** The rows of extensions. */
export function generateExtensions(): string {
  const known = readKnown();
  const extensions = [...known.values()].filter(({ type }) => type === 'Extension');
  return writeTable(new Map(sorted(extensions).map((each) => [each.url, buildExtension(each, known)])));
}

const sorted = (found: readonly StructureDefinition[]): readonly StructureDefinition[] =>
  found.toSorted((a, b) => (a.url < b.url ? -1 : 1));

/** What we wrote goes before what R4 published under the same canonical. */
function readKnown(): Definitions {
  return new Map([...readDerived(), ...readOwn()].map((definition) => [definition.url, definition]));
}

function readOwn(): readonly StructureDefinition[] {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.json'),
  );
  const found = files.toSorted().map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')));
  return found.filter(({ resourceType }) => resourceType === 'StructureDefinition');
}

function buildRow(definition: StructureDefinition, known: Definitions): ProfileRow {
  const { type, version = '' } = definition;
  return { type, version, rule: mergeRule(definition, known) };
}

function buildExtension(definition: StructureDefinition, known: Definitions): ExtensionRow {
  const { context = [], contextInvariant = [], differential } = definition;
  const modifier = differential?.element.some(({ path, isModifier }) => path === 'Extension' && isModifier);
  return {
    ...buildRow(definition, known),
    context: context.map(({ type, expression }) => ({ type, expression })),
    ...(contextInvariant.length > 0 && { contextInvariants: contextInvariant }),
    ...(modifier === true && { modifier }),
  };
}
