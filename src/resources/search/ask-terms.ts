/**
 * Tokens by what terminology says of them (http://hl7.org/fhir/R4/search.html#modifiers): `:in` and `:not-in` a value set,
 * `:below` and `:above` a code. Answered from what is held: what is not known is refused, never guessed.
 */
import { OperationOutcomeError, type IssueCode } from '../../fhir/issue.ts';
import type { Clause } from '../../ports/query.ts';
import { expandValueSet } from '../terminology/expand.ts';
import type { Held, Selection } from '../terminology/held.ts';
import { ancestorsOf, descendantsOf } from '../terminology/hierarchy.ts';
import { ask } from '../terminology/membership.ts';
import type { Asking } from '../terminology/selection.ts';
import { readKey, writingsOf } from './ask-token.ts';
import { anyOf, type Asked } from './asked.ts';
import { splitEscaped, unescape } from './escape.ts';
import { termTestsOf } from './filter-expression.ts';
import { invalid, shownName } from './refusal.ts';

/** Codes that one value may come to. */
export const CODES_MAX = 10_000;
/** Codes that all values of one search may come to. */
const ALL_CODES_MAX = 50_000;

/** Value sets and code systems that a search names, so that stored ones can be looked up before it is read. */
export interface NamedTerms {
  readonly valueSets: readonly string[];
  readonly systems: readonly string[];
}

/** What the pairs of a search name; nothing when no modifier asks for terminology. */
export function namedTerms(pairs: readonly (readonly [name: string, value: string])[]): NamedTerms {
  const [valueSets, systems] = [new Set<string>(), new Set<string>()];
  const asked = pairs.flatMap((pair) => (pair[0] === '_filter' ? termTestsOf(pair[1]) : [pair]));
  for (const [name, text] of asked) {
    const modifier = /:(in|not-in|below|above)$/.exec(name)?.[1];
    if (modifier === undefined) continue;
    for (const value of splitEscaped(text, ',') ?? []) {
      if (modifier.endsWith('in')) valueSets.add(unescape(value));
      else systems.add(unescape(splitEscaped(value, '|')?.[0] ?? ''));
    }
  }
  return { valueSets: [...valueSets], systems: [...systems] };
}

/** What one search has asked of its terminology: each value set is listed once, and all of it together is bounded. */
interface Session {
  readonly asking: Asking;
  /** By canonical. */
  readonly listed: Map<string, ReadonlyMap<string, ReadonlySet<string>>>;
  /** Value sets of which every member is known, or none that was looked at says otherwise. */
  readonly whole: Map<Selection, boolean>;
  /** Codes that the search looks for. */
  codes: number;
}

const sessions = new WeakMap<Held, Session>();

/** A search brings its own `held`. */
function sessionOf(held: Held): Session {
  const session = sessions.get(held) ?? {
    asking: ask(held),
    listed: new Map(),
    whole: new Map(),
    codes: 0,
  };
  sessions.set(held, session);
  return session;
}

/** "True if the coding is in the specified value set", by its canonical. */
export function askIn(value: string, asked: Asked): Clause {
  const session = sessionOf(heldOf(asked));
  const canonical = readKey(asked.name, value);
  const listed = session.listed.get(canonical) ?? listCodes(session, canonical, asked);
  session.listed.set(canonical, listed);
  return anyOf([...listed].map(([system, members]) => codesOf(system, [...members], asked)));
}

function listCodes(
  { asking, whole }: Session,
  canonical: string,
  asked: Asked,
): ReadonlyMap<string, ReadonlySet<string>> {
  const { held } = asking;
  const selection = held.valueSet(canonical);
  if (selection === undefined) throw refusal('value-set-unknown', asked, 'the value set is not held here');
  if (!isWhole(held, selection, whole))
    throw refusal('code-system-unknown', asked, 'only a part of a code system of it is held here');
  const codes = new Map<string, Set<string>>();
  for (const { system, code } of expandValueSet(held, selection, {}, asking).members) {
    codes.set(system, (codes.get(system) ?? new Set()).add(code));
  }
  return codes;
}

/** Whether every member is known: a system of which a part is held has more codes than are listed. */
function isWhole(held: Held, selection: Selection, told: Map<Selection, boolean>): boolean {
  const known = told.get(selection);
  if (known !== undefined) return known;
  told.set(selection, true); // one that includes itself says nothing more about itself
  const whole = (selection.compose?.include ?? []).every(({ system, concept, valueSet = [] }) => {
    const listed = system === undefined || concept !== undefined || held.system(system)?.content !== 'part';
    const inner = valueSet.map((canonical) => held.valueSet(canonical));
    return listed && inner.every((one) => one === undefined || isWhole(held, one, told));
  });
  told.set(selection, whole);
  return whole;
}

/** "Subsumed by the specified code", or subsuming it: `system|code`. */
function askSubsumed(walk: typeof descendantsOf | typeof ancestorsOf) {
  return (value: string, asked: Asked): Clause => {
    const parts = splitEscaped(value, '|')?.map((part) => readKey(asked.name, part)) ?? [];
    const [system = '', code = ''] = parts;
    if (parts.length !== 2 || system === '' || code === '') throw invalid(asked.name, 'system|code, both');
    const held = heldOf(asked);
    const codes = walk(held, system, code);
    sessionOf(held).asking.spend(codes?.length ?? 1);
    if (codes === undefined)
      throw refusal('code-system-unknown', asked, 'the code system is not held here, or has no such code');
    return codesOf(system, codes, asked);
  };
}

export const askBelow = askSubsumed(descendantsOf);
export const askAbove = askSubsumed(ancestorsOf);

function codesOf(system: string, codes: readonly string[], asked: Asked): Clause {
  if (codes.length > CODES_MAX)
    throw refusal('expansion-too-costly', asked, `more than ${CODES_MAX} codes of a system`);
  const session = sessionOf(heldOf(asked));
  session.codes += codes.length;
  if (session.codes > ALL_CODES_MAX)
    throw refusal('expansion-too-costly', asked, `more than ${ALL_CODES_MAX} codes in one search`);
  const written = codes.flatMap((code) => writingsOf(code, system, asked.datatypes));
  return { kind: 'codes', param: asked.param, system, codes: [...new Set(written)] };
}

function heldOf(asked: Asked): Held {
  if (asked.terminology === undefined)
    throw refusal('code-system-unknown', asked, 'no terminology is asked here');
  return asked.terminology;
}

const refusal = (code: IssueCode, { name }: Asked, why: string): OperationOutcomeError =>
  new OperationOutcomeError(code, { diagnostics: `${shownName(name)}: ${why}` });
