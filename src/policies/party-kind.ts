/**
 * What a party is in the eyes of the law (compliance D1; harmony Z15). Whether something may be told turns on it: 45 CFR
 * 164.506(c) speaks of providers and covered entities, 160.103 says who is one.
 */

/** Codes of https://closeloop.dev/fhir/CodeSystem/party-kind. */
export const PARTY_KINDS = [
  'provider',
  'part2-program',
  'health-plan',
  'community-organization',
  'business-associate',
  'intermediary',
  'public-health-authority',
  'protective-services',
  'oversight-agency',
  'court',
  'correctional',
  'workers-compensation',
  'employer',
  'school',
] as const;

export type PartyKind = (typeof PARTY_KINDS)[number];

/** What an organization without a kind counts as: the setting `partyKindDefault`. */
export type PartyKindDefault = 'provider' | 'none';

/** What is known of the kinds of an organization, by who says it. */
export interface PartyKindFacts {
  /** What an administrator wrote. */
  readonly named: readonly PartyKind[];
  /** The organization itself says that it is a Part 2 program. */
  readonly ownPart2: boolean;
  /** It is listed, and bears an NPI that is in force. */
  readonly listedNpi: boolean;
  /** NUCC codes of its taxonomies. */
  readonly taxonomies: readonly string[];
  /** What the keeper of a private record attests, where the keeper is the one who discloses. */
  readonly attested: PartyKind | undefined;
}

/**
 * The kinds of a party. The first that speaks decides: an administrator; an NPI, which is given to health care providers
 * only (45 CFR 162.404); the attestation of the one who discloses; the default. What a program says of itself comes to
 * that, and makes nobody a provider: it only adds protection (42 CFR 2.11).
 */
export function kindsOf(facts: PartyKindFacts, fallback: PartyKindDefault): ReadonlySet<PartyKind> {
  const kinds = new Set<PartyKind>(spokenKinds(facts, fallback));
  if (kinds.has('part2-program')) kinds.add('provider');
  if (facts.ownPart2) kinds.add('part2-program');
  return kinds;
}

function spokenKinds(
  { named, listedNpi, taxonomies, attested }: PartyKindFacts,
  fallback: PartyKindDefault,
): readonly PartyKind[] {
  if (named.length > 0) return named;
  if (listedNpi && !taxonomies.some(isNoProvider)) return ['provider'];
  if (attested !== undefined) return [attested];
  return fallback === 'none' ? [] : [fallback];
}

/** Beginnings of NUCC codes of plans and agencies: these bear NPIs, too, and are no providers by them alone. */
const NO_PROVIDERS: readonly (readonly [beginning: string, who: string])[] = [
  ['302', 'Managed care organizations: exclusive providers, HMO'],
  ['305', 'Managed care organizations: PPO, point of service'],
  ['251B', 'Case management agency'],
  ['251K', 'Public health or welfare agency'],
  ['251V', 'Voluntary or charitable agency'],
  ['251X', 'Supports brokerage agency'],
  ['253J', 'Foster care agency'],
];

const isNoProvider = (code: string): boolean =>
  NO_PROVIDERS.some(([beginning]) => code.startsWith(beginning));
