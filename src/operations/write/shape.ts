/** `_summary` and `_elements` (http://hl7.org/fhir/R4/search.html#summary): parts of resources, marked SUBSETTED. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { encodeJson, parseJsonValue } from '../../fhir/json.ts';
import type { Resource } from '../../fhir/types.ts';
import { summaryElements } from '../../resources/summary.ts';
import type { Request } from '../request.ts';

export type Shape =
  | { readonly kind: 'whole' }
  | { readonly kind: 'true' | 'text' | 'data' | 'count' }
  /** Names of elements, some of one type alone: `status`, `Task.status`. */
  | { readonly kind: 'elements'; readonly elements: readonly string[] };

type Part =
  | Exclude<Shape, { readonly kind: 'whole' | 'count' }>
  | { readonly kind: 'true' | 'text' | 'data' };

const SUMMARIES: ReadonlySet<string> = new Set(['true', 'text', 'data', 'count', 'false']);
const ALWAYS = ['resourceType', 'id', 'meta'];
/** What changes the meaning of the rest is not left out of it. */
const MODIFIERS = ['implicitRules', 'modifierExtension'];
const SUBSETTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };

/** What a read asks for; everything else in its query is refused unless it is a general parameter. */
export function readShape({ query, prefer }: Request): Shape {
  let shape: Shape = { kind: 'whole' };
  for (const [name, value] of query) {
    if (name === '_summary') shape = summaryShape(value);
    else if (name === '_elements') shape = readElementsShape(value);
    else if (name !== '_format' && name !== '_pretty' && prefer.handling !== 'lenient') {
      throw new OperationOutcomeError('search-parameter-unknown', {
        diagnostics: `${name} is not for reads`,
      });
    }
  }
  if (shape.kind === 'count') throw badValue('_summary=count is for searches');
  return shape;
}

export function summaryShape(value: string): Shape {
  if (!SUMMARIES.has(value)) throw badValue('_summary is one of true, text, data, count, false');
  return value === 'false' ? { kind: 'whole' } : { kind: value as 'true' };
}

export const elementsShape = (elements: readonly string[]): Shape => ({ kind: 'elements', elements });

function readElementsShape(value: string): Shape {
  const elements = value.split(',').map((name) => name.trim());
  if (elements.every((name) => /^(?:[A-Z][A-Za-z]{1,63}\.)?[A-Za-z]{1,64}$/.test(name)))
    return elementsShape(elements);
  throw badValue('_elements are names of elements of the resource, with or without its type');
}

const badValue = (diagnostics: string): OperationOutcomeError =>
  new OperationOutcomeError('search-value-invalid', { diagnostics });

/** The text in this shape. A whole one is not even parsed; numbers of a part are written as they were. */
export function shapeText(shape: Shape, type: string, text: string): string {
  if (shape.kind === 'whole' || shape.kind === 'count') return text;
  if (shape.kind === 'elements' && namedOf(shape.elements, type) === undefined) return text;
  // Stored texts are resources.
  return encodeJson(shapeResource(shape, type, parseJsonValue(text, OWN) as Resource));
}

/** Nesting and size of what we stored ourselves are no longer in question. */
const OWN = { depth: Number.POSITIVE_INFINITY };

function shapeResource(shape: Part, type: string, resource: Resource): Resource {
  const kept = keptElements(shape, type);
  const entries = Object.entries(resource).filter(([name]) => kept(name.replace(/^_/, '')));
  const { meta } = resource;
  const tags = (meta?.tag ?? []).filter(({ code }) => code !== SUBSETTED.code);
  const part: Resource = {
    ...(Object.fromEntries(entries) as Resource),
    meta: { ...meta, tag: [...tags, SUBSETTED] },
  };
  return shape.kind === 'true' ? withoutHidden(part, type) : part;
}

/** Mandatory elements always stay, so that the part is a valid resource. */
function keptElements(shape: Part, type: string): (name: string) => boolean {
  const { summary, mandatory } = summaryElements(type);
  const always = new Set([...ALWAYS, ...mandatory, ...(shape.kind === 'text' ? [] : MODIFIERS)]);
  switch (shape.kind) {
    case 'elements': {
      const named = new Set(namedOf(shape.elements, type));
      return (name) => always.has(name) || named.has(name) || named.has(withoutType(name, named));
    }
    case 'text':
      return (name) => always.has(name) || name === 'text';
    case 'data':
      return (name) => name !== 'text';
    default:
      return (name) => always.has(name) || summary.has(name);
  }
}

/** The elements asked of a type: those named without a type, and its own. Undefined: nothing is said of it. */
function namedOf(elements: readonly string[], type: string): readonly string[] | undefined {
  const named = elements.flatMap((name) => {
    const [first = '', second] = name.split('.');
    return second === undefined ? [first] : first === type ? [second] : [];
  });
  return named.length === 0 ? undefined : named;
}

/** `value` of `valueQuantity`: an element of several datatypes may be asked for by its name in the definition. */
function withoutType(name: string, named: ReadonlySet<string>): string {
  for (const one of named) if (name.startsWith(one) && /^[A-Z]/.test(name.slice(one.length))) return one;
  return name;
}

function withoutHidden(resource: Resource, type: string): Resource {
  return summaryElements(type).hidden.reduce<Resource>(
    (tree, path) => (drop(tree, path) as Resource | undefined) ?? tree,
    resource,
  );
}

/** The tree without what stands at a path; undefined when nothing is left of it. */
function drop(tree: unknown, [name = '', ...rest]: readonly string[]): unknown {
  if (Array.isArray(tree)) {
    const left = tree.map((one) => drop(one, [name, ...rest])).filter((one) => one !== undefined);
    return left.length === 0 ? undefined : left;
  }
  if (typeof tree !== 'object' || tree === null || !(name in tree || `_${name}` in tree)) return tree;
  const { [name]: inside, [`_${name}`]: beside, ...others } = tree as Readonly<Record<string, unknown>>; // a JSON object
  const kept = rest.length === 0 ? undefined : drop(inside, rest);
  const left = {
    ...others,
    ...(kept !== undefined && { [name]: kept }),
    ...(rest.length > 0 && beside !== undefined && { [`_${name}`]: beside }),
  };
  return Object.keys(left).length === 0 ? undefined : left;
}
