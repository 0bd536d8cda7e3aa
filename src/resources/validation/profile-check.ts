/** One check of a resource against profiles under way: what it may ask of the world around, and what it found. */
import type { Resource } from '../../fhir/types.ts';
import extensions from '../generated/extensions.json' with { type: 'json' };
import profiles from '../generated/profiles.json' with { type: 'json' };
import type { Node } from './node.ts';
import type { ElementRule, ExtensionRow, ProfileRow } from './profile-row.ts';
import { note, type Found, type Met } from './run.ts';

export { isError } from './run.ts';

export type Membership = 'member' | 'not-member' | 'unknown';

/** What the rules of profiles ask of the world; whatever is absent is not known, and never guessed. */
export interface Around {
  /** Whether a code is of a value set, by its canonical. */
  readonly membershipOf?: (valueSet: string, coding: Coding) => Membership;
  /** A stored resource that the caller may see, by a reference as written. */
  readonly resolve?: (reference: string) => Resource | undefined;
  /** Whether an expression holds for a value of a resource; undefined when that cannot be told here. */
  readonly evaluate?: (expression: string, node: Node, of: Stand) => boolean | undefined;
  /** Places within a resource that an expression selects; undefined when that cannot be told here. */
  readonly locate?: (expression: string, resource: Resource) => readonly string[] | undefined;
  /** Modifier extensions that are not known forbid a write unless they are accepted. */
  readonly unknownModifiers?: 'refuse' | 'accept';
  /** Profiles beside those of the tables, by canonical. */
  readonly furtherProfiles?: ReadonlyMap<string, ProfileRow>;
  /** Also what is no fault: must-support elements that are absent, extensions and targets that are not known. */
  readonly thorough?: boolean;
}

export interface Coding {
  readonly system?: string | undefined;
  readonly code: string;
}

/** A resource with its place in the outermost one. */
export interface Stand extends Met {
  readonly root: Resource;
}

export interface Check {
  readonly around: Around;
  /** The resource that is judged. */
  readonly stand: Stand;
  /** The profile, for a person: the last part of its canonical. */
  readonly name: string;
  readonly found: Found[];
  /** Checks one value by one rule; a slice and a profile of a value begin it anew. */
  readonly checkValue: (check: Check, rule: ElementRule, node: Node) => void;
  /** Faults of resources by profile, so that each is judged once; undefined while it is being judged. */
  readonly known: Map<object, Map<string, readonly Found[] | undefined>>;
}

// Both are generated as such.
const PROFILES: ReadonlyMap<string, ProfileRow> = new Map(
  Object.entries(profiles as unknown as Record<string, ProfileRow>),
);
const EXTENSIONS: ReadonlyMap<string, ExtensionRow> = new Map(
  Object.entries(extensions as unknown as Record<string, ExtensionRow>),
);

/** Canonicals of the profiles that are checked when claimed. */
export const KNOWN_PROFILES: readonly string[] = [...PROFILES.keys()];

/** A profile or an extension that is known. */
export const rowOf = ({ furtherProfiles: more }: Around, canonical: string): ProfileRow | undefined =>
  more?.get(canonical) ?? PROFILES.get(canonical) ?? EXTENSIONS.get(canonical);

/** The definition of an extension that is known. */
export function extensionOf({ furtherProfiles: more }: Around, url: string): ExtensionRow | undefined {
  const further = more?.get(url);
  return further !== undefined && 'context' in further ? (further as ExtensionRow) : EXTENSIONS.get(url); // a row with a context
}

/** What is found of one rule is of one kind, so that two profiles that ask for the same are heard once. */
export function addFault(check: Check, place: string, kind: string, says: string): void {
  note(check.found, { code: 'profile-invalid', type: 'invariant', place, says, kind });
}

/** Something that forbids nothing. */
export function addRemark(
  check: Check,
  place: string,
  kind: string,
  says: string,
  severity: 'warning' | 'information' = 'information',
): void {
  const type = severity === 'information' ? 'informational' : 'invariant';
  note(check.found, { code: 'profile-invalid', type, place, says, severity, kind });
}

/** A check of the same resource that keeps what it finds to itself. */
export const apart = (check: Check): Check => ({ ...check, found: [] });

export type Verdict = 'yes' | 'no' | 'maybe';

export const anyOf = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.includes('yes') ? 'yes' : verdicts.includes('maybe') ? 'maybe' : 'no';

export const allOf = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.includes('no') ? 'no' : verdicts.includes('maybe') ? 'maybe' : 'yes';

/** The rule of an element below, by its name with or without `[x]`; also where the one profile of its type has it. */
export function ruleBelow(around: Around, rule: ElementRule, name: string): ElementRule | undefined {
  const own = rule.elements?.[name] ?? rule.elements?.[`${name}[x]`];
  if (own !== undefined) return own;
  const profiles = rule.types?.length === 1 ? rule.types[0]?.profiles : undefined;
  const row = profiles?.length === 1 ? rowOf(around, profiles[0] ?? '') : undefined;
  return row === undefined ? undefined : ruleBelow(around, row.rule, name);
}
