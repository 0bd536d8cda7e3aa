/**
 * Checks the profiles that a resource claims in `meta.profile`, or by which it is to be judged
 * (http://hl7.org/fhir/R4/profiling.html), as far as this server has them. `profiles/SOURCES.md` says which parts it
 * checks.
 */
import { checkValue } from './element-check.ts';
import { KNOWN_PROFILES, isError, profileRow, type Around, type Check, type Stand } from './profile-check.ts';
import type { ValidationFinding, Met, ValidationRun } from './run.ts';
import { judge, lastPartOf } from './target-check.ts';
import { outermost } from './targets.ts';
import type { Resource } from '../../fhir/types.ts';

export { KNOWN_PROFILES };

/**
 * Elements that version 1.0.0 (STU1) of this profile does not require. It has the same canonical, so a resource that
 * names no version may mean it.
 */
const STU1_LACKS: Readonly<Record<string, readonly string[]>> = {
  'http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-ReferralTask': ['/code', '/for'],
};

/**
 * The faults of structurally sound resources by the profiles that they claim, and by further ones of the outermost
 * resource.
 */
export function checkProfiles(
  { resources }: Pick<ValidationRun, 'resources'>,
  root: Resource,
  around: Around,
  { against, oneOf }: ProfileQuestion = NOTHING,
): readonly ValidationFinding[] {
  const check: Check = { around, stand: outermost(root), name: '', found: [], known: new Map(), checkValue };
  for (const met of resources)
    check.found.push(...claimsOf(met).flatMap((claim) => checkClaim(check, met, claim)));
  for (const canonical of against)
    check.found.push(...checkClaim(check, outermost(root), { canonical, place: '' }));
  if (oneOf.length > 0) check.found.push(...checkOneOf(check, root, oneOf));
  return once(check.found);
}

/** Profiles of the outermost resource beside those that it claims. */
interface ProfileQuestion {
  /** All of these must hold. */
  readonly against: readonly string[];
  /** One of these must hold. */
  readonly oneOf: readonly string[];
}

const NOTHING: ProfileQuestion = { against: [], oneOf: [] };

function checkOneOf(check: Check, root: Resource, profiles: readonly string[]): readonly ValidationFinding[] {
  const judged = profiles.map((canonical) => judge(check, outermost(root), canonical) ?? []);
  if (judged.some((found) => !found.some(isError))) return [];
  const says = `one of the profiles ${profiles.map(lastPartOf).join(', ')} must hold`;
  return [{ code: 'profile-invalid', type: 'invariant', place: '', says }, ...(judged[0] ?? [])];
}

interface Claim {
  readonly canonical: string;
  readonly place: string;
}

function claimsOf({ resource, place }: Met): readonly Claim[] {
  const claimed: unknown = resource.meta?.profile;
  return (Array.isArray(claimed) ? claimed : []).flatMap((canonical: unknown, index) =>
    typeof canonical === 'string' ? [{ canonical, place: `${place}/meta/profile/${index}` }] : [],
  );
}

/** Whether this server has the profile of a canonical, in its version if it has one. */
export function hasProfile(around: Around, canonical: string): boolean {
  const [url = '', version] = canonical.split('|');
  const row = profileRow(around, url);
  return row !== undefined && (version === undefined || version === row.version);
}

function checkClaim(check: Check, met: Met, { canonical, place }: Claim): readonly ValidationFinding[] {
  const [url = '', version] = canonical.split('|');
  const row = profileRow(check.around, url);
  if (row === undefined) return [unknown(place, 'this profile is not known here, so it was not checked')];
  if (version !== undefined && version !== row.version) {
    return [unknown(place, `of this profile version ${row.version} is known here, so it was not checked`)];
  }
  if (row.type !== met.resource.resourceType)
    return [{ code: 'profile-invalid', type: 'invariant', place, says: `this profile is for ${row.type}` }];
  const stand: Stand = { resource: met.resource, place: met.place, root: check.stand.root };
  const found = judge({ ...check, name: lastPartOf(url) }, stand, url) ?? [];
  const lenient = version === undefined ? (STU1_LACKS[url] ?? []) : [];
  return found.map((each) =>
    each.kind === 'min' && lenient.includes(each.place.slice(met.place.length))
      ? { ...each, severity: 'warning' }
      : each,
  );
}

function unknown(place: string, says: string): ValidationFinding {
  return { code: 'profile-invalid', type: 'not-found', severity: 'information', place, says };
}

/** The same breach of two profiles is reported once, and as an error if it is one in either. */
function once(found: readonly ValidationFinding[]): readonly ValidationFinding[] {
  const told = new Map<string, ValidationFinding>();
  for (const each of found) {
    const key = each.kind === undefined ? `${each.place} ${each.says}` : `${each.place} ${each.kind}`;
    const before = told.get(key);
    if (before === undefined || (isError(each) && !isError(before))) told.set(key, each);
  }
  return [...told.values()];
}
