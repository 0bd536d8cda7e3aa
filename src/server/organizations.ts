/** What the roof looks up in the store about organizations, on behalf of the door and of delivery. */
import type { Identifier, Ref, Resource } from '../fhir/types.ts';
import { readKinds } from '../delivery/party-facts.ts';
import type { OrganizationName } from '../http/claims.ts';
import { isInPerson, type FindUsualPurpose } from '../http/purposes.ts';
import type { PartyKindDefault } from '../policies/party-kind.ts';
import { usualPurpose } from '../policies/purpose.ts';
import { EVERYTHING, type Clause, type Match } from '../ports/query.ts';
import type { Store } from '../ports/store.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { identityOf } from '../resources/parties/identity-systems.ts';
import { findRow } from '../resources/parties/register.ts';
import { MEMBER_KIND } from '../resources/parties/standing.ts';
import { typeOf } from '../resources/element.ts';

/** Endpoints of one organization that are looked at; an address book, not a directory. */
const ENDPOINTS_MAX = 100;

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
export function createUsualPurpose(store: Store, fallback: PartyKindDefault): FindUsualPurpose {
  return async (asking) => {
    const { organization } = asking;
    const kinds = organization && (await readKinds(store.snapshot(), organization, organization, fallback));
    return usualPurpose({ inPerson: isInPerson(asking), provider: kinds?.has('provider') === true });
  };
}

/** The Endpoints of organizations, kept in memory: every commit of a move asks for those of whom it tells. */
interface Endpoints {
  /** Those that an organization manages, as of every commit announced by `touched`. */
  of(organization: Ref): Promise<readonly Resource[]>;
  /** A commit wrote these resources; those that are no Endpoints are passed over. */
  touched(refs: Iterable<Ref>): void;
}

/** Organizations whose Endpoints are kept. */
const KEPT_MAX = 1_000;

export function createEndpoints(store: Pick<Store, 'snapshot'>): Endpoints {
  const kept = new Map<Ref, Promise<readonly Resource[]>>();

  async function read(organization: Ref): Promise<readonly Resource[]> {
    const where: Clause = { kind: 'reference', param: 'organization', to: [organization] };
    const found = await search(store, 'Endpoint', where, ENDPOINTS_MAX);
    return found.map(({ text }) => parseStored(text));
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
