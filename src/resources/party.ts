/**
 * Finds the party that a reference stands for (rules 2.5; directory DR10, DR19, DR23). The server follows the reference to
 * an Organization: directly, through a role, service, place, team or device, or through a person's only place of work. A
 * member or listed Organization is itself the party. A private Organization stands for the holder of its identifiers in the
 * register, and for nobody else. The server never identifies anybody by name, address or telephone number.
 */
import type { Identifier, Ref, Resource } from '../fhir/types.ts';
import { localRef, typeOf, valuesAt } from './element.ts';
import { identitiesIn, identityOf, isSecret, isSound, type Identity } from './parties/identity-systems.ts';
import type { DecidingRow, RegisterKind } from './parties/register.ts';
import { standingOf } from './parties/standing.ts';

/** The reads that {@link resolveParty} needs. They see everything, whoever the caller is. */
export interface PartyWorld {
  readonly read: (ref: Ref) => Promise<Resource | undefined>;
  /** The active roles of a person that count for the organization that keeps this record of her. */
  readonly rolesOf: (practitioner: Ref) => Promise<readonly Resource[]>;
  /** The row of the register that decides whose an identifier is; undefined where the register has none. */
  readonly row: (kind: RegisterKind, identity: Identity) => Promise<DecidingRow | undefined>;
}

interface Recognition {
  /** The identifier in the register that led to the party; undefined when a reference or a person's pick did. */
  readonly by?: Identity;
  /** The identifier that replaced `by` in the register; `by` still leads to its holder for a limited time (directory DR17). */
  readonly replacedBy?: Identity;
}

type Resolution =
  /** The party was found; `organization` is the private record that led to it, where there is one. */
  | ({ readonly kind: 'party'; readonly party: Ref; readonly organization?: Ref } & Recognition)
  /** A private Organization none of whose identifiers is verified. `expired` is one that was verified once. */
  | { readonly kind: 'private'; readonly organization: Ref; readonly expired?: Identity }
  /** The reference leads to several parties; `places` are those to choose from, empty where the server names none (DR26). */
  | { readonly kind: 'ambiguous'; readonly places: readonly Ref[] }
  /** The Organization is more than {@link HOPS_MAX} steps away, so the server did not reach it (directory DR35). */
  | { readonly kind: 'far' }
  /** The reference leads to no Organization. */
  | { readonly kind: 'nobody' };

export const RESOLVED_PARTY = 'https://closeloop.dev/fhir/StructureDefinition/resolved-party';

export const SAME_AS = 'https://closeloop.dev/fhir/StructureDefinition/same-as';

/** The element that names the organization, by the type of the resource. */
const PARTY: ReadonlyMap<string, string> = new Map([
  ['PractitionerRole', 'organization'],
  ['HealthcareService', 'providedBy'],
  ['Location', 'managingOrganization'],
  ['CareTeam', 'managingOrganization'],
  ['Device', 'owner'],
]);

/** The element that makes a type stand for a party: `self` for Organization, undefined for a type that stands for none. */
export const partyElementOf = (type: string): string | undefined =>
  type === 'Organization' ? 'self' : PARTY.get(type);

/** Steps that the server follows from a reference to its Organization, and from a department to its member (directory DR35). */
const HOPS_MAX = 5;

/** Identifiers of one record that the server looks up in the register. */
const IDENTITIES_MAX = 20;

const NOBODY: Resolution = { kind: 'nobody' };
const FAR: Resolution = { kind: 'far' };

/** Finds whom a FHIR Reference stands for, by its `reference`, else by its `identifier`; other elements do not count. */
export function resolveParty(reference: unknown, world: PartyWorld, hops = HOPS_MAX): Promise<Resolution> {
  const ref = localRef(reference);
  if (ref !== undefined) return resolveRef(ref, world, hops);
  const [identifier] = valuesAt(reference, 'identifier') as readonly Identifier[];
  const identity = identifier && identityOf(identifier);
  return identity === undefined ? Promise.resolve(NOBODY) : resolveIdentity(identity, world, hops);
}

/**
 * The party of a Reference in a Task or ServiceRequest: the one that the server noted beside the Reference when it stored the
 * resource, else the one that the Reference leads to now. Undefined when it leads to none.
 */
export async function addressedParty(reference: unknown, world: PartyWorld): Promise<Ref | undefined> {
  return frozenParty(reference) ?? partyIn(await resolveParty(reference, world));
}

/** The party of a resolution. A private Organization that is verified for no member counts as a party, which never acts. */
export function partyIn(resolution: Resolution): Ref | undefined {
  if (resolution.kind === 'party') return resolution.party;
  return resolution.kind === 'private' ? resolution.organization : undefined;
}

/** The party that the server noted beside a Reference, in the extension {@link RESOLVED_PARTY}. */
export function frozenParty(reference: unknown): Ref | undefined {
  const extensions = valuesAt(reference, 'extension') as readonly {
    url?: unknown;
    valueReference?: unknown;
  }[];
  return localRef(extensions.find(({ url }) => url === RESOLVED_PARTY)?.valueReference);
}

