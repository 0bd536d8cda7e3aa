/**
 * Whom a reference stands for as a party (rules 2.5; directory DR10, DR19, DR23). It is walked to an Organization: itself,
 * or by its role, service, place, team or device, or a person's only place of work. A member or listed Organization is
 * the party; a private one stands for whoever its identifiers are verified for in the register, and for nobody else. A
 * name, an address or a telephone number never says who somebody is.
 */
import type { Identifier, Ref, Resource } from '../fhir/types.ts';
import { localRef, typeOf, valuesAt } from './element.ts';
import { identitiesIn, identityOf, isSecret, isSound, type Identity } from './parties/identity-systems.ts';
import type { DecidingRow, RegisterKind } from './parties/register.ts';
import { standingOf } from './parties/standing.ts';

/** What is asked on the way, in the server's own sight. */
export interface PartyWorld {
  readonly read: (ref: Ref) => Promise<Resource | undefined>;
  /** Active roles of a person that count for whoever keeps this record of her. */
  readonly rolesOf: (practitioner: Ref) => Promise<readonly Resource[]>;
  /** The row of the register that decides. */
  readonly row: (kind: RegisterKind, identity: Identity) => Promise<DecidingRow | undefined>;
}

interface Recognition {
  readonly by?: Identity;
  /** The number that was given in place of `by`, which leads there for a while yet (directory DR17). */
  readonly replacedBy?: Identity;
}

export type Resolution =
  /** `by`: the verified identifier that led there, where it was no literal reference to the party. */
  | ({ readonly kind: 'party'; readonly party: Ref; readonly organization?: Ref } & Recognition)
  /** A private Organization that no verified identifier names. `expired`: one does, that no longer counts. */
  | { readonly kind: 'private'; readonly organization: Ref; readonly expired?: Identity }
  /** It stands for several; `places` are what to choose from. */
  | { readonly kind: 'ambiguous'; readonly places: readonly Ref[] }
  /** More steps lead to it than are gone (directory DR35). */
  | { readonly kind: 'far' }
  | { readonly kind: 'nobody' };

export const RESOLVED_PARTY = 'https://closeloop.dev/fhir/StructureDefinition/resolved-party';

export const SAME_AS = 'https://closeloop.dev/fhir/StructureDefinition/same-as';

/** From the type of a reference to the element that names its organization. */
const PARTY: ReadonlyMap<string, string> = new Map([
  ['PractitionerRole', 'organization'],
  ['HealthcareService', 'providedBy'],
  ['Location', 'managingOrganization'],
  ['CareTeam', 'managingOrganization'],
  ['Device', 'owner'],
]);

/** The element by which a type stands for a party; `self` for the Organization itself, undefined for what stands for none. */
export const partyElementOf = (type: string): string | undefined =>
  type === 'Organization' ? 'self' : PARTY.get(type);

/** Steps from a reference to its Organization, and from a department to its member (directory DR35). */
const HOPS_MAX = 5;

/** Identifiers of one record that are looked up. */
const IDENTITIES_MAX = 20;

const NOBODY: Resolution = { kind: 'nobody' };
const FAR: Resolution = { kind: 'far' };

/** Whom a Reference stands for. What a client says in it beside the reference and the identifier is not believed. */
export function resolveParty(reference: unknown, world: PartyWorld, hops = HOPS_MAX): Promise<Resolution> {
  const ref = localRef(reference);
  if (ref !== undefined) return resolveRef(ref, world, hops);
  const [identifier] = valuesAt(reference, 'identifier') as readonly Identifier[];
  const identity = identifier && identityOf(identifier);
  return identity === undefined ? Promise.resolve(NOBODY) : resolveIdentity(identity, world, hops);
}

/** Whom an element of a Task or a ServiceRequest stands for, as the server found when it was written. */
export async function addressedParty(reference: unknown, world: PartyWorld): Promise<Ref | undefined> {
  return frozenParty(reference) ?? partyIn(await resolveParty(reference, world));
}

/** A private Organization that nobody answers for is a party that never acts. */
export function partyIn(resolution: Resolution): Ref | undefined {
  if (resolution.kind === 'party') return resolution.party;
  return resolution.kind === 'private' ? resolution.organization : undefined;
}

/** What the server noted beside a reference. */
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

/** Whom its keeper says that a private record stands for: a person's pick (directory DR24). */
function pickedParty(resource: Resource): Ref | undefined {
  const extensions = valuesAt(resource, 'extension') as readonly {
    url?: unknown;
    valueReference?: unknown;
  }[];
  const picked = localRef(extensions.find(({ url }) => url === SAME_AS)?.valueReference);
  return picked !== undefined && typeOf(picked) === 'Organization' ? picked : undefined;
}

/** A value with a wrong check digit leads nowhere (DR15); nor does a secret one, or trying numbers would find whose it is. */
const soundIdentities = ({ identifier }: Resource): readonly Identity[] =>
  identitiesIn(identifier, (identity) => isSound(identity) && !isSecret(identity)).slice(0, IDENTITIES_MAX);

/** A person is never a party by herself: she stands for the one place where she works (DR19). */
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
 * The nearest organization up the administrator's `partOf` that is a member, else the organization itself; undefined
 * where the way up is too long to tell.
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
