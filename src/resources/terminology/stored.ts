/**
 * Converts ValueSet and CodeSystem resources to the form that answers questions, and packaged terminology to resources.
 */
import type { CodeSystem, ValueSet } from '../../fhir/types.ts';
import {
  answersTo,
  codeKey,
  splitCanonical,
  type Concept,
  type TerminologySource,
  type Selection,
  type System,
} from './terminology-source.ts';

export function selectionOf({ url, version, name, title, compose, expansion }: ValueSet): Selection {
  return { url, version, name, title, compose, expansion };
}

/**
 * Undefined for a CodeSystem that does not contain its concepts (`not-present`), or only adds to another
 * (`supplement`).
 */
export function readSystem(resource: CodeSystem): System | undefined {
  const { url = '', version, name, title, content, concept = [], property = [] } = resource;
  if (content === 'not-present' || content === 'supplement') return undefined;
  const caseSensitive = resource.caseSensitive ?? true;
  const found = new Map<string, Concept & { parents: string[] }>();
  const system: System = {
    url,
    version,
    name,
    title,
    content: content === 'complete' ? 'complete' : 'part',
    caseSensitive,
    concepts: found,
    properties: new Set(property.map(({ code }) => code)),
  };
  addConcepts(system, found, concept, []);
  addFurtherParents(system, found);
  return system;
}

type Concepts = NonNullable<CodeSystem['concept']>;
type Found = Map<string, Concept & { parents: string[] }>;

function addConcepts(system: System, found: Found, concepts: Concepts, parents: readonly string[]): void {
  for (const { code, display, definition, designation, property = [], concept = [] } of concepts) {
    found.set(codeKey(system, code), {
      code,
      display,
      definition,
      designation,
      property,
      parents: [...parents],
      ...(says(property, ['notSelectable', 'abstract'], true) && { abstract: true as const }),
      ...((says(property, ['inactive'], true) || says(property, ['status'], 'retired')) && {
        inactive: true as const,
      }),
    });
    addConcepts(system, found, concept, [code]);
  }
}

const says = (
  property: NonNullable<Concept['property']>,
  names: readonly string[],
  value: unknown,
): boolean =>
  property.some(
    ({ code, valueBoolean, valueCode }) => names.includes(code) && (valueBoolean ?? valueCode) === value,
  );

/** "parent" and "child" express several parents, which the nesting of concepts cannot. */
function addFurtherParents(system: System, found: Found): void {
  const further = new Map<string, Set<string>>();
  const add = (code: string, parent: string): void => {
    const key = codeKey(system, code);
    further.set(key, (further.get(key) ?? new Set(found.get(key)?.parents)).add(parent));
  };
  for (const { code, property = [] } of found.values()) {
    for (const { code: name, valueCode } of property) {
      if (valueCode === undefined) continue;
      if (name === 'parent') add(code, valueCode);
      if (name === 'child') add(valueCode, code);
    }
  }
  for (const [key, parents] of further) {
    const concept = found.get(key);
    if (concept !== undefined) concept.parents = [...parents];
  }
}

/** Loaded terminology overrides the packaged one. */
export function withLoaded(
  held: TerminologySource,
  loaded: { readonly valueSets: readonly Selection[]; readonly systems: readonly System[] },
): TerminologySource {
  const [valueSets, systems] = [byUrl(loaded.valueSets), byUrl(loaded.systems)];
  return {
    valueSet: (canonical) => find(valueSets, canonical) ?? held.valueSet(canonical),
    system: (canonical) => find(systems, canonical) ?? held.system(canonical),
  };
}

const byUrl = <T extends Selection | System>(list: readonly T[]): ReadonlyMap<string, readonly T[]> =>
  Map.groupBy(list, ({ url = '' }) => url);

function find<T extends Selection | System>(
  known: ReadonlyMap<string, readonly T[]>,
  canonical: string,
): T | undefined {
  const asked = splitCanonical(canonical);
  return known.get(asked.url)?.find((one) => answersTo(one, asked));
}

// — resources of packaged terminology

/** A packaged value set as a resource. */
export function renderValueSet({
  id,
  url,
  version,
  name,
  title,
  compose,
}: Selection & { readonly id: string }): ValueSet {
  return {
    resourceType: 'ValueSet',
    id,
    ...(url !== undefined && { url }),
    ...(version !== undefined && { version }),
    ...(name !== undefined && { name }),
    ...(title !== undefined && { title }),
    status: 'active',
    ...(compose !== undefined && { compose }),
  };
}

/** A packaged code system as a resource: its hierarchy as properties, since a concept may have several parents. */
export function renderCodeSystem(system: System & { readonly id: string }): CodeSystem {
  const { id, url, version, name, title, content, caseSensitive, concepts } = system;
  const all = [...concepts.values()];
  const has = (told: (concept: Concept) => boolean): boolean => all.some(told);
  const properties: NonNullable<CodeSystem['property']> = [
    ...(has(({ parents }) => parents.length > 0)
      ? [{ code: 'parent', uri: DEFINED('parent'), type: 'code' as const }]
      : []),
    ...(has(({ abstract }) => abstract === true)
      ? [{ code: 'notSelectable', uri: DEFINED('notSelectable'), type: 'boolean' as const }]
      : []),
    ...(has(({ inactive }) => inactive === true)
      ? [{ code: 'inactive', uri: DEFINED('inactive'), type: 'boolean' as const }]
      : []),
  ];
  return {
    resourceType: 'CodeSystem',
    id,
    url,
    ...(version !== undefined && { version }),
    ...(name !== undefined && { name }),
    ...(title !== undefined && { title }),
    status: 'active',
    caseSensitive,
    content: content === 'complete' ? 'complete' : 'fragment',
    count: all.length,
    ...(properties.length > 0 && { hierarchyMeaning: 'is-a' as const, property: properties }),
    concept: all.map(renderConcept),
  };
}

const DEFINED = (code: string): string => `http://hl7.org/fhir/concept-properties#${code}`;

function renderConcept({ code, display, parents, abstract, inactive }: Concept): Concepts[number] {
  const property = [
    ...parents.map((parent) => ({ code: 'parent', valueCode: parent })),
    ...(abstract === true ? [{ code: 'notSelectable', valueBoolean: true }] : []),
    ...(inactive === true ? [{ code: 'inactive', valueBoolean: true }] : []),
  ];
  return { code, ...(display !== undefined && { display }), ...(property.length > 0 && { property }) };
}
