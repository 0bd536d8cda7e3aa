/** What is asked of one search parameter, and in which surroundings. */
import type { Clause } from '../../ports/query.ts';
import type { Held } from '../terminology/held.ts';
import type { Component } from './parameter.ts';

export interface Asked {
  /** The name as asked, for refusals. */
  readonly name: string;
  /** The parameter that is searched. */
  readonly param: string;
  /** The datatypes it selects. */
  readonly datatypes: readonly string[];
  /** The types a reference given as a bare id may point to. */
  readonly targets: readonly string[];
  /** Whether only `true` and `false` are values of it. */
  readonly truth: boolean;
  /** For a composite, its parts. */
  readonly components: readonly Component[];
  /** Our own base, by which absolute references are recognised as local. */
  readonly base: string;
  /** What `:in`, `:below` and their like are answered from. */
  readonly terminology: Held | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Turns the values of one parameter, alternatives of each other and still escaped, into a clause. */
export type Ask = (values: readonly string[], asked: Asked) => Clause;

/** One clause per value. */
export const each =
  (ask: (value: string, asked: Asked) => Clause): Ask =>
  (values, asked) =>
    anyOf(values.map((value) => ask(value, asked)));

/** Any of these will do. */
export function anyOf(clauses: readonly Clause[]): Clause {
  const [only] = clauses;
  return clauses.length === 1 && only !== undefined ? only : { kind: 'any', of: clauses };
}

/** The alternatives of a clause, one by one. */
export const alternativesOf = (clause: Clause): readonly Clause[] =>
  clause.kind === 'any' ? clause.of.flatMap(alternativesOf) : [clause];
