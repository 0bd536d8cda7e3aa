/** What rules may ask about, answered from a draft: things as they will be. */
import { facilityOf } from '../../delivery/facility.ts';
import { oidOfUrl, systemOfOid } from '../../fhir/identifier.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { typeOf } from '../../resources/element.ts';
import {
  decidingRow,
  findRow,
  keyOf,
  type RegisterRow,
  type RowSource,
} from '../../resources/parties/register.ts';
import { standingOf } from '../../resources/parties/standing.ts';
import { addressedParty, partyIn, resolveParty, type PartyWorld } from '../../resources/party.ts';
import { isCounted, ROLE_CLAIM, rolesQuery } from '../../resources/party-world.ts';
import { referencesTo } from '../../resources/references-to.ts';
import type { RuleContext } from '../../resources/rules.ts';
import { actorOf } from '../request.ts';
import { type Draft } from './draft.ts';
import { findPlanned, findPreview, findStored, keeperOf, readPreview, withPlanned } from './preview.ts';

/** Resources that one rule looks at, at most; a referral with more open Tasks is not one. */
const FOUND_MAX = 100;

export function ruleContextOf(draft: Draft): RuleContext {
  const searched: Searched = new Map();
  return {
    actor: actorOf(draft.caller),
    administrator: draft.caller.administrator,
    importing: draft.importing,
    now: draft.now,
    settings: draft.context.settings,
    read: async (ref) => (ref === undefined ? undefined : readPreview(draft, ref)),
    find: (type, param, to) => find(draft, searched, { type, param, to }),
    keeperOf: (ref) => keeperOf(draft, ref),
    partyOf: (reference) => addressedParty(reference, partyWorldIn(draft)),
    changes: (type) =>
      [...draft.planned.values()]
        .filter(({ ref }) => typeOf(ref) === type)
        .map(({ ref, before, after }) => ({ ref, before, after: after?.plain })),
    byMessage: draft.byMessage,
    namespaceOf: (organization) => namespaceOf(draft, organization),
    admitAddress: draft.context.admitAddress,
    newId: draft.context.newId,
  };
}

/** An organization's own OID, as a link or the register has it; else the server's, which is told apart from all. */
async function namespaceOf(draft: Draft, organization: Ref): Promise<string> {
  const { links, settings } = draft.context;
  const named = links().flatMap(({ senders, receivers }) => [...senders, ...receivers]);
  const oids = named.filter(({ facility }) => systemOfOid(facility) !== undefined);
  const own = await facilityOf(organization, oids, draft.snapshot);
  return systemOfOid(own ?? '') ?? `urn:oid:${settings.serverOid ?? oidOfUrl(settings.publicBase)}`;
}

/** What the snapshot has for the searches of rules: several rules of a move ask for the Tasks and visits of its order. */
type Searched = Map<string, readonly Ref[]>;

interface Referring {
  readonly type: string;
  readonly param: string;
  readonly to: Ref;
}

async function find(draft: Draft, searched: Searched, { type, param, to }: Referring) {
  const query = referencesTo(type, param, to, FOUND_MAX);
  const key = `${type} ${param} ${to}`;
  const stored = isNew(draft, to) ? [] : (searched.get(key) ?? (await findStored(draft, query)));
  searched.set(key, stored);
  const refs = await withPlanned(draft, query, stored);
  const found = await Promise.all(refs.map((ref) => readPreview(draft, ref)));
  return found
    .filter((resource) => resource !== undefined)
    .map((r) => r as Resource & { readonly id: string });
}

/** Its id was made for this draft, so that nothing stored can refer to it. */
function isNew({ planned }: Draft, ref: Ref): boolean {
  const own = planned.get(ref);
  return own?.method === 'POST' && own.base === 0;
}

/** Whether there will be a record once the draft is committed; the draft relies on it. */
async function exists(draft: Draft, kind: string, key: string): Promise<boolean> {
  const planned = draft.records.find((one) => one.kind === kind && one.key === key);
  if (planned !== undefined) return planned.body !== undefined;
  const record = await draft.snapshot.record(kind, key);
  draft.recordPreconditions.set(`${kind} ${key}`, { kind, key, version: record?.version ?? 0 });
  return record !== undefined;
}

/** Whom a Reference stands for as a party; what a client notes beside it is not believed. */
export const partyOf = async (draft: Draft, reference: unknown): Promise<Ref | undefined> =>
  partyIn(await resolveParty(reference, partyWorldIn(draft)));

/** Who stands for whom as things will be; what was learnt is asked again at the moment of commit. */
export const partyWorldIn = (draft: Draft): PartyWorld => ({
  read: (ref) => readPreview(draft, ref),
  async rolesOf(practitioner) {
    const query = rolesQuery(practitioner);
    const refs = await (isNew(draft, practitioner) ? findPlanned(draft, query) : findPreview(draft, query));
    const record = await readPreview(draft, practitioner);
    const person = {
      listed: record !== undefined && standingOf(record) !== 'private',
      keeper: await keeperOf(draft, practitioner),
    };
    const roles: Resource[] = [];
    for (const ref of refs) {
      const role = await readPreview(draft, ref);
      const keeper = await keeperOf(draft, ref);
      if (role !== undefined && (await isCounted(role, keeper, person, () => exists(draft, ROLE_CLAIM, ref))))
        roles.push(role);
    }
    return roles;
  },
  row: (kind, identity) => decidingRow(rowsIn(draft), kind, identity),
});

/** Rows as they will be. */
const rowsIn = (draft: Draft): RowSource => ({
  async row(kind, identity) {
    const planned = draft.records.find((one) => one.kind === kind && one.key === keyOf(identity));
    if (planned !== undefined) return planned.body as RegisterRow | undefined; // the register writes nothing else
    const row = await findRow(draft.snapshot, kind, identity);
    draft.recordPreconditions.set(`${kind} ${keyOf(identity)}`, {
      kind,
      key: keyOf(identity),
      version: row?.version ?? 0,
    });
    return row;
  },
  exists: (kind, key) => exists(draft, kind, key),
});
