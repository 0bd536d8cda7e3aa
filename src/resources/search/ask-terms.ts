/**
 * Tokens with modifiers about terminology (http://hl7.org/fhir/R4/search.html#modifiers): `:in` and `:not-in` a value
 * set, `:below` and `:above` a code. The answer comes from the terminology of this server, which refuses what it does
 * not know and never guesses.
 */
import { OperationOutcomeError, type IssueCode } from '../../fhir/issue.ts';
import type { Clause } from '../../ports/query.ts';
import { expandValueSet } from '../terminology/expand.ts';
import type { TerminologySource, Selection } from '../terminology/terminology-source.ts';
import { ancestorsOf, descendantsOf } from '../terminology/hierarchy.ts';
import { ask } from '../terminology/membership.ts';
import type { Asking } from '../terminology/selection.ts';
import { readKey, writingsOf } from './ask-token.ts';
import { anyClause, type ParameterRequest } from './parameter-request.ts';
import { splitEscaped, unescape } from './escape.ts';
import { termTestsOf } from './filter-expression.ts';
import { invalid, shownName } from './refusal.ts';

/** The largest number of codes that one value may stand for. */
export const CODES_MAX = 10_000;
/** The largest number of codes that all values of one search may stand for. */
const ALL_CODES_MAX = 50_000;

/** The value sets and code systems that a search names, so that stored ones can be loaded before the search is read. */
export interface NamedTerms {
  readonly valueSets: readonly string[];
  readonly systems: readonly string[];
}

/** The value sets and code systems in the pairs of a search; empty when no modifier is about terminology. */
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

/** The terminology questions of one search: each value set is expanded once, and the whole work is bounded. */
interface Session {
  readonly asking: Asking;
  /** Expansions by canonical. */
  readonly listed: Map<string, ReadonlyMap<string, ReadonlySet<string>>>;
  /** Value sets whose every member is known, as far as they were looked at. */
  readonly whole: Map<Selection, boolean>;
  /** The codes that the search looks for. */
  codes: number;
}

const sessions = new WeakMap<TerminologySource, Session>();

/** The terminology of a search, which brings its own `held`. */
function sessionOf(held: TerminologySource): Session {
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
export function askIn(value: string, asked: ParameterRequest): Clause {
  const session = sessionOf(heldOf(asked));
  const canonical = readKey(asked.name, value);
  const listed = session.listed.get(canonical) ?? listCodes(session, canonical, asked);
  session.listed.set(canonical, listed);
  return anyClause([...listed].map(([system, members]) => codesOf(system, [...members], asked)));
}

function listCodes(
  { asking, whole }: Session,
  canonical: string,
  asked: ParameterRequest,
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

/**
 * Whether every member is known. When this server has only a part of a system, the system has more codes than are
 * listed.
 */
function isWhole(held: TerminologySource, selection: Selection, told: Map<Selection, boolean>): boolean {
  const known = told.get(selection);
  if (known !== undefined) return known;
  told.set(selection, true); // a system that includes itself adds nothing
  const whole = (selection.compose?.include ?? []).every(({ system, concept, valueSet = [] }) => {
    const listed = system === undefined || concept !== undefined || held.system(system)?.content !== 'part';
    const inner = valueSet.map((canonical) => held.valueSet(canonical));
    return listed && inner.every((one) => one === undefined || isWhole(held, one, told));
  });
  told.set(selection, whole);
  return whole;
}

/** The codes "subsumed by the specified code", or those that subsume it: `system|code`. */
function askSubsumed(walk: typeof descendantsOf | typeof ancestorsOf) {
  return (value: string, asked: ParameterRequest): Clause => {
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

function codesOf(system: string, codes: readonly string[], asked: ParameterRequest): Clause {
  if (codes.length > CODES_MAX)
    throw refusal('expansion-too-costly', asked, `more than ${CODES_MAX} codes of a system`);
  const session = sessionOf(heldOf(asked));
  session.codes += codes.length;
  if (session.codes > ALL_CODES_MAX)
    throw refusal('expansion-too-costly', asked, `more than ${ALL_CODES_MAX} codes in one search`);
  const written = codes.flatMap((code) => writingsOf(code, system, asked.datatypes));
  return { kind: 'codes', param: asked.param, system, codes: [...new Set(written)] };
}

function heldOf(asked: ParameterRequest): TerminologySource {
  if (asked.terminology === undefined)
    throw refusal('code-system-unknown', asked, 'no terminology is asked here');
  return asked.terminology;
}

const refusal = (code: IssueCode, { name }: ParameterRequest, why: string): OperationOutcomeError =>
  new OperationOutcomeError(code, { diagnostics: `${shownName(name)}: ${why}` });
