/**
 * Which elements a summary shows (`ElementDefinition.isSummary`) and which are mandatory, one row per resource type:
 * names as they stand in JSON; `!` before a mandatory one, `+` before one that is mandatory and no part of the summary, `-`
 * before the path of one that is inside a part of the summary and no part of it.
 */
import { readElements, readStructures, writeTable, type ElementDefinition } from './definitions.ts';

export function generateSummary(): string {
  const published = readElements();
  const rows = readStructures('profiles-resources')
    .filter(({ kind, abstract }) => kind === 'resource' && !abstract)
    .map(({ type, snapshot }): [string, string[]] => [
      type,
      shownOf(
        type,
        (snapshot?.element ?? []).map((element) => published.get(element.path) ?? element),
      ),
    ]);
  return writeTable(new Map(rows));
}

const shownOf = (type: string, elements: readonly ElementDefinition[]): string[] => [
  ...elements.flatMap((element) => rowsOf(type, element)),
  ...hiddenOf(type, elements).map((path) => `-${path}`),
];

const isShown = ({ isSummary, min = 0 }: ElementDefinition): boolean => isSummary === true || min > 0;

/** Paths inside the summary that are no part of it. A part none of whose elements are is shown whole. */
function hiddenOf(type: string, elements: readonly ElementDefinition[]): readonly string[] {
  const byPath = new Map(elements.map((element) => [element.path, element]));
  const childrenOf = (path: string): readonly ElementDefinition[] =>
    elements.filter(
      (one) => parentOf(one.path) === path && !/\.(?:id|extension|modifierExtension)$/.test(one.path),
    );
  const isReached = (path: string): boolean => {
    if (path === type) return true;
    const element = byPath.get(path);
    if (element === undefined || !isReached(parentOf(path))) return false;
    return parentOf(path) === type ? element.isSummary === true : isShown(element);
  };
  return elements.flatMap((element) => {
    const { path } = element;
    if (path === type || !isReached(parentOf(path))) return [];
    if (isReached(path)) return insideOf(element).map((inside) => jsonPath(type, inside));
    const isPartShown = parentOf(path) !== type && childrenOf(parentOf(path)).some(isShown);
    const isOwn = !/\.(?:id|extension|modifierExtension)$/.test(path);
    return isPartShown && isOwn ? namesOf(path, element).map((name) => jsonPath(type, name)) : [];
  });
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('.'));
const jsonPath = (type: string, path: string): string => path.slice(type.length + 1);

/** What the summary leaves out of a datatype. */
function insideOf(element: ElementDefinition): readonly string[] {
  const hidden = (element.type ?? []).flatMap(({ code }) =>
    (HIDDEN.get(code) ?? []).map((name) => {
      const at = element.path.endsWith('[x]')
        ? `${element.path.slice(0, -3)}${code.charAt(0).toUpperCase()}${code.slice(1)}`
        : element.path;
      return `${at}.${name}`;
    }),
  );
  return [...new Set(hidden)];
}

const OF_EVERY: ReadonlySet<string> = new Set(['id', 'extension']);

/** Of the datatypes that a summary does not show whole, what it leaves out. */
const HIDDEN: ReadonlyMap<string, readonly string[]> = new Map(
  readStructures('profiles-types')
    .filter(
      ({ type, kind, derivation }) =>
        kind === 'complex-type' && derivation !== 'constraint' && !['Meta', 'Extension'].includes(type),
    )
    .map(({ type, snapshot }) => {
      const own = (snapshot?.element ?? []).slice(1).filter(({ path }) => path.split('.').length === 2);
      const left = own.filter((element) => !isShown(element)).map(({ path }) => path.slice(type.length + 1));
      return [type, left.filter((name) => !OF_EVERY.has(name))] as const;
    }),
);

/** Top-level elements; what is inside a shown element is shown with it unless its path is hidden. */
function rowsOf(type: string, element: ElementDefinition): readonly string[] {
  const name = element.path.slice(type.length + 1);
  const mandatory = (element.min ?? 0) > 0;
  if (name === '' || name.includes('.') || (!mandatory && element.isSummary !== true)) return [];
  const mark = mandatory ? (element.isSummary === true ? '!' : '+') : '';
  return namesOf(name, element).map((each) => mark + each);
}

/** `deceased[x]` is `deceasedBoolean` and `deceasedDateTime` in JSON. */
function namesOf(name: string, { type = [] }: ElementDefinition): readonly string[] {
  if (!name.endsWith('[x]')) return [name];
  return type.map(({ code }) => `${name.slice(0, -3)}${code.charAt(0).toUpperCase()}${code.slice(1)}`);
}
