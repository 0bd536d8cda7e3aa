/** What rules may ask about, answered from a draft: things as they will be. */
import { facilityOf } from '../delivery/facility.ts';
import { oidOfUrl, systemOfOid } from '../fhir/identifier.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import type { Query } from '../ports/query.ts';
import { localRef, typeOf, valuesAt } from '../resources/element.ts';
import { readParty } from '../resources/party.ts';
import type { Surroundings } from '../resources/rules.ts';
import { EVERYTHING, readPreview, type Draft } from './draft.ts';
import { findPlanned, findPreview } from './preview.ts';

/** Resources that one rule looks at, at most; a referral with more open Tasks is not one. */
const FOUND_MAX = 100;

export function surroundingsOf(draft: Draft): Surroundings {
  return {
    actor: draft.caller.organization,
    administrator: draft.caller.administrator,
    now: draft.now,
    settings: draft.room.settings,
    read: async (ref) => (ref === undefined ? undefined : readPreview(draft, ref)),
    find: (type, param, to) => find(draft, type, param, to),
    keeperOf: (ref) => keeperOf(draft, ref),
    partyOf: (reference) => partyOf(draft, reference),
    changes: (type) =>
      [...draft.planned.values()]
        .filter(({ ref }) => typeOf(ref) === type)
        .map(({ ref, before, after }) => ({ ref, before, after: after?.plain })),
    namespaceOf: (organization) => namespaceOf(draft, organization),
    admitAddress: draft.room.admitAddress,
    newId: draft.room.newId,
  };
}

/** An organization's own OID, as a link or the organization has it; else the server's, which is told apart from all. */
async function namespaceOf(draft: Draft, organization: Ref): Promise<string> {
  const { links, settings } = draft.room;
  const named = links().flatMap(({ senders, receivers }) => [...senders, ...receivers]);
  const oids = named.filter(({ facility }) => systemOfOid(facility) !== undefined);
  const own = await facilityOf(organization, oids, (ref) => readPreview(draft, ref));
  return systemOfOid(own ?? '') ?? `urn:oid:${settings.serverOid ?? oidOfUrl(settings.publicBase)}`;
}

async function find(draft: Draft, type: string, param: string, to: Ref) {
  const query: Query = {
    type,
    where: { kind: 'reference', param, to: [to] },
    sort: [],
    sight: EVERYTHING,
    count: FOUND_MAX,
    offset: 0,
    total: false,
  };
  const refs = await (isNew(draft, to) ? findPlanned(draft, query) : findPreview(draft, query));
  const found = await Promise.all(refs.map((ref) => readPreview(draft, ref)));
  return found
    .filter((resource) => resource !== undefined)
    .map((r) => r as Resource & { readonly id: string });
}

async function keeperOf({ planned, snapshot }: Draft, ref: Ref): Promise<Ref | undefined> {
  const keeper = (planned.get(ref) ?? (await snapshot.read(ref, EVERYTHING)))?.custodian;
  return keeper === '' ? undefined : keeper; // it never changes: nothing has to hold at the commit
}

/** Its id was made for this draft, so that nothing stored can refer to it. */
function isNew({ planned }: Draft, ref: Ref): boolean {
  const own = planned.get(ref);
  return own?.method === 'POST' && own.base === 0;
}

/** The Organization that a Reference stands for as a party; by its identifier when it has no literal reference. */
export async function partyOf(draft: Draft, reference: unknown): Promise<Ref | undefined> {
  const ref = localRef(reference) ?? (await partyByIdentifier(draft, reference));
  if (ref === undefined) return undefined;
  return readParty(ref, (party) => readPreview(draft, party));
}

async function partyByIdentifier(draft: Draft, reference: unknown): Promise<Ref | undefined> {
  const [identifier] = valuesAt(reference, 'identifier') as readonly { system?: string; value?: string }[];
  if (identifier?.value === undefined || identifier.system === undefined) return undefined;
  const refs = await findPreview(draft, {
    type: 'Organization',
    where: { kind: 'token', param: 'identifier', code: identifier.value, system: identifier.system },
    sort: [],
    sight: EVERYTHING,
    count: 2,
    offset: 0,
    total: false,
  });
  return refs.length === 1 ? refs[0] : undefined;
}
