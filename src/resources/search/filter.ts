/**
 * One search parameter `name=value` as a clause (http://hl7.org/fhir/R4/search.html): its modifier, its alternatives,
 * chains to referenced resources (`focus:ServiceRequest.identifier`) and back (`_has:Task:focus:status`).
 */
import type { Clause } from '../../ports/query.ts';
import type { TerminologySource } from '../terminology/terminology-source.ts';
import { R4_TYPES, searchParameters, type SearchParameter } from '../search-parameters.ts';
import { splitEscaped } from './escape.ts';
import { inside } from './inline.ts';
import { anyClause, askMissing, MODIFIERS, readMissing, type ParameterRequest } from './kinds.ts';
import { askedDatatypes, inlineOf } from './parameter.ts';
import { askList } from './list-members.ts';
import { parseDateRange } from './range.ts';
import { invalid, unsupported } from './refusal.ts';
import { parseTextQuery } from './text-query.ts';

/** The context in which a search is read. */
export interface FilterOptions {
  /** The server's own base; absolute references to it are local. */
  readonly base: string;
  /** The present, milliseconds since 1970, against which `ap` measures dates. */
  readonly now: number;
  /** The types that the server has; chains go only to these. All of R4 when absent. */
  readonly types?: ReadonlySet<string> | undefined;
  /** Whether the store keeps full text, so that clients can use `_text` and `_content`; default: it does. */
  readonly fullText?: boolean | undefined;
  /** The terminology for `:in`, `:not-in`, `:below` and `:above` of codes; without it the server refuses them. */
  readonly terminology?: TerminologySource | undefined;
}

/** The largest number of hops of a chain, `_has` included. */
export const HOPS_MAX = 5;
/** The largest number of conditions in one chain. A chain without types means something else for each target. */
export const MEANINGS_MAX = 400;
/** The largest number of alternatives of one parameter. */
export const ALTERNATIVES_MAX = 200;

/**
 * The clause of `name=value` for resources of `type`. Undefined when the type has no such parameter.
 *
 * @throws OperationOutcomeError search-value-invalid, or search-parameter-unknown for a form that a known parameter
 * does not allow
 */
export function parseFilter(
  type: string,
  name: string,
  value: string,
  options: FilterOptions,
): Clause | undefined {
  return followFrom(type, name, value, options)?.where;
}

/** The rest of a chain for a type. */
interface Meaning {
  readonly where: Clause;
}

type Onward = (type: string, rest: string) => Meaning | undefined;

/** Follows a chain. A chain without types leads to many types at every hop, so each rest is read once per type. */
function followFrom(
  start: string,
  whole: string,
  value: string,
  options: FilterOptions,
): Meaning | undefined {
  const known = new Map<string, Meaning | undefined>();
  const read = (type: string, name: string, hops: number): Meaning | undefined => {
    if (hops > HOPS_MAX) throw unsupported(name, `at most ${HOPS_MAX} hops`);
    const place = `${type} ${name}`;
    if (!known.has(place)) {
      const where = parseName(type, name, value, options, (to, rest) => read(to, rest, hops + 1));
      if (where !== undefined && sizeOf(where) > MEANINGS_MAX)
        throw unsupported(name, 'means too many things: name the type of each reference');
      known.set(place, where && { where });
    }
    return known.get(place);
  };
  return read(start, whole, 0);
}

/** Counts the hops and conditions of a chain; the alternatives of one value count once. */
export function sizeOf(clause: Clause): number {
  if (clause.kind === 'chain' || clause.kind === 'has') return 1 + sizeOf(clause.where);
  if (clause.kind === 'not') return sizeOf(clause.clause);
  if (clause.kind !== 'all' && clause.kind !== 'any') return 0;
  return clause.of.reduce((sum, one) => sum + sizeOf(one), 0);
}

function parseName(
  type: string,
  name: string,
  value: string,
  options: FilterOptions,
  onward: Onward,
): Clause | undefined {
  if (name.startsWith('_has:')) return parseHas(type, name, onward);
  const dot = name.indexOf('.');
  return dot < 0
    ? parseOwn(type, name, value, options)
    : parseChain(type, name.slice(0, dot), name.slice(dot + 1), options, onward);
}

/** A parameter of the resource itself, with its modifier. */
function parseOwn(type: string, name: string, value: string, options: FilterOptions): Clause | undefined {
  const [code = '', modifier] = name.split(/:(.*)/s);
  if (modifier === '') throw unsupported(name, 'a modifier is missing');
  const special = SPECIAL.get(code);
  if (special !== undefined) {
    const values = splitValues(name, value);
    if (modifier === undefined) return special(values, name, options);
    // Every resource has an id and a time.
    if (modifier === 'missing' && ALWAYS.has(code))
      return { kind: readMissing(name, values) ? 'any' : 'all', of: [] };
    if (modifier === 'not' && code === '_id') return { kind: 'not', clause: special(values, name, options) };
    throw unsupported(name, 'takes no such modifier');
  }
  const parameter = searchParameters(type).get(code);
  return parameter && askParameter(parameter, name, modifier ?? '', splitValues(name, value), options);
}

const ALWAYS: ReadonlySet<string> = new Set(['_id', '_lastUpdated']);

/** Parameters that are no search values of the resource. */
const SPECIAL: ReadonlyMap<
  string,
  (values: readonly string[], name: string, options: FilterOptions) => Clause
> = new Map([
  ['_id', askId],
  ['_lastUpdated', askUpdated],
  ['_text', askText('narrative')],
  ['_content', askText('content')],
  ['_list', askList],
]);