async function resolveRef(ref: Ref, world: PartyWorld, hops: number): Promise<Resolution> {
  if (hops === 0) return FAR;
  const type = typeOf(ref);
  if (type === 'Organization') return resolveOrganization(ref, world);
  if (type === 'Practitioner') return resolvePractitioner(ref, world, hops);
  const element = PARTY.get(type);
  const resource = element === undefined ? undefined : await world.read(ref);
  if (element === undefined || resource === undefined) return NOBODY;
  const [named] = valuesAt(resource, element);
  if (named !== undefined) return resolveParty(named, world, hops - 1);
  const [person] = type === 'PractitionerRole' ? valuesAt(resource, 'practitioner') : [];
  return person === undefined ? NOBODY : resolveParty(person, world, hops - 1);
}

async function resolveIdentity(identity: Identity, world: PartyWorld, hops: number): Promise<Resolution> {
  if (isSecret(identity)) return NOBODY;
  const row = await world.row('register', identity);
  if (row?.state === 'verified') return partyAbove(row.holder, world, recognition(identity, row));
  const person = await world.row('practitioner-register', identity);
  return person?.state === 'verified' ? resolvePractitioner(person.holder, world, hops) : NOBODY;
}

async function resolveOrganization(organization: Ref, world: PartyWorld): Promise<Resolution> {
  const resource = await world.read(organization);
  if (resource === undefined) return NOBODY;
  if (standingOf(resource) !== 'private') return partyAbove(organization, world);
  const picked = pickedParty(resource);
  if (picked !== undefined) return partyAbove(picked, world, { organization });
  const parties = new Map<Ref, Recognition>();
  let expired: Identity | undefined;
  for (const identity of soundIdentities(resource)) {
    const row = await world.row('register', identity);
    if (row?.state === 'verified') {
      const party = await memberAbove(row.holder, world);
      if (party === undefined) return FAR;
      parties.set(party, recognition(identity, row));
    } else if (row?.state === 'expired') expired = identity;
  }
  const [first, ...others] = parties;
  if (others.length > 0) return { kind: 'ambiguous', places: [] };
  if (first === undefined) return { kind: 'private', organization, ...(expired && { expired }) };
  const [party, how] = first;
  return { kind: 'party', party, ...how, organization };
}

const recognition = (by: Identity, { system, value, replaced }: DecidingRow): Recognition => ({
  by,
  ...(replaced !== undefined && { replacedBy: { system, value } }),
});

/** The Organization that a person picked for a private record of theirs, in the extension {@link SAME_AS} (directory DR24). */
function pickedParty(resource: Resource): Ref | undefined {
  const extensions = valuesAt(resource, 'extension') as readonly {
    url?: unknown;
    valueReference?: unknown;
  }[];
  const picked = localRef(extensions.find(({ url }) => url === SAME_AS)?.valueReference);
  return picked !== undefined && typeOf(picked) === 'Organization' ? picked : undefined;
}

/**
 * The identifiers of a record that the server may look up. It leaves out values with a wrong check digit (directory DR15), and
 * secret ones: otherwise a client could try numbers to find out whose they are.
 */
const soundIdentities = ({ identifier }: Resource): readonly Identity[] =>
  identitiesIn(identifier, (identity) => isSound(identity) && !isSecret(identity)).slice(0, IDENTITIES_MAX);

/** Finds the party of a person, who is never a party herself: the one organization that she works for (directory DR19). */
async function resolvePractitioner(ref: Ref, world: PartyWorld, hops: number): Promise<Resolution> {
  const resource = hops === 0 ? undefined : await world.read(ref);
  if (resource === undefined) return NOBODY;
  const known = standingOf(resource) === 'private' ? await knownPerson(resource, world) : undefined;
  const found = new Map<string, Resolution>();
  for (const role of await world.rolesOf(known ?? ref)) {
    const resolution = await resolveParty(role['organization'], world, hops - 1);
    const party = partyIn(resolution);
    if (party !== undefined) found.set(party, resolution);
  }
  const [only, ...others] = found.values();
  if (only === undefined) return NOBODY;
  return others.length === 0 ? only : { kind: 'ambiguous', places: [...found.keys()] as Ref[] };
}

async function knownPerson(person: Resource, world: PartyWorld): Promise<Ref | undefined> {
  for (const identity of soundIdentities(person)) {
    const row = await world.row('practitioner-register', identity);
    if (row?.state === 'verified') return row.holder;
  }
  return undefined;
}

async function partyAbove(
  organization: Ref,
  world: PartyWorld,
  how: Recognition & { readonly organization?: Ref } = {},
): Promise<Resolution> {
  const party = await memberAbove(organization, world);
  return party === undefined ? FAR : { kind: 'party', party, ...how };
}

/**
 * The nearest member at or above an organization, by the `partOf` that an administrator wrote; without a member, the
 * organization itself. Undefined when the first {@link HOPS_MAX} above it are no members, and more stand above those.
 */
async function memberAbove(organization: Ref, { read }: PartyWorld): Promise<Ref | undefined> {
  let at: Ref | undefined = organization;
  for (let hop = 0; hop <= HOPS_MAX; hop += 1) {
    const resource: Resource | undefined = at && (await read(at));
    if (at === undefined || resource === undefined || standingOf(resource) === 'private') return organization;
    if (standingOf(resource) === 'member') return at;
    at = localRef(resource['partOf']);
  }
  return at === undefined ? organization : undefined;
}
