/**
 * What a folder that was written before there were standings and a register is given at its first start: whoever had a
 * token or a link is a member, what an administrator or a link said of identifiers is verified, and what an organization
 * wrote into itself is asserted, taken out of its text, and shown to an administrator as one work item each.
 */
import type { Identifier, Ref, Resource } from '../fhir/types.ts';
import { auditedCommit } from '../ports/commit.ts';
import type { RecordWrite } from '../ports/record.ts';
import type { AuditEntry, Commit, Snapshot, Store, Write } from '../ports/store.ts';
import { EVERYTHING, type Match } from '../ports/query.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { idOf, typeOf } from '../resources/element.ts';
import {
  identitiesIn,
  identityOf,
  identitySystemOf,
  isSound,
  type Identity,
} from '../resources/parties/identity-systems.ts';
import { findRow, keyOf, writeRow, type RegisterRow } from '../resources/parties/register.ts';
import { saysStanding, withStanding, writeMember } from '../resources/parties/standing.ts';
import { planStored, type Planned } from './write/draft.ts';
import { buildWrite } from './write/commit.ts';
import type { OperationContext } from './context.ts';
import { planWorkItem } from './work-item.ts';

/** What the operator's settings say of an organization. */
export interface Named {
  readonly organization: Ref;
  /** The OID by which a link knows it. */
  readonly oid?: string;
}

export interface UpgradeParts extends Pick<OperationContext, 'clock' | 'newId'> {
  readonly store: Store;
  /** What the links of the settings name. */
  readonly named: readonly Named[];
  readonly identitySystems: readonly string[];
}

interface Upgraded {
  readonly members: number;
  readonly verified: number;
  readonly asserted: number;
}

const MARKER = { kind: 'upgrade', key: 'register' } as const;
const PAGE = 200;
const VERSIONS_MAX = 1000;
/** Who did it, and how. */
export const BY = 'migration';

/** Does all that is left to do, once. A start that was interrupted goes on where it ended. */
export async function fillRegister(parts: UpgradeParts): Promise<Upgraded | undefined> {
  const { store } = parts;
  if ((await store.snapshot().record(MARKER.kind, MARKER.key)) !== undefined) return undefined;
  const found = await findAll(store.snapshot(), 'Organization');
  const claims = await Promise.all(found.map((one) => readClaims(parts, one)));
  const contested = findContested(claims);
  const total = { members: 0, verified: 0, asserted: 0 };
  for (const claim of claims) {
    const planned = await planOne(parts, claim, contested);
    if (planned !== undefined) await store.commit(planned.commit);
    for (const key of ['members', 'verified', 'asserted'] as const) total[key] += planned?.counts[key] ?? 0;
  }
  await store.commit(upgradeCommit([], [{ ...MARKER, expect: 'any', body: { at: nowOf(parts) } }], []));
  return total;
}

export const nowOf = ({ clock }: Pick<UpgradeParts, 'clock'>): string => new Date(clock.now()).toISOString();

/** All resources of a type. */
export async function findAll(snapshot: Snapshot, type: string): Promise<readonly Match[]> {
  const found: Match[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const { matches, more } = await snapshot.search({
      type,
      where: { kind: 'all', of: [] },
      sort: [],
      sight: EVERYTHING,
      count: PAGE,
      offset,
      total: false,
    });
    found.push(...matches);
    if (!more) return found;
  }
}

interface Claim {
  readonly match: Match;
  readonly resource: Resource;
  /** Identities of which an administrator, or a link, is the word. */
  readonly given: readonly Identity[];
  /** Identities that it wrote into itself. */
  readonly own: readonly Identity[];
  /** Whether a token or a link has spoken for it. */
  readonly member: boolean;
}

/** Whether an identifier says who somebody is. */
export const isIdentifying = ({ identitySystems }: UpgradeParts, { system }: Identity): boolean =>
  identitySystemOf(system) !== undefined || identitySystems.includes(system);

async function readClaims(parts: UpgradeParts, match: Match): Promise<Claim> {
  const { store, named } = parts;
  const snapshot = store.snapshot();
  const resource = parseStored(match.text);
  const mine = named.filter(({ organization }) => organization === match.ref);
  const linked = mine.flatMap(({ oid }) => (oid === undefined ? [] : [identityOfOid(oid)]));
  const said = identitiesIn(resource['identifier'], (one) => isIdentifying(parts, one));
  const adminSaid = await saidByAdministrator(snapshot, match.ref, said);
  const given = said.filter((identity) => adminSaid.has(keyOf(identity)) && isSound(identity));
  const all = new Map([...linked, ...given].map((identity) => [keyOf(identity), identity]));
  return {
    match,
    resource,
    given: [...all.values()],
    own: said.filter((identity) => !all.has(keyOf(identity))),
    member: mine.length > 0 || (await hasSpoken(snapshot, match.ref)),
  };
}

export const identityOfOid = (oid: string): Identity => ({
  system: 'urn:ietf:rfc:3986',
  value: `urn:oid:${oid}`,
});

