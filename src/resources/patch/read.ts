/** Reads the operations of a FHIRPath Patch from Parameters (http://hl7.org/fhir/R4/fhirpatch.html). */
import { isPrimitiveType } from '../type-names.ts';
import { besideOf, isObject, type Json } from './slot.ts';

/** The value of an operation: a datatype, a resource, or the parts of an element whose type has no name. */
export type GivenValue =
  | { readonly kind: 'value'; readonly type: string; readonly value: unknown; readonly beside: unknown }
  | { readonly kind: 'resource'; readonly resource: Json }
  | { readonly kind: 'parts'; readonly parts: readonly GivenPart[] };

export interface GivenPart {
  readonly name: string;
  readonly given: GivenValue;
}

export interface PatchOperation {
  readonly type: 'add' | 'insert' | 'delete' | 'replace' | 'move';
  readonly path: string;
  readonly name: string;
  readonly value: GivenValue | undefined;
  readonly index: number;
  readonly source: number;
  readonly destination: number;
}

/** The reason why an operation cannot be done, without values. */
export class PatchFault extends Error {
  constructor(says: string) {
    super(says);
    this.name = 'PatchFault';
  }
}

/** The parts that each type of operation needs. */
const NEEDS: Readonly<Record<PatchOperation['type'], readonly (keyof PatchOperation)[]>> = {
  add: ['path', 'name', 'value'],
  insert: ['path', 'value', 'index'],
  delete: ['path'],
  replace: ['path', 'value'],
  move: ['path', 'source', 'destination'],
};

const PARTS: ReadonlySet<string> = new Set([
  'type',
  'path',
  'name',
  'value',
  'index',
  'source',
  'destination',
]);

/** The deepest nesting of parts. */
const DEPTH_MAX = 20;

/** @throws PatchFault */
export function readOperation(parameter: unknown): PatchOperation {
  if (!isObject(parameter) || parameter['name'] !== 'operation')
    throw new PatchFault('a parameter is an operation');
  const parts = new Map<string, GivenValue>();
  for (const { name, given } of readParts(parameter, 0)) {
    if (!PARTS.has(name)) throw new PatchFault('it has a part that no operation takes');
    if (parts.has(name)) throw new PatchFault(`its ${name} stands twice`);
    parts.set(name, given);
  }
  const type = textOf(parts, 'type');
  if (type === undefined || !Object.hasOwn(NEEDS, type)) {
    throw new PatchFault('its type is add, insert, delete, replace or move');
  }
  const kind = type as PatchOperation['type']; // one of the table, as asked just now
  const read = {
    path: textOf(parts, 'path'),
    name: textOf(parts, 'name'),
    value: parts.get('value'),
    index: numberOf(parts, 'index'),
    source: numberOf(parts, 'source'),
    destination: numberOf(parts, 'destination'),
  };
  for (const needed of NEEDS[kind]) {
    if (read[needed as keyof typeof read] === undefined) throw new PatchFault(`${kind} needs ${needed}`);
  }
  const { path = '', name = '', value, index = 0, source = 0, destination = 0 } = read;
  return { type: kind, path, name, value, index, source, destination };
}

function readParts(holder: Json, depth: number): readonly GivenPart[] {
  const parts = holder['part'];
  if (!Array.isArray(parts) || parts.length === 0) throw new PatchFault('an operation has parts');
  if (depth > DEPTH_MAX) throw new PatchFault('its parts are nested too deeply');
  return parts.map((part: unknown) => {
    if (!isObject(part) || typeof part['name'] !== 'string') throw new PatchFault('a part has a name');
    return { name: part['name'], given: readValue(part, depth) };
  });
}

function readValue(part: Json, depth: number): GivenValue {
  if (isObject(part['resource'])) return { kind: 'resource', resource: part['resource'] };
  if (part['part'] !== undefined) return { kind: 'parts', parts: readParts(part, depth + 1) };
  const property = Object.keys(part)
    .map((key) => key.replace(/^_/, ''))
    .find((key) => /^value[A-Z]/.test(key));
  if (property === undefined) throw new PatchFault('a part has a value, a resource or parts');
  const name = property.slice('value'.length);
  const primitive = name.charAt(0).toLowerCase() + name.slice(1);
  const type = isPrimitiveType(primitive) ? primitive : name;
  return { kind: 'value', type, value: part[property], beside: part[besideOf(property)] };
}

function textOf(parts: ReadonlyMap<string, GivenValue>, name: string): string | undefined {
  const given = parts.get(name);
  return given?.kind === 'value' && typeof given.value === 'string' ? given.value : undefined;
}

function numberOf(parts: ReadonlyMap<string, GivenValue>, name: string): number | undefined {
  const given = parts.get(name);
  const value = given?.kind === 'value' ? given.value : undefined;
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}
