/** Changes of the register that no FHIR write makes: what links name, and what an administrator settles (directory DR10, DR14). */
import { adminEntry } from '../ports/audit.ts';
import { auditedCommit } from '../ports/commit.ts';
import { EVERYTHING } from '../ports/query.ts';
import { OperationOutcomeError, type IssueDetail } from '../fhir/issue.ts';
import type { Identifier, Ref } from '../fhir/types.ts';
import type { RecordWrite } from '../ports/record.ts';
import type { Commit, Snapshot, Store, Write } from '../ports/store.ts';
import {
  identityOf,
  identitySystemOf,
  isExample,
  isSound,
  type Identity,
} from '../resources/parties/identity-systems.ts';
import {
  dropRow,
  findRow,
  keyOf,
  kindFor,
  registerRowsOf,
  writeReplaced,
  writeRow,
  type EntityType,
  type RegisterRow,
} from '../resources/parties/register.ts';
import { typeOf } from '../resources/element.ts';
import { planStored } from './write/draft.ts';
import type { Admitting } from './members.ts';
import { buildWrite, commitPlanned } from './write/commit.ts';
import { renewDenials } from './renew-denials.ts';
import type { OperationContext } from './context.ts';
import { identityOfOid, type Named } from './upgrade.ts';

/** Registers the OIDs of links that are new. @returns those that are verified for another organization, left as they are */
export async function registerLinks({
  store,
  clock,
  named,
}: {
  readonly store: Store;
  readonly clock: OperationContext['clock'];
  readonly named: readonly Named[];
}): Promise<readonly Required<Named>[]> {
  const contested: Required<Named>[] = [];
  for (const { organization, oid } of named) {
    if (oid === undefined) continue;
    const identity = identityOfOid(oid);
    const row = await findRow(store.snapshot(), 'register', identity);
    if (row?.state === 'verified') {
      if (row.holder !== organization) contested.push({ organization, oid });
      continue;
    }
    const at = new Date(clock.now()).toISOString();
    const verified: RegisterRow = {
      ...identity,
      holder: organization,
      state: 'verified',
      how: 'link',
      by: 'settings',
      at,
    };
    const record = writeRow('register', verified, row?.version ?? 'absent');
    const commit = registerCommit([], [record], organization, 'register link', SERVER);
    await store.commit(commit);
    await renewDenials({ store }, commit);
  }
  return contested;
}

const SERVER: Admitting = {
  agent: { organization: '', client: 'server', subject: 'settings' },
  requestId: 'start',
};

interface Verification {
  readonly identity: Identity;
  /** An Organization, or a Practitioner. */
  readonly holder: Ref;
  /** What NPPES says the number was given to. */
  readonly entityType?: EntityType | undefined;
  /** Whether it may be taken from another organization. */
  readonly move: boolean;
  /** Whether OIDs of the arc for examples may be registered. */
  readonly examples: boolean;
}

/**
 * An administrator verifies an identifier: its row, the Organization or Practitioner that shows it, and where it is moved
 * the one that shows it no more, in one commit.
 *
 * @returns what is to be looked at: `npi-entity-type`
 * @throws OperationOutcomeError `identifier-check-digit`, `identifier-taken`, `not-found`
 */
export async function verifyIdentity(
  context: Pick<OperationContext, 'store' | 'clock' | 'committed'>,
  { identity, holder, entityType, move, examples }: Verification,
  admitting: Admitting,
): Promise<readonly IssueDetail[]> {
  if (!isSound(identity) || (isExample(identity) && !examples)) {
    const form = identitySystemOf(identity.system)?.form ?? 'a value';
    throw new OperationOutcomeError('identifier-check-digit', { diagnostics: `It must be ${form}.` });
  }
  const kind = kindFor(typeOf(holder));
  const touched = new Set<Ref>();
  const { result } = await commitPlanned(context, async (snapshot) => {
    const row = await findRow(snapshot, kind, identity);
    const from = row?.state === 'verified' && row.holder !== holder ? row.holder : undefined;
    if (from !== undefined && !move) {
      throw new OperationOutcomeError('identifier-taken', { diagnostics: `It is verified for ${from}.` });
    }
    const verified: RegisterRow = {
      ...rowBy(context, admitting, { ...identity, holder, state: 'verified' }),
      ...(entityType !== undefined && { entityType }),
    };
    const asserted = (await registerRowsOf(snapshot, holder)).filter(
      (one) => one.state === 'asserted' && keyOf(one) === keyOf(identity),
    );
    const records = [
      writeRow(kind, verified, row?.version ?? 'absent'),
      ...asserted.map((one) => dropRow(kind, one)),
    ];
    const writes = [await showing(snapshot, holder, identity)];
    if (from !== undefined) writes.push(await showing(snapshot, from, identity, false));
    for (const { ref } of writes) touched.add(ref);
    return {
      commit: registerCommit(writes, records, holder, 'register verify', admitting),
      templates: new Map(),
    };
  });
  await renewDenials(context, result.commit);
  context.committed([...touched]);
  return entityType === undefined ? [] : doubtsOf(holder, entityType);
}

