/**
 * The profiles that a resource claims in `meta.profile` (http://hl7.org/fhir/R4/profiling.html), as far as they are known
 * here. What is checked of them stands in `profiles/SOURCES.md`.
 */
import profiles from '../generated/profiles.json' with { type: 'json' };
import type { Tree } from './invariants.ts';
import type { ProfileRow, ProfileRule, Slice } from './profile-row.ts';
import { faultOfTarget } from './references.ts';
import type { Found, Run } from './run.ts';
import { elementsOf, propertiesOf, readType, type ElementType } from './structure.ts';

const ROWS: ReadonlyMap<string, ProfileRow> = new Map(Object.entries(profiles as Record<string, ProfileRow>)); // generated as such

/** Canonicals of the profiles that are checked when claimed. */
export const KNOWN_PROFILES: readonly string[] = [...ROWS.keys()];

/**
 * Version 1.0.0 (STU1) of this profile has the same canonical and does not ask for these; a resource that names no
 * version may mean it.
 */
const STU1_LACKS: Readonly<Record<string, readonly string[]>> = {
  'http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-ReferralTask': ['code', 'for'],
};

type Met = Run['resources'][number];

/** What is wrong with a structurally sound resource by the profiles it claims: one finding a place. */
export function checkProfiles(met: Met): readonly Found[] {
  const claimed: unknown = met.resource.meta?.profile;
  const found = (Array.isArray(claimed) ? claimed : []).flatMap((canonical: unknown, index) =>
    typeof canonical === 'string' ? checkProfile(met, canonical, `${met.place}/meta/profile/${index}`) : [],
  );
  const places = new Set<string>();
  return found.filter(({ place }) => !places.has(place) && places.add(place));
}

function checkProfile(met: Met, canonical: string, claim: string): readonly Found[] {
  const [url = '', version] = canonical.split('|');
  const row = ROWS.get(url);
  if (row === undefined) return [unknown(claim, 'this profile is not known here, so it was not checked')];
  if (version !== undefined && version !== row.version) {
    return [unknown(claim, `of this profile version ${row.version} is known here, so it was not checked`)];
  }
  if (row.type !== met.resource.resourceType) return [fault(claim, `this profile is for ${row.type}`)];
  const lenient = version === undefined ? (STU1_LACKS[url] ?? []) : [];
  const name = url.slice(url.lastIndexOf('/') + 1);
  return row.rules.flatMap((rule) => {
    const found = checkRule(met, rule, name);
    return lenient.includes(rule.path)
      ? found.map((each) => (isMissing(met, rule) ? asWarning(each) : each))
      : found;
  });
}

function fault(place: string, says: string): Found {
  return { code: 'profile-invalid', type: 'invariant', place, says };
}

function unknown(place: string, says: string): Found {
  return { code: 'profile-invalid', type: 'not-found', severity: 'information', place, says };
}

function asWarning(found: Found): Found {
  return { ...found, severity: 'warning' };
}

function isMissing({ resource }: Met, { path }: ProfileRule): boolean {
  return resource[path] === undefined;
}

/** A value with its place. */
interface Node {
  readonly value: unknown;
  readonly place: string;
  /** Its type, for what is of a choice. */
  readonly code?: string;
}

function checkRule(met: Met, rule: ProfileRule, profile: string): readonly Found[] {
  const root: Node = { value: met.resource, place: met.place };
  const start = rule.within === undefined ? [root] : members(root, rule.within);
  const parts = rule.path.split('.');
  const last = parts.pop() ?? '';
  const parents = parts.reduce<readonly Node[]>(
    (nodes, part) => nodes.flatMap((node) => children(node, part)),
    start,
  );
  return parents.flatMap((parent) => checkElement(met, rule, parent, last, profile));
}

function checkElement(
  met: Met,
  rule: ProfileRule,
  parent: Node,
  name: string,
  profile: string,
): readonly Found[] {
  const { slice, min = 0, max = Infinity, pattern, types } = rule;
  const nodes = slice === undefined ? children(parent, name) : members(parent, slice);
  const place = `${parent.place}/${name.replace('[x]', '')}`;
  const what = slice === undefined ? 'it' : `one whose ${slice.by} is ${nameOf(slice.pattern)}`;
  if (nodes.length < min) return [fault(place, `${profile} needs ${what}`)];
  if (nodes.length > max)
    return [fault(place, `${profile} allows at most ${max} of ${what === 'it' ? 'them' : what}`)];
  return nodes.flatMap((node) => {
    if (pattern !== undefined && !matches(pattern, node.value)) {
      return [fault(node.place, `${profile} expects ${nameOf(pattern)}`)];
    }
    const wrong = types === undefined ? undefined : faultOfType(met, types.map(readType), node);
    return wrong === undefined ? [] : [fault(node.place, `${wrong} (${profile})`)];
  });
}

function faultOfType(met: Met, types: readonly ElementType[], { value, code }: Node): string | undefined {
  const type = code === undefined ? types[0] : types.find((each) => each.code === code);
  if (type === undefined) return `expected ${types.map((each) => each.code).join(' or ')}`;
  if (type.targets.length === 0 || typeof value !== 'object' || value === null) return undefined;
  return faultOfTarget(met.container, value, type.targets);
}

/** The values of an element, each member of a list; a value that is only extensions is there too. */
function children({ value, place }: Node, name: string): readonly Node[] {
  const tree = value as Tree; // only structures have rules below them
  if (name.endsWith('[x]')) return choiceOf(tree, place, name.slice(0, -3));
  const child = tree[name] ?? tree[`_${name}`];
  if (child === undefined) return [];
  const at = `${place}/${name}`;
  return Array.isArray(child)
    ? child.map((member: unknown, index) => ({ value: member, place: `${at}/${index}` }))
    : [{ value: child, place: at }];
}

/** Any datatype may stand where a profile narrows a choice, so an Extension's choice, which has them all, names them. */
const ANY = elementsOf('Extension')
  .filter(({ choice }) => choice)
  .flatMap(propertiesOf);

function choiceOf(tree: Tree, place: string, name: string): readonly Node[] {
  return ANY.flatMap(([property, { code }]) => {
    const key = property.replace(/^value/, name);
    const value = tree[key] ?? tree[`_${key}`];
    return value === undefined ? [] : [{ value, place: `${place}/${key}`, code }];
  });
}

function members(parent: Node, { list, by, pattern }: Slice): readonly Node[] {
  return children(parent, list).filter(({ value }) => matches(pattern, (value as Tree)[by])); // slices are of structures
}

/** Everything of the pattern is in the value (http://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_). */
function matches(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(pattern)) {
    return Array.isArray(value) && pattern.every((part) => value.some((member) => matches(part, member)));
  }
  if (typeof pattern !== 'object' || pattern === null) return pattern === value;
  if (typeof value !== 'object' || value === null) return false;
  const tree = value as Tree; // an object
  return Object.entries(pattern).every(([name, part]) => matches(part, tree[name]));
}

/** The codes of a pattern, for a person. */
function nameOf(pattern: unknown): string {
  if (typeof pattern === 'string') return pattern;
  const { coding = [] } = pattern as { coding?: readonly { system: string; code: string }[] }; // patterns are codes or concepts
  return coding.map(({ system, code }) => `${system}#${code}`).join(' and ');
}
