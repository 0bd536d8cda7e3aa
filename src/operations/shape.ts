/** `_summary` and `_elements` (http://hl7.org/fhir/R4/search.html#summary): parts of resources, marked SUBSETTED. */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Resource } from '../fhir/types.ts';
import { summaryElements } from '../resources/summary.ts';
import type { Request } from './request.ts';

export type Shape =
  | { readonly kind: 'whole' }
  | { readonly kind: 'true' | 'text' | 'data' | 'count' }
  | { readonly kind: 'elements'; readonly elements: ReadonlySet<string> };

const SUMMARIES: ReadonlySet<string> = new Set(['true', 'text', 'data', 'count', 'false']);
const ALWAYS = ['resourceType', 'id', 'meta'];
const SUBSETTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };

/** What a read asks for; everything else in its query is refused unless it is a general parameter. */
export function readShape({ query, prefer }: Request): Shape {
  let shape: Shape = { kind: 'whole' };
  for (const [name, value] of query) {
    if (name === '_summary') shape = summaryShape(value);
    else if (name === '_elements') shape = elementsShape(value);
    else if (name !== '_format' && name !== '_pretty' && prefer.handling !== 'lenient') {
      throw new OperationOutcomeError('search-parameter-unknown', {
        diagnostics: `${name} is not for reads`,
      });
    }
  }
  return shape;
}

export function summaryShape(value: string): Shape {
  if (!SUMMARIES.has(value)) {
    throw new OperationOutcomeError('search-value-invalid', {
      diagnostics: '_summary is one of true, text, data, count, false',
    });
  }
  return value === 'false' ? { kind: 'whole' } : { kind: value as 'true' };
}

/** Element names with or without the type: `status`, `Task.status`. */
export const elementsShape = (value: string): Shape => ({
  kind: 'elements',
  elements: new Set(value.split(',').map((name) => name.trim().replace(/^[A-Z][A-Za-z]+\./, ''))),
});

/** The text in this shape. A whole one is not even parsed. */
export function shapeText(shape: Shape, type: string, text: string): string {
  if (shape.kind === 'whole' || shape.kind === 'count') return text;
  return JSON.stringify(shapeResource(shape, type, JSON.parse(text) as Resource)); // stored texts were validated
}

function shapeResource(shape: Exclude<Shape, { kind: 'whole' }>, type: string, resource: Resource): Resource {
  const kept = keptElements(shape, type);
  const entries = Object.entries(resource).filter(([name]) => kept(name.replace(/^_/, '')));
  const { meta } = resource;
  const tags = (meta?.tag ?? []).filter(({ code }) => code !== SUBSETTED.code);
  return { ...(Object.fromEntries(entries) as Resource), meta: { ...meta, tag: [...tags, SUBSETTED] } };
}

/** Mandatory elements always stay, so that the part is a valid resource. */
function keptElements(shape: Exclude<Shape, { kind: 'whole' }>, type: string): (name: string) => boolean {
  const { summary, mandatory } = summaryElements(type);
  const always = new Set([...ALWAYS, ...mandatory]);
  switch (shape.kind) {
    case 'elements':
      return (name) => always.has(name) || shape.elements.has(name);
    case 'text':
      return (name) => always.has(name) || name === 'text';
    case 'data':
      return (name) => name !== 'text';
    default:
      return (name) => always.has(name) || summary.has(name);
  }
}