const rowBy = (
  { clock }: Pick<OperationContext, 'clock'>,
  { agent }: Admitting,
  row: Pick<RegisterRow, 'system' | 'value' | 'holder' | 'state'>,
): RegisterRow => ({
  ...row,
  how: 'administrator',
  by: `${agent.client} ${agent.subject}`,
  at: new Date(clock.now()).toISOString(),
});

/** A practice of one is often numbered as the person; another kind than that is a frequent fault of imports (DR16). */
function doubtsOf(holder: Ref, entityType: EntityType): readonly IssueDetail[] {
  if ((typeOf(holder) === 'Practitioner') === (entityType === 1)) return [];
  const whose = entityType === 1 ? 'a person' : 'an organization';
  return [
    {
      code: 'npi-entity-type',
      severity: 'warning',
      diagnostics: `The number was given to ${whose}, and ${holder} is none.`,
    },
  ];
}

/**
 * An administrator ends an identifier: it addresses nobody any more, and its holder shows it no more. Where another number
 * was given in its place, it leads to whom that one is verified for, for a year (DR17).
 *
 * @throws OperationOutcomeError `not-found`: it is verified for nobody, or its successor is
 */
export async function endIdentity(
  context: Pick<OperationContext, 'store' | 'clock' | 'committed'>,
  { identity, replacedBy }: { readonly identity: Identity; readonly replacedBy?: Identity },
  admitting: Admitting,
): Promise<void> {
  const touched = new Set<Ref>();
  const { result } = await commitPlanned(context, async (snapshot) => {
    const found = await findVerified(snapshot, replacedBy ?? identity);
    if (found === undefined) {
      const { value } = replacedBy ?? identity;
      throw new OperationOutcomeError('not-found', { diagnostics: `${value} is verified for nobody` });
    }
    const { kind } = found;
    const row = await findRow(snapshot, kind, identity);
    const own = await findVerified(snapshot, identity);
    const { holder } = row ?? found.row;
    const ended: RegisterRow = {
      ...rowBy(context, admitting, { ...identity, holder, state: 'expired' }),
      ...(replacedBy !== undefined && { replacedBy }),
    };
    const records = [
      writeRow(kind, ended, row?.version ?? 'absent'),
      ...(replacedBy === undefined ? [] : [writeReplaced(kind, ended)]),
    ];
    // A person's number may be replaced by an organization's, which stands in the other register.
    if (own !== undefined && own.kind !== kind) {
      const other = rowBy(context, admitting, { ...identity, holder: own.row.holder, state: 'expired' });
      records.push(writeRow(own.kind, other, own.row.version));
    }
    const writes = own === undefined ? [] : [await showing(snapshot, own.row.holder, identity, false)];
    for (const { ref } of writes) touched.add(ref);
    const query = replacedBy === undefined ? 'register expire' : 'register replace';
    return { commit: registerCommit(writes, records, holder, query, admitting), templates: new Map() };
  });
  await renewDenials(context, result.commit);
  context.committed([...touched]);
}

async function findVerified(snapshot: Snapshot, identity: Identity) {
  for (const kind of ['register', 'practitioner-register'] as const) {
    const row = await findRow(snapshot, kind, identity);
    if (row?.state === 'verified') return { kind, row };
  }
  return undefined;
}

/** The Organization with the identifier, or without it. */
async function showing(snapshot: Snapshot, ref: Ref, identity: Identity, shows = true): Promise<Write> {
  const version = await snapshot.read(ref, EVERYTHING);
  if (version?.text === undefined) {
    throw new OperationOutcomeError('not-found', { diagnostics: `${ref} is not on this server` });
  }
  const planned = planStored(version, (tree) => {
    const { identifier = [], ...rest } = tree as typeof tree & { identifier?: readonly Identifier[] }; // validated
    const others = identifier.filter((one) => {
      const other = identityOf(one);
      return other === undefined || keyOf(other) !== keyOf(identity);
    });
    const list = shows ? [...others, { system: identity.system, value: identity.value }] : others;
    return { ...rest, ...(list.length > 0 && { identifier: list }) };
  });
  return buildWrite(planned);
}

export function registerCommit(
  writes: readonly Write[],
  records: readonly RecordWrite[],
  organization: Ref,
  query: string,
  admitting: Admitting,
): Commit {
  const entities = writes.length > 0 ? writes.map(({ ref }) => `${ref}/_history/0`) : [organization];
  return auditedCommit([adminEntry(admitting, { entities, query, viewers: [organization] })], {
    writes,
    records,
  });
}
