/** FHIRPath expressions of search parameters, compiled to element paths (`src/resources/search/element-path.ts`). */
import { readStructures, readTerminology, type ElementDefinition } from './definitions.ts';

/** A reason why a parameter has no place in the table. */
export class Unsupported extends Error {}

/** Where a compilation has come to. */
interface Place {
  readonly steps: readonly string[];
  /** The path of the element's definition, or the datatype that defines its children. */
  readonly at: string;
  readonly element?: ElementDefinition;
  readonly datatype: string;
}

/** Every concrete resource type of R4. */
export const R4_TYPES: readonly string[] = readStructures('profiles-resources')
  .filter(({ kind, abstract, derivation }) => kind === 'resource' && !abstract && derivation !== 'constraint')
  .map(({ type }) => type);

const ELEMENTS: ReadonlyMap<string, ElementDefinition> = new Map(
  [...readStructures('profiles-types'), ...readStructures('profiles-resources')]
    .filter(({ derivation }) => derivation !== 'constraint')
    .flatMap(({ snapshot }) => snapshot?.element ?? [])
    .map((element) => [element.path, element]),
);

/** The element paths of an expression for one type; several where it is a union or leaves a choice of types open. */
export function compileExpression(expression: string, base: string): readonly string[] {
  return partsOf(expression, base).flatMap((part) => compilePart(part, base));
}

/** The roots of a composite, and what each of its components selects below them. */
export interface CompiledComposite {
  readonly roots: readonly string[];
  /** Per component the element paths; `^` before a path that begins at the resource (`%resource`). */
  readonly components: readonly (readonly string[])[];
}

/** `:Resource` stands for the resource itself. */
const ITSELF = ':Resource';

export function compileComposite(
  expression: string,
  components: readonly string[],
  base: string,
): CompiledComposite {
  const parts = partsOf(expression, base);
  const places = parts.flatMap((part) => (part === '' ? [startOf(base)] : follow(part, startOf(base))));
  const roots = places.map((place, index) => (parts[index] === '' ? ITSELF : printPath(place, '')));
  const compiled = components.map((component) => [
    ...new Set(places.flatMap((root) => compileComponent(component, root, base))),
  ]);
  return { roots, components: compiled };
}

const FROM_RESOURCE = '%resource.';

function compileComponent(expression: string, root: Place, base: string): readonly string[] {
  return expression.split('|').flatMap((member) => {
    const part = member.trim();
    if (!part.startsWith(FROM_RESOURCE))
      return follow(part, { ...root, steps: [] }).map((place) => printPath(place, ''));
    const places = follow(part.slice(FROM_RESOURCE.length), startOf(base));
    return places.map((place) => `^${printPath(place, '')}`);
  });
}

/** The members of the union that speak of this type, without the type's name. */
function partsOf(expression: string, base: string): readonly string[] {
  const parts = expression.split('|').map((part) => ungroup(part.trim()));
  const own = parts.filter((part) => part === base || part.startsWith(`${base}.`));
  if (own.length > 0) return own.map((part) => part.slice(base.length + 1));
  return parts.filter((part) => /^[a-z]/.test(part));
}

/** `(a.ofType(B)).c` is `a.ofType(B).c`. */
function ungroup(text: string): string {
  if (!text.startsWith('(')) return text;
  let depth = 0;
  let close = 0;
  for (; close < text.length; close += 1) {
    if (text[close] === '(') depth += 1;
    if (text[close] === ')') depth -= 1;
    if (depth === 0) break;
  }
  return text.slice(1, close) + text.slice(close + 1);
}

const TRUTH = /^(\w+)\.exists\(\) and \w+\.\1 != false$/;
const STEP =
  /(?:^|\.)(?:where\(resolve\(\) is (?<target>\w+)\)|where\((?<child>\w+)='(?<value>[^']*)'\)|ofType\((?<of>\w+)\)|(?<name>\w+)(?<first>\[0\])?(?![\w([]))/y;

function compilePart(part: string, base: string): readonly string[] {
  if (part === '') throw new Unsupported('the resource itself');
  const truth = TRUTH.exec(part)?.[1];
  if (truth !== undefined) {
    const names = choicesOf(base, truth).map(({ name }) => name);
    return [`:truth(${names.join(',')})`];
  }
  const target = /where\(resolve\(\) is (\w+)\)/.exec(part)?.[1] ?? '';
  return follow(part, startOf(base)).map((place) => printPath(place, target));
}

const startOf = (base: string): Place => ({ steps: [], at: base, datatype: base });

/** Where the steps of an expression lead to. */
function follow(part: string, from: Place): readonly Place[] {
  let places: readonly Place[] = [from];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < part.length) {
    const step = STEP.exec(part)?.groups;
    if (step === undefined) throw new Unsupported(`the expression ${from.at}.${part}`);
    const { name, first, of, child, value } = step;
    if (name !== undefined) places = places.flatMap((place) => enter(place, name));
    if (first !== undefined) places = places.map((place) => filter(place, first));
    if (of !== undefined) places = places.filter(({ datatype }) => isOf(datatype, of));
    if (child !== undefined) places = places.map((place) => filter(place, `[${child}=${value}]`));
  }
  return places;
}

/** One of R4's composites spells the type `dateTime` as `DateTime`. */
const isOf = (datatype: string, of: string): boolean =>
  datatype === of || datatype === of.charAt(0).toLowerCase() + of.slice(1);

function enter({ steps, at }: Place, name: string): readonly Place[] {
  return choicesOf(at, name).map(({ name: step, datatype, element }) => ({
    steps: [...steps, step],
    at: element.contentReference?.slice(1) ?? (isBackbone(datatype) ? element.path : datatype),
    element,
    datatype,
  }));
}

const isBackbone = (datatype: string): boolean => datatype === 'BackboneElement' || datatype === 'Element';

const filter = (place: Place, condition: string): Place => ({
  ...place,
  steps: [...place.steps.slice(0, -1), `${place.steps.at(-1)}${condition}`],
});

/** The alternatives of an element: one, unless its name ends in `[x]`. */
function choicesOf(at: string, name: string) {
  const plain = ELEMENTS.get(`${at}.${name}`);
  const element = plain ?? ELEMENTS.get(`${at}.${name}[x]`);
  if (element === undefined) throw new Error(`no element ${at}.${name}`);
  return (element.type ?? [{ code: '' }]).map(({ code }) => {
    const datatype = code.startsWith('http:') ? 'id' : code; // FHIRPath's own String
    const suffix = datatype.charAt(0).toUpperCase() + datatype.slice(1);
    return { name: plain === undefined ? `${name}${suffix}` : name, datatype, element };
  });
}

/** The code system of each ValueSet that has exactly one: the one that a `code` bound to it implies. */
const SYSTEMS: ReadonlyMap<string, string> = new Map(
  [...readTerminology().valueSets].flatMap(([url, { compose }]) => {
    const [system, ...more] = new Set(compose?.include.map((include) => include.system));
    return system === undefined || more.length > 0 ? [] : [[url, system] as const];
  }),
);

function printPath({ steps, datatype, element }: Place, target: string): string {
  const valueSet = element?.binding?.valueSet?.split('|')[0] ?? '';
  const argument = datatype === 'code' ? (SYSTEMS.get(valueSet) ?? '') : target;
  return `${steps.join('.')}:${datatype}${argument === '' ? '' : `(${argument})`}`;
}
