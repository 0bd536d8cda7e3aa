/**
 * Granular scopes by brute force: random ones, and the world from which every version that they leave out was removed
 * (smart SM-26 to SM-39). Shares nothing with the server: a scope is a test on JSON.
 */
import type { Ref } from '../../../src/fhir/types.ts';
import { SERVED_TYPES } from '../../../src/resources/index.ts';
import { refOf, type Stored } from '../../world.ts';
import { PARAMETERS } from './random-query.ts';
import type { Dice } from './random-world.ts';
import {
  allReferences,
  referencesAt,
  typeOf,
  valuesAt,
  type SightOracle,
  type Version,
} from './sight-oracle.ts';

/** What comparisons ask of an oracle. */
export type Seeing = Pick<
  SightOracle,
  | 'custodianOf'
  | 'leavesOut'
  | 'newest'
  | 'reaches'
  | 'received'
  | 'refs'
  | 'sees'
  | 'seesVersion'
  | 'tellsOf'
  | 'tellsOfVersion'
  | 'versions'
  | 'worldOf'
>;

type Test = (one: Stored) => boolean;

export interface RandomScopes {
  readonly text: string;
  /** The types that are narrowed; undefined: every type. */
  readonly holds: Test;
  /** Whether a type is left as a whole. */
  readonly isWhole: (type: string) => boolean;
  /** Whether there is a scope for every type at once. */
  readonly ofEveryType: boolean;
}

const LABELS = ['R', 'N', 'ETH', '42CFRPart2', 'none'];

/** Some types are narrowed by one scope or by several, others whole; seldom all are narrowed by a label, and some more. */
export function randomScopes(dice: Dice, refs: readonly Ref[]): RandomScopes {
  const ofEveryType = dice.roll(4) === 0;
  const label = dice.pick(LABELS) ?? 'R';
  const tests = new Map<string, Test[]>();
  const words: string[] = ofEveryType ? [`user/*.rs?_security=${label}`] : [];
  for (const type of Object.keys(PARAMETERS)) {
    const scopes = dice.roll(3) === 0 ? 1 + dice.roll(2) : 0;
    const found = Array.from({ length: scopes }, () => randomScope(dice, type, refs));
    if (found.length === 0) continue;
    tests.set(
      type,
      found.map(({ holds }) => holds),
    );
    words.push(...found.map(({ text }) => text));
  }
  if (!ofEveryType)
    words.push(...[...SERVED_TYPES].filter((type) => !tests.has(type)).map((type) => `user/${type}.rs`));
  const isWhole = (type: string): boolean => !ofEveryType && !tests.has(type);
  return {
    text: words.join(' '),
    ofEveryType,
    isWhole,
    holds: (one) =>
      isWhole(one.resourceType) ||
      (ofEveryType && valuesAt(one, 'meta.security.code').includes(label)) ||
      (tests.get(one.resourceType) ?? []).some((test) => test(one)),
  };
}

/** One scope of a type, with one parameter or two; one parameter may have two values. */
function randomScope(
  dice: Dice,
  type: string,
  refs: readonly Ref[],
): { readonly text: string; readonly holds: Test } {
  const parts = Array.from({ length: 1 + Number(dice.roll(4) === 0) }, () => randomPart(dice, type, refs));
  return {
    text: `user/${type}.rs?${parts.map(({ text }) => text).join('&')}`,
    holds: (one) => parts.every(({ holds }) => holds(one)),
  };
}

function randomPart(
  dice: Dice,
  type: string,
  refs: readonly Ref[],
): { readonly text: string; readonly holds: Test } {
  const own = Object.entries(PARAMETERS[type] ?? {}).filter(([code]) => !code.includes(':'));
  const [code, parameter] = dice.pick(own) ?? ['_id', { path: 'id', to: [] }];
  const { path, to, values } = parameter;
  if (code === '_id') {
    const ids = refs.filter((ref) => typeOf(ref) === type).map((ref) => ref.slice(type.length + 1));
    const id = dice.pick(ids) ?? 'none';
    return { text: `_id=${id}`, holds: (one) => one.id === id };
  }
  const candidates = values ?? refs.filter((ref) => to?.includes(typeOf(ref)));
  const chosen = Array.from(
    { length: 1 + dice.roll(2) },
    () => dice.pick(candidates) ?? `${to?.[0] ?? ''}/none`,
  );
  const found: (one: Stored) => readonly unknown[] = (one) =>
    to === undefined ? valuesAt(one, path) : referencesAt(one, path);
  return {
    text: `${code}=${chosen.join()}`,
    holds: (one) => found(one).some((value) => chosen.includes(String(value))),
  };
}

/** The same oracle without what the scopes leave out: of each resource what its newest version is, of each version that. */
export function narrowed(oracle: SightOracle, scopes: RandomScopes): Seeing {
  /** The version, or of a deletion the one before it. */
  const lastAt = (ref: Ref, seq: number): Stored | undefined =>
    oracle.versions.findLast((one) => one.ref === ref && one.seq <= seq && one.json !== undefined)?.json;
  const holdsAt = (ref: Ref, seq: number): boolean => {
    const last = lastAt(ref, seq);
    return last !== undefined && scopes.holds(last);
  };
  const holdsNow = (ref: Ref): boolean => holdsAt(ref, Infinity);

  /** (smart SM-37) */
  const isFileShown = (org: Ref, ref: Ref): boolean => {
    if (typeOf(ref) !== 'Binary') return true;
    const documents = oracle
      .worldOf(org)
      .filter((one) => one.resourceType === 'DocumentReference' && allReferences(one['content']).has(ref));
    return documents.length === 0 || documents.some((one) => scopes.holds(one));
  };

  const sees = (org: Ref, ref: Ref): boolean =>
    oracle.sees(org, ref) && holdsNow(ref) && isFileShown(org, ref);
  const tellsOf = (org: Ref, ref: Ref): boolean =>
    oracle.tellsOf(org, ref) && holdsNow(ref) && isFileShown(org, ref);
  return {
    refs: oracle.refs,
    versions: oracle.versions,
    custodianOf: (ref) => oracle.custodianOf(ref),
    leavesOut: (org, ref) => oracle.leavesOut(org, ref),
    newest: (ref) => oracle.newest(ref),
    reaches: (org, ref) => oracle.reaches(org, ref) && holdsNow(ref),
    tellsOf,
    // Of what is seen, a version that the scopes leave out is not withheld: it is not there.
    tellsOfVersion: (org, { ref, seq }) => tellsOf(org, ref) && (!sees(org, ref) || holdsAt(ref, seq)),
    sees,
    seesVersion: (org, version: Version) =>
      oracle.seesVersion(org, version) &&
      holdsNow(version.ref) &&
      holdsAt(version.ref, version.seq) &&
      isFileShown(org, version.ref),
    received(org, ref) {
      const version = oracle.received(org, ref);
      return version && holdsAt(ref, version.seq) && isFileShown(org, ref) ? version : undefined;
    },
    worldOf: (org) => oracle.worldOf(org).filter((one) => scopes.holds(one) && isFileShown(org, refOf(one))),
  };
}
