/** JSON Patch (RFC 6902) on the storing tree of a resource, whose decimals keep their literals. */
import { isDeepStrictEqual } from 'node:util';
import jsonPatch, { type Operation } from 'fast-json-patch';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { plainOf } from '../../fhir/json.ts';
import { PatchFault } from '../../resources/patch/read.ts';
import type { Meter } from '../../resources/patch/meter.ts';
import { copyOf } from '../../resources/patch/value.ts';

/** Operations of one patch at most. */
const OPERATIONS_MAX = 1000;

/** The tree after all operations; the tree given is changed, the operations are not. @throws OperationOutcomeError */
export function patchByPointers(tree: unknown, patch: unknown, meter: Meter): unknown {
  if (!Array.isArray(patch) || patch.length > OPERATIONS_MAX) {
    throw new OperationOutcomeError('patch-invalid', {
      diagnostics: `a JSON Patch is an array of at most ${OPERATIONS_MAX} operations`,
    });
  }
  let patched = tree;
  for (const [index, operation] of patch.entries()) patched = applyOne(patched, operation, index, meter);
  if (patch.some(takesAway)) isEmptied(patched);
  return patched;
}

const takesAway = (operation: unknown): boolean => TAKING.has((operation as Given | null)?.op); // nothing is asked of what it is
const TAKING: ReadonlySet<unknown> = new Set(['remove', 'move']);

/**
 * Takes out what removals have emptied, for FHIR has neither empty lists nor empty objects
 * (http://hl7.org/fhir/R4/json.html). Whether the value itself is left with nothing.
 */
function isEmptied(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return false;
  if (Array.isArray(value)) {
    for (let at = value.length - 1; at >= 0; at -= 1) if (isEmptied(value[at])) value.splice(at, 1);
    return value.length === 0;
  }
  const members = value as Record<string, unknown>;
  for (const [name, member] of Object.entries(members)) if (isEmptied(member)) delete members[name];
  return Object.keys(members).length === 0;
}

/** One by one, because the library tells the place of no operation but the first. */
function applyOne(tree: unknown, operation: unknown, index: number, meter: Meter): unknown {
  try {
    meter.spend(1);
    return simple(tree, operation, meter).reduce(applySimple, tree);
  } catch (error) {
    throw new OperationOutcomeError('patch-invalid', {
      diagnostics: `operation ${index} cannot be applied: ${whyOf(error as Error)}`, // nobody throws anything else
      expression: [`[${index}]`],
    });
  }
}

function whyOf(error: Error): string {
  if (error instanceof PatchFault) return error.message;
  const { name } = error;
  return /^[A-Z_]+$/.test(name) ? name.toLowerCase().replaceAll('_', ' ') : 'its path may not be written to';
}

/** The library refuses whatever is no operation, and paths into a prototype. */
function applySimple(tree: unknown, operation: Operation): unknown {
  if (operation?.op === 'add' && typeof operation.path === 'string') openList(tree, operation.path);
  return jsonPatch.applyOperation(tree, operation, true, true, true).newDocument;
}

/** The first place of a list, or the place behind its last member. */
const FIRST = /^(?<holder>.*)\/(?<name>[^/]+)\/(?:-|0)$/s;

/** A list without members is not there in FHIR's JSON, so the first one is added to a list that is made for it. */
function openList(tree: unknown, pointer: string): void {
  const { holder = '', name = '' } = FIRST.exec(pointer)?.groups ?? {};
  const list = name === '' ? tree : find(tree, `${holder}/${name}`).value;
  const { value } = find(tree, holder);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (list !== undefined || !isObject || !/^_?[a-z][A-Za-z0-9]*$/.test(name)) return;
  (value as Record<string, unknown>)[name] = [];
}

interface Given {
  readonly op?: unknown;
  readonly path?: unknown;
  readonly from?: unknown;
  readonly value?: unknown;
}

/**
 * An operation as those that neither copy nor move, its cost counted before it is done: the library copies the whole
 * document for each `copy` and `move`, and loses literals on the way; it cannot compare them, either. Numbers are equal when they are "numerically equal" (RFC 6902, 4.6).
 */
function simple(tree: unknown, operation: unknown, meter: Meter): readonly Operation[] {
  const { op, path, from, value } = (operation ?? {}) as Given; // nothing is asked of what it is
  if (op === '_get') throw new PatchFault('operation op invalid'); // the library's own
  if (typeof path !== 'string' || typeof op !== 'string') return [operation as Operation];
  const at = find(tree, path);
  meter.move(at.length);
  const depth = path.split('/').length - 1;
  if ((op === 'copy' || op === 'move') && typeof from === 'string') {
    const source = find(tree, from);
    if (source.value === undefined) throw new PatchFault('operation from unresolvable');
    meter.move(source.length);
    if (op === 'copy') {
      meter.copy(source.value, depth);
      return [{ op: 'add', path, value: copyOf(source.value) }];
    }
    meter.carry(source.value, depth);
    if (from === path) return [];
    return [
      { op: 'remove', path: from },
      { op: 'add', path, value: source.value },
    ];
  }
  if (value === undefined) return [operation as Operation];
  meter.place(value, depth);
  if (op === 'test') {
    for (const one of [value, at.value]) compare(one, meter);
    if (isDeepStrictEqual(plainOf(value), plainOf(at.value))) return [];
    throw new PatchFault('test operation failed');
  }
  return [{ op, path, value: copyOf(value) } as Operation]; // the library refuses an op that is none
}

/** What a comparison looks at: of texts, every character. */
function compare(value: unknown, meter: Meter): void {
  if (typeof value === 'string') meter.move(value.length);
  else meter.spend(1);
  if (typeof value === 'object' && value !== null)
    for (const member of Object.values(value)) compare(member, meter);
}

interface Place {
  /** Undefined where there is nothing. */
  readonly value: unknown;
  /** Of the list that it stands in; 0 in an object. */
  readonly length: number;
}

const NOWHERE: Place = { value: undefined, length: 0 };

/** What a pointer leads to, among a value's own members. */
function find(tree: unknown, pointer: string): Place {
  let place: Place = { value: tree, length: 0 };
  for (const token of pointer.split('/').slice(1)) {
    const { value } = place;
    if (typeof value !== 'object' || value === null) return NOWHERE;
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
    const length = Array.isArray(value) ? value.length : 0;
    const isOwn = Object.hasOwn(value, name) && !(Array.isArray(value) && name === 'length');
    place = { value: isOwn ? (value as Readonly<Record<string, unknown>>)[name] : undefined, length };
  }
  return place;
}
