/** What the roof looks up in the store about organizations and their people, on behalf of the door and of delivery. */
import type { HumanName, Identifier, Ref, Resource } from '../fhir/types.ts';
import { readKinds } from '../delivery/party-facts.ts';
import type { PartyEndpoint } from '../delivery/channels.ts';
import type { FindUserName } from '../http/bearer.ts';
import type { OrganizationName } from '../http/claims.ts';
import { isInPerson, type FindUsualPurpose } from '../http/purposes.ts';
import type { PartyKindDefault } from '../policies/party-kind.ts';
import { usualPurpose } from '../policies/purpose.ts';
import { EVERYTHING, type Clause, type Match, type Sight } from '../ports/query.ts';
import type { Store } from '../ports/store.ts';
import { parseStored, resourceOf } from '../ports/stored-resource.ts';
import { identityOf } from '../resources/parties/identity-systems.ts';
import { findRow } from '../resources/parties/register.ts';
import { MEMBER_KIND } from '../resources/parties/standing.ts';
import { localRef, localRefOf, typeOf } from '../resources/element.ts';

/** Endpoints of one organization that are looked at; an address book, not a directory. */
const ENDPOINTS_MAX = 100;

/** What the door asks about who is behind a token. */
export const createLookups = (store: Store, base: string, fallback: PartyKindDefault) => ({
  findOrganization: createFindOrganization(store),
  usualPurpose: createUsualPurpose(store, fallback),
  findUserName: createFindUserName(store, base),
});

/** The member that a token means: by reference, or by an identifier that is verified for it; undefined for nobody. */
export function createFindOrganization(store: Store): (name: OrganizationName) => Promise<Ref | undefined> {
  return async (name) => {
    const organization = 'reference' in name ? name.reference : await holderOf(store, name);
    if (organization === undefined) return undefined;
    const [version, member] = await Promise.all([
      store.snapshot().read(organization, EVERYTHING),
      store.snapshot().record(MEMBER_KIND, organization),
    ]);
    return version?.text === undefined || member === undefined ? undefined : organization;
  };
}

async function holderOf(store: Store, name: Identifier): Promise<Ref | undefined> {
  const identity = identityOf(name);
  const row = identity && (await findRow(store.snapshot(), 'register', identity));
  return row?.state === 'verified' ? row.holder : undefined;
}

/** The purpose of a caller who claims none, by who asks and by the kind of the organization (compliance D4). */
function createUsualPurpose(store: Store, fallback: PartyKindDefault): FindUsualPurpose {
  return async (asking) => {
    const { organization } = asking;
    const kinds = organization && (await readKinds(store.snapshot(), organization, organization, fallback));
    return usualPurpose({ inPerson: isInPerson(asking), provider: kinds?.has('provider') === true });
  };
}

const CLINICIAN = /(?:^|\/)(Practitioner|PractitionerRole)\/[^/]+$/;
/** Characters of a name that are kept. */
const NAME_MAX = 200;

/** @param base the public base URL, below which a user is one of this server's */
function createFindUserName(store: Store, base: string): FindUserName {
  return async ({ user = '', organization }, claimed) => {
    if (!CLINICIAN.test(user)) return undefined;
    const ref = localRefOf(user.startsWith(`${base}/`) ? user.slice(base.length + 1) : user);
    const sight: Sight = organization === undefined ? EVERYTHING : { everything: false, organization };
    const kept = ref && (await nameKept(store, ref, sight));
    return (kept ?? claimed)?.slice(0, NAME_MAX);
  };
}

async function nameKept(store: Store, ref: Ref, sight: Sight): Promise<string | undefined> {
  const snapshot = store.snapshot();
  const named = resourceOf(await snapshot.read(ref, sight));
  if (named?.resourceType !== 'PractitionerRole') return fullNameOf(named);
  const person = localRef(named['practitioner']);
  return person && fullNameOf(resourceOf(await snapshot.read(person, sight)));
}

function fullNameOf(person: Resource | undefined): string | undefined {
  const [name] = (person?.['name'] ?? []) as readonly HumanName[]; // a Practitioner, validated
  if (name?.text !== undefined) return name.text;
  const parts = [...(name?.given ?? []), name?.family].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(' ');
}

/** The Endpoints of organizations, kept in memory: every commit of a move asks for those of whom it tells. */
interface Endpoints {
  /** Those that name an organization as theirs, whoever keeps them, as of every commit announced by `touched`. */
  of(organization: Ref): Promise<readonly PartyEndpoint[]>;
  /** A commit wrote these resources; those that are no Endpoints are passed over. */
  touched(refs: Iterable<Ref>): void;
}

/** Organizations whose Endpoints are kept. */
const KEPT_MAX = 1_000;

export function createEndpoints(store: Pick<Store, 'snapshot'>): Endpoints {
  const kept = new Map<Ref, Promise<readonly PartyEndpoint[]>>();

  async function read(organization: Ref): Promise<readonly PartyEndpoint[]> {
    const where: Clause = { kind: 'reference', param: 'organization', to: [organization] };
    const found = await search(store, 'Endpoint', where, ENDPOINTS_MAX);
    return found.map(({ text, custodian }) => ({ resource: parseStored(text), custodian }));
  }

  return {
    of(organization) {
      const known = kept.get(organization);
      if (known !== undefined) return known;
      if (kept.size >= KEPT_MAX) kept.clear();
      const found = read(organization);
      kept.set(organization, found);
      found.catch(() => kept.delete(organization));
      return found;
    },
    touched(refs) {
      // What is being read meanwhile is forgotten as well: it may be older than the commit.
      for (const ref of refs) if (typeOf(ref) === 'Endpoint') kept.clear();
    },
  };
}

async function search(
  store: Pick<Store, 'snapshot'>,
  type: string,
  where: Clause,
  count: number,
): Promise<readonly Match[]> {
  const query = { type, where, sort: [], sight: EVERYTHING, count, offset: 0, total: false };
  return (await store.snapshot().search(query)).matches;
}
