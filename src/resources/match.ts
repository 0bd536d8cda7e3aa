/**
 * Evaluates clauses in memory, on a resource's own search values: for Subscription criteria, and for resources of a
 * bundle that are not stored yet. The result is the same as an engine's.
 */
import type { Ref } from '../fhir/types.ts';
import type { Clause, PartClause, Prefix, SearchValue } from '../ports/query.ts';
import { PATIENT_PARAM } from './compartment.ts';
import { kilometresBetween } from './search/near.ts';
import { readTuple } from './search/tuple.ts';

export interface Candidate {
  /** `Type/id`. */
  readonly ref: string;
  readonly type: string;
  readonly values: readonly SearchValue[];
  /** The time of its last commit, milliseconds since 1970; without it no `_lastUpdated` is satisfied. */
  readonly updated?: number;
  /** Whether it is in the directory. */
  readonly everyone?: boolean;
  /** The organization that keeps it, '' for the server itself; without it no `keeper` is satisfied. */
  readonly keeper?: Ref | '' | undefined;
}

/** Whether a resource satisfies a clause. Throws for clauses that look at another resource. */
export function matches(clause: Clause, candidate: Candidate): boolean {
  switch (clause.kind) {
    case 'all':
      return clause.of.every((one) => matches(one, candidate));
    case 'any':
      return clause.of.some((one) => matches(one, candidate));
    case 'not':
      return !matches(clause.clause, candidate);
    case 'id':
      return clause.ids.some((id) => candidate.ref === `${candidate.type}/${id}`);
    case 'inside':
      return (
        candidate.everyone === true ||
        candidate.ref === clause.patient ||
        candidate.values.some(({ param, low }) => param === PATIENT_PARAM && low === clause.patient)
      );
    case 'keeper':
      return candidate.keeper !== undefined && clause.of.includes(candidate.keeper);
    case 'updated': {
      const { updated } = candidate;
      return updated !== undefined && compare(clause, updated, updated);
    }
    case 'missing':
      return candidate.values.some(({ param }) => param === clause.param) !== clause.missing;
    case 'other':
      return candidate.values.some(
        (value) => value.param === clause.clause.param && !satisfies(clause.clause, value),
      );
    case 'chain':
    case 'has':
      throw new Error(`a ${clause.kind} clause looks at other resources`);
    case 'text':
    case 'display':
      throw new Error(`a ${clause.kind} clause looks at the text of a stored resource`);
    default:
      return candidate.values.some((value) => value.param === clause.param && satisfies(clause, value));
  }
}

type ValueClause = PartClause | Extract<Clause, { kind: 'codes' | 'tuple' | 'near' }>;

function satisfies(clause: ValueClause, { low, high }: Pick<SearchValue, 'low' | 'high'>): boolean {
  switch (clause.kind) {
    case 'codes':
      return clause.system === high && clause.codes.includes(String(low));
    case 'tuple':
      return isTuple(clause.of, String(high));
    case 'near':
      return kilometresBetween(clause, { latitude: Number(low), longitude: Number(high) }) <= clause.km;
    case 'token': {
      const { code = low, system = high } = clause;
      return code === low && system === high;
    }
    case 'string':
      return STRINGS[clause.match](clause.value, String(low), String(high));
    case 'reference':
      return clause.to.includes(String(low));
    case 'uri':
      return URIS[clause.match](clause.value, String(low));
    default:
      return compare(clause, Number(low), Number(high));
  }
}

function isTuple(of: readonly PartClause[], tuple: string): boolean {
  const components = readTuple(tuple);
  return of.every((part, index) =>
    components[index]?.some(([suffix, low, high]) => suffix === part.param && satisfies(part, { low, high })),
  );
}

const STRINGS = {
  starts: (searched: string, folded: string): boolean => folded.startsWith(searched),
  contains: (searched: string, folded: string): boolean => folded.includes(searched),
  ends: (searched: string, folded: string): boolean => folded.endsWith(searched),
  equals: (searched: string, folded: string): boolean => folded === searched,
  exact: (searched: string, _folded: string, written: string): boolean => written === searched,
};

/**
 * `:below` and `:above` compare whole segments of the path: `http://a/b` is above `http://a/b/c`, not above
 * `http://a/bc`.
 */
const isBelow = (uri: string, folder: string): boolean =>
  uri === folder || uri.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

const URIS = {
  exact: (searched: string, uri: string): boolean => uri === searched,
  below: (searched: string, uri: string): boolean => isBelow(uri, searched),
  above: (searched: string, uri: string): boolean => isBelow(searched, uri),
};

type Range = Extract<Clause, { kind: 'range' | 'updated' }>;

function compare({ prefix, low, high }: Range, from: number, to: number): boolean {
  return PREFIXES[prefix]({ low, high }, { low: from, high: to });
}

interface Span {
  readonly low: number;
  readonly high: number;
}

const within = (outer: Span, inner: Span): boolean => outer.low <= inner.low && inner.high <= outer.high;

/** http://hl7.org/fhir/R4/search.html#prefix. For `ap`, the reader has widened the searched interval. */
const PREFIXES: Readonly<Record<Prefix, (searched: Span, value: Span) => boolean>> = {
  eq: within,
  ne: (searched, value) => !within(searched, value),
  gt: (searched, value) => value.high > searched.high,
  lt: (searched, value) => value.low < searched.low,
  ge: (searched, value) => value.high > searched.high || within(searched, value),
  le: (searched, value) => value.low < searched.low || within(searched, value),
  sa: (searched, value) => value.low > searched.high,
  eb: (searched, value) => value.high < searched.low,
  ap: (searched, value) => value.low <= searched.high && value.high >= searched.low,
};
