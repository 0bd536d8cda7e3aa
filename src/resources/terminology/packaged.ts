/**
 * The packaged terminology: HL7's code systems and value sets of R4, those of BSeR and US Core that fit, and grammars.
 * A row is parsed when it is first needed, and kept.
 */
import systems from '../generated/code-systems.json' with { type: 'json' };
import valueSets from '../generated/value-set-definitions.json' with { type: 'json' };
import { GRAMMARS } from './grammars.ts';
import {
  answersTo,
  splitCanonical,
  type TerminologySource,
  type Selection,
  type System,
} from './terminology-source.ts';
import { parseSelection, parseSystem, versionOf } from './rows.ts';

type Rows = Readonly<Record<string, string>>;

/** Reads an entry of a table when it is first needed. */
function reading<T extends { readonly version?: string | undefined }>(
  rows: Rows,
  parse: (url: string, row: string) => T,
): (canonical: string) => T | undefined {
  const read = new Map<string, T>();
  return (canonical) => {
    const asked = splitCanonical(canonical);
    const row = Object.hasOwn(rows, asked.url) ? rows[asked.url] : undefined;
    if (row === undefined) return undefined;
    const found = read.get(asked.url) ?? parse(asked.url, row);
    read.set(asked.url, found);
    return answersTo(found, asked) ? found : undefined;
  };
}

const SYSTEMS: Rows = systems;
const VALUE_SETS: Rows = valueSets;

/** The entries with the ids by which clients read them. */
export const readPackagedSystem = reading<System & { readonly id: string }>(SYSTEMS, parseSystem);
export const readPackagedValueSet = reading<Selection & { readonly id: string }>(VALUE_SETS, parseSelection);

export const PACKAGED: TerminologySource = {
  valueSet: readPackagedValueSet,
  system: (canonical) => GRAMMARS.find(({ url }) => url === canonical) ?? readPackagedSystem(canonical),
};

/** The version of a packaged system, without parsing its concepts: the capability documents ask for all of them. */
export function packagedSystemVersion(canonical: string): string | undefined {
  const grammar = GRAMMARS.find(({ url }) => url === canonical);
  const row = SYSTEMS[splitCanonical(canonical).url];
  return grammar !== undefined || row === undefined ? grammar?.version : versionOf(row);
}

/** Canonicals of everything packaged, for the capability documents. */
export const PACKAGED_SYSTEMS: readonly string[] = [
  ...GRAMMARS.map(({ url }) => url),
  ...Object.keys(SYSTEMS),
];
export const PACKAGED_VALUE_SETS: readonly string[] = Object.keys(VALUE_SETS);

const ids = new Map<string, ReadonlyMap<string, string>>();

/** Canonicals by id, for `CodeSystem` or `ValueSet`. */
export function packagedIds(type: string): ReadonlyMap<string, string> {
  const known = ids.get(type) ?? listIds(type === 'CodeSystem' ? SYSTEMS : VALUE_SETS);
  ids.set(type, known);
  return known;
}

/** The description on the first line of a row begins with the id. */
const ID = /^\{"id":"([^"]+)"/;

function listIds(rows: Rows): ReadonlyMap<string, string> {
  return new Map(Object.entries(rows).map(([url, row]) => [ID.exec(row)?.[1] ?? '', url]));
}
