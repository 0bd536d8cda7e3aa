/** One search parameter in a request, with its context. */
import type { Clause } from '../../ports/query.ts';
import type { TerminologySource } from '../terminology/terminology-source.ts';
import type { Component } from './parameter.ts';

export interface ParameterRequest {
  /** The name in the request, for refusals. */
  readonly name: string;
  /** The parameter that the search looks at. */
  readonly param: string;
  /** The datatypes that the parameter selects. */
  readonly datatypes: readonly string[];
  /** The types to which a bare id may point. */
  readonly targets: readonly string[];
  /** Whether its only values are `true` and `false`. */
  readonly truth: boolean;
  /** The components of a composite. */
  readonly components: readonly Component[];
  /** Our own base, by which the server recognises its own absolute references. */
  readonly base: string;
  /** The terminology for `:in`, `:below` and the like. */
  readonly terminology: TerminologySource | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Turns the values of one parameter, which are alternatives and still escaped, into a clause. */
export type Ask = (values: readonly string[], asked: ParameterRequest) => Clause;

/** Makes one clause for each value. */
export const each =
  (ask: (value: string, asked: ParameterRequest) => Clause): Ask =>
  (values, asked) =>
    anyClause(values.map((value) => ask(value, asked)));

/** A clause that any of these satisfies. */
export function anyClause(clauses: readonly Clause[]): Clause {
  const [only] = clauses;
  return clauses.length === 1 && only !== undefined ? only : { kind: 'any', of: clauses };
}

/** The alternatives of a clause. */
export const alternativesOf = (clause: Clause): readonly Clause[] =>
  clause.kind === 'any' ? clause.of.flatMap(alternativesOf) : [clause];