/** Of which identities the version that brought them was an administrator's. */
export async function saidByAdministrator(
  snapshot: Snapshot,
  ref: Ref,
  identities: readonly Identity[],
): Promise<ReadonlySet<string>> {
  const said = new Set<string>();
  if (identities.length === 0) return said;
  const page = {
    type: typeOf(ref),
    id: idOf(ref),
    count: VERSIONS_MAX,
    offset: 0,
    sight: EVERYTHING,
    total: false,
  };
  const { versions } = await snapshot.history(page);
  const rows = await snapshot.audit({ viewer: undefined, names: [ref], count: VERSIONS_MAX });
  const byAdministrator = new Set(rows.filter(isAdministrators).flatMap(({ entry }) => entry.entities));
  for (const identity of identities) {
    let bringing: number | undefined;
    for (const { seq, text = '{}' } of versions) {
      const there = identitiesIn(parseStored(text)['identifier']);
      if (!there.some((one) => keyOf(one) === keyOf(identity))) break;
      bringing = seq;
    }
    if (bringing !== undefined && byAdministrator.has(`${ref}/_history/${bringing}`))
      said.add(keyOf(identity));
  }
  return said;
}

/** Whether an administrator ever wrote a resource. */
export async function wroteAsAdministrator(snapshot: Snapshot, ref: Ref): Promise<boolean> {
  const rows = await snapshot.audit({ viewer: undefined, names: [ref], count: VERSIONS_MAX });
  const written = rows.filter(isAdministrators).flatMap(({ entry }) => entry.entities);
  return written.some((entity) => entity.startsWith(`${ref}/_history/`));
}

const isAdministrators = ({ entry: { agent, event, outcome } }: { readonly entry: AuditEntry }): boolean =>
  (agent.organization === '' || agent.onBehalfOf !== undefined) && outcome === '0' && event !== 'read';

/** Whether anybody ever asked in its name: an administrator who acts for it is no token of its own. */
async function hasSpoken(snapshot: Snapshot, organization: Ref): Promise<boolean> {
  let behind: { readonly seq: number; readonly position: number } | undefined;
  for (;;) {
    const rows = await snapshot.audit({
      viewer: undefined,
      names: [],
      organization,
      count: PAGE,
      ...(behind && { behind }),
    });
    if (rows.some(({ entry }) => entry.agent.onBehalfOf === undefined)) return true;
    behind = rows.at(-1);
    if (behind === undefined) return false;
  }
}

/** Identities that are given to several: nobody's until a person has decided. */
function findContested(claims: readonly Claim[]): ReadonlySet<string> {
  const seen = new Map<string, number>();
  for (const identity of claims.flatMap(({ given }) => given)) {
    seen.set(keyOf(identity), (seen.get(keyOf(identity)) ?? 0) + 1);
  }
  return new Set([...seen].flatMap(([key, times]) => (times > 1 ? [key] : [])));
}

async function planOne(parts: UpgradeParts, claim: Claim, contested: ReadonlySet<string>) {
  const { match, resource, given, own, member } = claim;
  if (saysStanding(resource)) return undefined;
  const { store } = parts;
  const at = nowOf(parts);
  const verified = given.filter((identity) => !contested.has(keyOf(identity)));
  const asserted = [...own, ...given.filter((identity) => contested.has(keyOf(identity)))];
  const row = (identity: Identity, state: 'verified' | 'asserted'): RegisterRow => ({
    ...identity,
    holder: match.ref,
    state,
    how: 'migration',
    by: BY,
    at,
  });
  const records: RecordWrite[] = member ? [writeMember(match.ref, { by: BY, at })] : [];
  for (const identity of verified) {
    const known = await findRow(store.snapshot(), 'register', identity);
    if (known?.holder === match.ref) continue;
    records.push(writeRow('register', row(identity, 'verified'), known?.version ?? 'absent'));
  }
  records.push(...asserted.map((identity) => writeRow('register', row(identity, 'asserted'), 'any')));
  const kept = new Set(verified.map(keyOf));
  const items = asserted.map((identity) => buildWrite(planClaim(parts, match.ref, identity)));
  const write = buildWrite(planTagged(match, member, (one) => isOwnWord(one, parts.identitySystems, kept)));
  const counts = { members: member ? 1 : 0, verified: verified.length, asserted: asserted.length };
  return { commit: upgradeCommit([write, ...items], records, [match.ref]), counts };
}

/** An identifier that says who it is, and that nobody but itself said. */
function isOwnWord(identifier: Identifier, more: readonly string[], kept: ReadonlySet<string>): boolean {
  const identity = identityOf(identifier);
  if (identity === undefined || kept.has(keyOf(identity))) return false;
  return identitySystemOf(identity.system) !== undefined || more.includes(identity.system);
}

const planTagged = (match: Match, member: boolean, drops: (one: Identifier) => boolean): Planned =>
  planStored(match, (tree) => {
    const { identifier, ...rest } = withStanding(tree, member ? 'member' : 'listed');
    const left = ((identifier ?? []) as readonly Identifier[]).filter((one) => !drops(one));
    return { ...rest, ...(left.length > 0 && { identifier: left }) };
  });

const planClaim = ({ newId, clock }: UpgradeParts, organization: Ref, { system, value }: Identity) =>
  planWorkItem(newId(), {
    kind: 'identifier-claim',
    says: `${organization} says that it is ${identitySystemOf(system)?.name ?? system} ${value}. Nobody verified it.`,
    focus: organization,
    authoredOn: new Date(clock.now()).toISOString(),
    owner: '',
  });

export function upgradeCommit(
  writes: readonly Write[],
  records: readonly RecordWrite[],
  viewers: readonly Ref[],
): Commit {
  const audit: AuditEntry = {
    event: 'admin',
    action: 'U',
    outcome: '0',
    agent: { organization: '', client: 'server', subject: BY },
    requestId: BY,
    entities: writes.map(({ ref }) => `${ref}/_history/0`),
    patients: [],
    query: 'standings and register',
    viewers,
  };
  return auditedCommit([audit], { writes, records });
}
