/** What the roof looks up in the store about organizations, on behalf of the door and of delivery. */
import type { Ref, Resource } from './fhir/types.ts';
import type { OrganizationName } from './http/bearer.ts';
import type { Clause, Match } from './ports/query.ts';
import type { Store } from './ports/store.ts';

const EVERYTHING = { everything: true } as const;
/** Endpoints of one organization that are looked at; an address book, not a directory. */
const ENDPOINTS_MAX = 100;

/** The Organization that a token means: by reference or by identifier; undefined when there is none, or not one alone. */
export function createFindOrganization(store: Store): (name: OrganizationName) => Promise<Ref | undefined> {
  return async (name) => {
    if ('reference' in name) {
      const version = await store.snapshot().read(name.reference, EVERYTHING);
      return version?.text === undefined ? undefined : name.reference;
    }
    const { system, value } = name;
    const where: Clause = { kind: 'token', param: 'identifier', system, code: value };
    const [found, another] = await search(store, 'Organization', where, 2);
    return another === undefined ? found?.ref : undefined;
  };
}

/** The Endpoints that an organization manages, as of now. */
export function createEndpointsOf(store: Store): (organization: Ref) => Promise<readonly Resource[]> {
  return async (organization) => {
    const where: Clause = { kind: 'reference', param: 'organization', to: [organization] };
    const found = await search(store, 'Endpoint', where, ENDPOINTS_MAX);
    return found.map(({ text }) => JSON.parse(text) as Resource); // the store keeps nothing but resources
  };
}

async function search(store: Store, type: string, where: Clause, count: number): Promise<readonly Match[]> {
  const query = { type, where, sort: [], sight: EVERYTHING, count, offset: 0, total: false };
  return (await store.snapshot().search(query)).matches;
}