function askText(within: 'narrative' | 'content') {
  return (values: readonly string[], name: string, { fullText = true }: FilterOptions): Clause => {
    if (!fullText) throw unsupported(name, 'full text is switched off on this server');
    return anyClause(values.map((value) => parseTextQuery(name, within, value)));
  };
}

const ID = /^[A-Za-z0-9\-.]{1,64}$/;

function askId(ids: readonly string[], name: string): Clause {
  if (!ids.every((id) => ID.test(id)))
    throw invalid(name, 'ids are 1 to 64 characters of A-Z a-z 0-9 - and dot');
  return { kind: 'id', ids };
}

function askUpdated(values: readonly string[], name: string, { now }: FilterOptions): Clause {
  const clauses = values.map((value): Clause => {
    const range = parseDateRange(value, now);
    if (range === undefined) throw invalid(name, 'a date of the calendar such as ge2026-11-22T09:00:00Z');
    return { kind: 'updated', ...range };
  });
  return anyClause(clauses);
}

function askParameter(
  { code, kind, paths, targets, components = [] }: SearchParameter,
  name: string,
  modifier: string,
  values: readonly string[],
  { base, now, types, terminology }: FilterOptions,
): Clause {
  const asked: ParameterRequest = {
    name,
    param: code,
    components,
    datatypes: askedDatatypes(paths),
    targets: paths.some(({ datatype }) => datatype === 'Resource')
      ? (targets ?? [])
      : withinTypes(targets, types),
    truth: paths.every(({ datatype }) => datatype === 'boolean' || datatype === 'truth'),
    base,
    terminology,
    now,
  };
  if (modifier === 'missing') return askMissing(kind, values, asked);
  const ask = Object.hasOwn(MODIFIERS[kind], modifier) ? MODIFIERS[kind][modifier] : undefined;
  if (ask !== undefined) return ask(values, asked);
  // `subject:Patient=1` names the type of a reference that is given by its id
  if (kind === 'reference' && R4_TYPES.includes(modifier)) {
    if (targets !== undefined && !targets.includes(modifier))
      throw invalid(name, `never refers to a ${modifier}`);
    if (!values.every((id) => ID.test(id))) throw invalid(name, 'an id without a type');
    return { kind: 'reference', param: code, to: values.map((id) => `${modifier}/${id}`) };
  }
  throw unsupported(name, `a ${kind} takes no such modifier`);
}

/** `focus:ServiceRequest.identifier`: without a type, every target that has the rest; equal ones share a clause. */
export function parseChain(
  type: string,
  head: string,
  rest: string,
  { types }: FilterOptions,
  onward: Onward,
): Clause | undefined {
  const [code = '', only] = head.split(':');
  const parameter = searchParameters(type).get(code);
  if (parameter === undefined) return undefined;
  const { kind, targets } = parameter;
  if (kind !== 'reference') throw unsupported(head, `is a ${kind}: only references can be followed`);
  const inline = inlineOf(parameter);
  if (inline !== undefined) return inside(code, inline.argument, head, onward(inline.argument, rest)?.where);
  const reachable = withinTypes(targets, types);
  if (only !== undefined && !reachable.includes(only))
    throw unsupported(head, 'never refers to that type here');
  const alike = new Map<string, { types: string[]; where: Clause }>();
  for (const target of only === undefined ? reachable : [only]) {
    const meaning = onward(target, rest);
    if (meaning === undefined) continue;
    // What is equal in JSON means the same; of one type nothing has to be compared.
    const key = only === undefined ? JSON.stringify(meaning.where) : '';
    const group = alike.get(key);
    if (group === undefined) alike.set(key, { types: [target], where: meaning.where });
    else group.types.push(target);
  }
  if (alike.size === 0) return undefined;
  return anyClause([...alike.values()].map((group): Clause => ({ kind: 'chain', param: code, ...group })));
}

const HAS = /^_has:(\w+):([\w-]+):(.+)$/;

/** `_has:Task:focus:status`: a Task whose focus is this resource has that status. */
function parseHas(type: string, name: string, onward: Onward): Clause | undefined {
  const [, from, code, rest] = HAS.exec(name) ?? [];
  if (from === undefined || code === undefined || rest === undefined) {
    throw unsupported(name, 'write _has:Type:reference:parameter');
  }
  const parameter = searchParameters(from).get(code);
  if (parameter?.kind !== 'reference') return undefined;
  if (inlineOf(parameter) !== undefined) throw unsupported(name, `${from}.${code} is part of the ${from}`);
  if (parameter.targets !== undefined && !parameter.targets.includes(type)) {
    throw unsupported(name, `${from}.${code} never refers to a ${type}`);
  }
  const meaning = onward(from, rest);
  return meaning && { kind: 'has', type: from, param: code, where: meaning.where };
}

/** Those of these types, or of all types, that the server has. */
function withinTypes(
  targets: readonly string[] | undefined,
  types: ReadonlySet<string> | undefined,
): readonly string[] {
  const known = targets ?? R4_TYPES;
  return types === undefined ? known : known.filter((type) => types.has(type));
}

function splitValues(name: string, value: string): readonly string[] {
  const values = splitEscaped(value, ',');
  if (values === undefined) throw invalid(name, String.raw`a backslash stands only before \ , | and $`);
  if (values.includes('')) throw invalid(name, 'a value is missing');
  if (values.length > ALTERNATIVES_MAX) throw invalid(name, `at most ${ALTERNATIVES_MAX} values`);
  return values;
}
