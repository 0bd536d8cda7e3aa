/**
 * Whether a code belongs to a value set (http://hl7.org/fhir/R4/valueset.html#compositions), by the terminology that
 * this server has: yes, no, or not known. "Within an include, all the criteria apply; a code is in the value set if any
 * include selects it and no exclude does."
 */
import { compileFilter, type MembershipAnswer, type Judge, type Work } from './filters.ts';
import {
  conceptOf,
  isCodeOf,
  codeKey,
  type Coded,
  type Compose,
  type TerminologySource,
  type Include,
  type Selection,
  type System,
} from './terminology-source.ts';

/** The deepest nesting of value sets. */
export const IMPORTS_MAX = 16;

export interface Asking extends Work {
  readonly held: TerminologySource;
  /** The value sets that led to this one. If it is among them, the composition is circular. */
  readonly trail: readonly Selection[];
  /** The answers of included value sets about a code, so that each is computed once. */
  readonly told: Map<Selection, Map<string, MembershipAnswer>>;
  /** How often a circle ended the search. Answers found meanwhile may differ from elsewhere. */
  readonly ended: { count: number };
}

export function isSelected(asking: Asking, selection: Selection, coded: Coded): MembershipAnswer {
  asking.spend(1);
  if (asking.trail.includes(selection) || asking.trail.length >= IMPORTS_MAX) {
    asking.ended.count += 1;
    return undefined;
  }
  const within = { ...asking, trail: [...asking.trail, selection] };
  const { compose, expansion } = selection;
  if (compose !== undefined) return isComposed(within, compose, coded);
  return expansion === undefined ? undefined : isListed(asking, expansion, coded);
}

function isComposed(asking: Asking, compose: Compose, coded: Coded): MembershipAnswer {
  const { include, exclude = [], inactive } = compose;
  const included = anyOf(include, (part) => isOfPart(asking, part, coded));
  if (included === false) return false;
  const excluded = anyOf(exclude, (part) => isOfPart(asking, part, coded));
  if (excluded === true) return false;
  if (inactive === false && isInactive(asking, coded)) return false;
  return included === true && excluded === false ? true : undefined;
}

function isInactive({ held }: Asking, { system = '', code }: Coded): boolean {
  const found = held.system(system);
  return found !== undefined && conceptOf(found, code)?.inactive === true;
}

/** Whether an include, or an exclude, selects a code. */
export function isOfPart(asking: Asking, part: Include, coded: Coded): MembershipAnswer {
  asking.spend(1);
  const { system, valueSet = [] } = part;
  if (system === undefined && valueSet.length === 0) return undefined;
  const own = system === undefined ? true : isOfSystem(asking, part, system, coded);
  if (own === false) return false;
  const imported = allOf(valueSet, (canonical) => isImported(asking, canonical, coded));
  return own === undefined && imported === true ? undefined : imported;
}

function isImported(asking: Asking, canonical: string, coded: Coded): MembershipAnswer {
  const selection = asking.held.valueSet(canonical);
  if (selection === undefined) return undefined;
  const key = `${coded.system ?? ''}|${coded.code}`;
  const told = asking.told.get(selection) ?? new Map<string, MembershipAnswer>();
  asking.told.set(selection, told);
  if (told.has(key)) return told.get(key);
  const { count } = asking.ended;
  const answer = isSelected(asking, selection, coded);
  // An unknown answer may come from a circle that is none from elsewhere.
  if (answer !== undefined || asking.ended.count === count) told.set(key, answer);
  return answer;
}

function isOfSystem(asking: Asking, part: Include, url: string, { system, code }: Coded): MembershipAnswer {
  if (system !== undefined && system !== url) return false;
  const held = systemOfPart(asking.held, part);
  if (part.concept !== undefined) return listedIn(part, held).has(codeKey(held ?? EXACT, code));
  const isCode = held === undefined ? undefined : isCodeOf(held, code);
  if (held === undefined || isCode !== true || part.filter === undefined) return isCode;
  const concept = conceptOf(held, code);
  if (concept === undefined) return undefined;
  return allOf(judgesOf(part, held), (judge) => judge?.(concept, asking));
}

const EXACT = { caseSensitive: true };

/** The system of a part, in the version that the part names. */
export function systemOfPart(held: TerminologySource, { system = '', version }: Include): System | undefined {
  return held.system(version === undefined ? system : `${system}|${version}`);
}

const listed = new WeakMap<Include, ReadonlySet<string>>();

/** The codes that a part lists. The set is kept, since an enumeration is looked up often. */
function listedIn(part: Include, system: System | undefined): ReadonlySet<string> {
  const known = listed.get(part) ?? new Set(part.concept?.map(({ code }) => codeKey(system ?? EXACT, code)));
  listed.set(part, known);
  return known;
}

const judges = new WeakMap<Include, WeakMap<System, readonly (Judge | undefined)[]>>();

/** The filters of a part; undefined stands for one that cannot be judged. */
export function judgesOf(part: Include, system: System): readonly (Judge | undefined)[] {
  const ofPart = judges.get(part) ?? new WeakMap<System, readonly (Judge | undefined)[]>();
  judges.set(part, ofPart);
  const known = ofPart.get(system) ?? (part.filter ?? []).map((filter) => compileFilter(system, filter));
  ofPart.set(system, known);
  return known;
}

type Expansion = NonNullable<Selection['expansion']>;
type Contains = NonNullable<Expansion['contains']>;

const expanded = new WeakMap<Expansion, ReadonlySet<string>>();

/** Membership in a value set that is known only by its expansion. */
function isListed({ spend }: Asking, expansion: Expansion, { system, code }: Coded): boolean {
  const known = expanded.get(expansion) ?? new Set(keysIn(expansion.contains ?? [], spend));
  expanded.set(expansion, known);
  return known.has(system === undefined ? code : `${code} ${system}`);
}

/** The keys of a code: by itself, and with its system. */
function* keysIn(contains: Contains, spend: Asking['spend']): Generator<string> {
  for (const { abstract, code, system = '', contains: below = [] } of contains) {
    spend(1);
    if (abstract !== true && code !== undefined) yield* [code, `${code} ${system}`];
    yield* keysIn(below, spend);
  }
}

function anyOf<T>(list: readonly T[], ask: (one: T) => MembershipAnswer): MembershipAnswer {
  let answer: MembershipAnswer = false;
  for (const one of list) {
    const each = ask(one);
    if (each === true) return true;
    if (each === undefined) answer = undefined;
  }
  return answer;
}

function allOf<T>(list: readonly T[], ask: (one: T) => MembershipAnswer): MembershipAnswer {
  let answer: MembershipAnswer = true;
  for (const one of list) {
    const each = ask(one);
    if (each === false) return false;
    if (each === undefined) answer = undefined;
  }
  return answer;
}
