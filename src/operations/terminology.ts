/**
 * The terminology of one question: what is packaged, and before it the stored ValueSets and CodeSystems that the question
 * names, directly or through others, as far as the caller sees them (docs/adr/0018).
 */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { CodeSystem, Ref, ValueSet } from '../fhir/types.ts';
import type { Match, Sight } from '../ports/query.ts';
import type { Snapshot } from '../ports/store.ts';
import { parseStored, resourceOf } from '../ports/stored-resource.ts';
import {
  splitCanonical,
  type TerminologySource,
  type Selection,
  type System,
} from '../resources/terminology/terminology-source.ts';
import { PACKAGED } from '../resources/terminology/packaged.ts';
import { selectionOf, readSystem, withLoaded } from '../resources/terminology/stored.ts';
import { createTurns, type Turns } from './turns.ts';

/** Value sets and code systems that one question may be about, named directly or through others. */
export const NAMED_MAX = 500;

/** Characters of everything stored that one question reads. */
const CHARACTERS_MAX = 16 * 1024 * 1024;

/** Stored versions of one canonical that are looked at, newest first. */
const VERSIONS_MAX = 20;

/** What a question names. Canonicals may carry versions. */
export interface Wanted {
  readonly valueSets?: readonly string[];
  readonly systems?: readonly string[];
  /** Value sets that came with the question; what they name is looked for, too. */
  readonly given?: readonly Selection[];
}

export interface Seeing {
  readonly snapshot: Snapshot;
  readonly sight: Sight;
  readonly signal?: AbortSignal;
}

interface Loading extends Seeing {
  readonly valueSets: Selection[];
  readonly systems: System[];
  /** Canonicals without versions that were asked for. */
  readonly asked: Set<string>;
  /** Of everything stored that was read. */
  characters: number;
  readonly turns: Turns;
}

/** @throws OperationOutcomeError `expansion-too-costly` when more is named than {@link NAMED_MAX}, or it is too large */
export async function loadTerminology(seeing: Seeing, wanted: Wanted): Promise<TerminologySource> {
  const loading: Loading = {
    ...seeing,
    valueSets: [],
    systems: [],
    asked: new Set(),
    characters: 0,
    turns: createTurns(),
  };
  let selections: readonly Selection[] = wanted.given ?? [];
  let canonicals = wanted.valueSets ?? [];
  await loadSystems(loading, wanted.systems ?? []);
  while (selections.length > 0 || canonicals.length > 0) {
    const found = [...selections, ...(await loadValueSets(loading, canonicals))];
    await loadSystems(loading, found.flatMap(systemsOf));
    selections = [];
    canonicals = found.flatMap(importsOf);
  }
  return withLoaded(PACKAGED, loading);
}

const partsOf = ({ compose }: Selection) => [...(compose?.include ?? []), ...(compose?.exclude ?? [])];
const systemsOf = (selection: Selection): readonly string[] =>
  partsOf(selection).flatMap(({ system }) => (system === undefined ? [] : [system]));
const importsOf = (selection: Selection): readonly string[] =>
  partsOf(selection).flatMap(({ valueSet = [] }) => valueSet);

/** The value sets of these canonicals that are new: stored ones, else the packaged one. */
async function loadValueSets(loading: Loading, canonicals: readonly string[]): Promise<readonly Selection[]> {
  const fresh = newOf(loading, 'ValueSet', canonicals);
  const stored = (await findStored(loading, 'ValueSet', fresh)).map((resource) =>
    selectionOf(resource as ValueSet),
  );
  loading.valueSets.push(...stored);
  const packaged = fresh.flatMap((url) => PACKAGED.valueSet(url) ?? []);
  return [...stored, ...packaged];
}

async function loadSystems(loading: Loading, canonicals: readonly string[]): Promise<void> {
  const fresh = newOf(loading, 'CodeSystem', canonicals);
  const stored = await findStored(loading, 'CodeSystem', fresh);
  loading.systems.push(...stored.flatMap((resource) => readSystem(resource as CodeSystem) ?? []));
}

function newOf({ asked }: Loading, type: string, canonicals: readonly string[]): readonly string[] {
  const urls = [...new Set(canonicals.map((canonical) => splitCanonical(canonical).url))];
  const fresh = urls.filter((url) => !asked.has(`${type} ${url}`));
  for (const url of fresh) asked.add(`${type} ${url}`);
  if (asked.size > NAMED_MAX)
    throw new OperationOutcomeError('expansion-too-costly', {
      diagnostics: `more than ${NAMED_MAX} value sets and code systems are named`,
    });
  return fresh;
}

/** Stored resources of these canonicals, newest first. */
async function findStored(
  loading: Loading,
  type: 'ValueSet' | 'CodeSystem',
  urls: readonly string[],
): Promise<readonly (ValueSet | CodeSystem)[]> {
  const { snapshot, sight, signal } = loading;
  if (urls.length === 0) return [];
  const found: (ValueSet | CodeSystem)[] = [];
  for (const { text } of await findByUrl(snapshot, sight, type, urls, signal)) {
    loading.characters += text.length;
    if (loading.characters > CHARACTERS_MAX)
      throw new OperationOutcomeError('expansion-too-costly', {
        diagnostics: `what is named has more than ${CHARACTERS_MAX} characters`,
      });
    found.push(parseStored<ValueSet | CodeSystem>(text));
    await loading.turns.after(text.length);
  }
  return found;
}

async function findByUrl(
  snapshot: Snapshot,
  sight: Sight,
  type: string,
  urls: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly Match[]> {
  const clauses = urls.map((value) => ({ kind: 'uri', param: 'url', match: 'exact', value }) as const);
  const page = await snapshot.search(
    {
      type,
      where: { kind: 'any', of: clauses },
      sort: [],
      sight,
      count: Math.min(VERSIONS_MAX * urls.length, NAMED_MAX),
      offset: 0,
      total: false,
    },
    signal,
  );
  return page.matches;
}

/** A stored or packaged value set by its reference. */
export async function readStoredTerminology(
  { snapshot, sight }: Seeing,
  ref: Ref,
): Promise<ValueSet | CodeSystem | undefined> {
  const version = await snapshot.read(ref, sight);
  return resourceOf<ValueSet | CodeSystem>(version);
}
