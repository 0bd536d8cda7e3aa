/** The state of one check of a resource against profiles: the questions that it may ask, and its findings. */
import type { Resource } from '../../fhir/types.ts';
import extensions from '../generated/extensions.json' with { type: 'json' };
import profiles from '../generated/profiles.json' with { type: 'json' };
import type { Membership } from '../terminology/membership.ts';
import type { Node } from './node.ts';
import type { ElementRule, ExtensionRow, ProfileRow } from './profile-row.ts';
import { keepFinding, type ValidationFinding, type Met } from './run.ts';

export { isError } from './run.ts';

/**
 * The questions that the rules of profiles may ask. An absent function makes the answer unknown; the check never
 * guesses.
 */
export interface Around {
  /** Whether a code belongs to a value set, by its canonical. */
  readonly membershipOf?: (valueSet: string, coding: Coding) => Membership;
  /** A stored resource that the caller may see, by a reference as written. */
  readonly resolve?: (reference: string) => Resource | undefined;
  /** Whether an expression holds for a value of a resource; undefined when that is unknown here. */
  readonly evaluate?: (expression: string, node: Node, of: Stand) => boolean | undefined;
  /** The places within a resource that an expression selects; undefined when they are unknown here. */
  readonly locate?: (expression: string, resource: Resource) => readonly string[] | undefined;
  /** Whether unknown modifier extensions are accepted; otherwise they forbid a write. */
  readonly unknownModifiers?: 'refuse' | 'accept';
  /** Profiles beside those of the tables, by canonical. */
  readonly furtherProfiles?: ReadonlyMap<string, ProfileRow>;
  /** Whether to report also what is no fault: absent must-support elements, unknown extensions and targets. */
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
  /** The judged resource. */
  readonly stand: Stand;
  /** The profile, for a person: the last part of its canonical. */
  readonly name: string;
  readonly found: ValidationFinding[];
  /** Checks one value by one rule; a slice and a profile of a value start a new check. */
  readonly checkValue: (check: Check, rule: ElementRule, node: Node) => void;
  /** The faults of resources by profile, so that each is judged once; undefined while it is being judged. */
  readonly known: Map<object, Map<string, readonly ValidationFinding[] | undefined>>;
}

// The generator makes both in this form.
const PROFILES: ReadonlyMap<string, ProfileRow> = new Map(
  Object.entries(profiles as unknown as Record<string, ProfileRow>),
);
const EXTENSIONS: ReadonlyMap<string, ExtensionRow> = new Map(
  Object.entries(extensions as unknown as Record<string, ExtensionRow>),
);

/** Canonicals of the profiles that the server checks when a resource claims them. */
export const KNOWN_PROFILES: readonly string[] = [...PROFILES.keys()];

/** A known profile or extension. */
export const profileRow = ({ furtherProfiles: more }: Around, canonical: string): ProfileRow | undefined =>
  more?.get(canonical) ?? PROFILES.get(canonical) ?? EXTENSIONS.get(canonical);

/** The definition of a known extension. */
export function extensionOf({ furtherProfiles: more }: Around, url: string): ExtensionRow | undefined {
  const further = more?.get(url);
  return further !== undefined && 'context' in further ? (further as ExtensionRow) : EXTENSIONS.get(url); // a row with a context
}

/** The kind of a rule's findings. Two profiles with the same rule report a fault once. */
export function addFault(check: Check, place: string, kind: string, says: string): void {
  keepFinding(check.found, { code: 'profile-invalid', type: 'invariant', place, says, kind });
}

/** Adds a finding that forbids nothing. */
export function addRemark(
  check: Check,
  place: string,
  kind: string,
  says: string,
  severity: 'warning' | 'information' = 'information',
): void {
  const type = severity === 'information' ? 'informational' : 'invariant';
  keepFinding(check.found, { code: 'profile-invalid', type, place, says, severity, kind });
}

/** A check of the same resource that keeps its findings to itself. */
export const apart = (check: Check): Check => ({ ...check, found: [] });

export type ProfileVerdict = 'yes' | 'no' | 'maybe';

export const anyVerdict = (verdicts: readonly ProfileVerdict[]): ProfileVerdict =>
  verdicts.includes('yes') ? 'yes' : verdicts.includes('maybe') ? 'maybe' : 'no';

export const allOf = (verdicts: readonly ProfileVerdict[]): ProfileVerdict =>
  verdicts.includes('no') ? 'no' : verdicts.includes('maybe') ? 'maybe' : 'yes';

/**
 * The rule of an element below, by its name with or without `[x]`; also when only the one profile of its type has it.
 */
export function ruleBelow(around: Around, rule: ElementRule, name: string): ElementRule | undefined {
  const own = rule.elements?.[name] ?? rule.elements?.[`${name}[x]`];
  if (own !== undefined) return own;
  const profiles = rule.types?.length === 1 ? rule.types[0]?.profiles : undefined;
  const row = profiles?.length === 1 ? profileRow(around, profiles[0] ?? '') : undefined;
  return row === undefined ? undefined : ruleBelow(around, row.rule, name);
}
