/** Changes of the register that no FHIR write makes: what links name, and what an administrator settles (directory DR10, DR14). */
import { OperationOutcomeError } from '../fhir/issue.ts';
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
  rowsOf,
  writeRow,
  type RegisterRow,
} from '../resources/parties/register.ts';
import { EVERYTHING, planStored } from './draft.ts';
import type { Admitting } from './members.ts';
import { buildWrite, offer } from './offer.ts';
import type { Room } from './room.ts';
import { identityOfOid, type Named } from './upgrade.ts';

/** Registers the OIDs of links that are new. @returns those that are verified for another organization, left as they are */
export async function registerLinks({
  store,
  clock,
  named,
}: {
  readonly store: Store;
  readonly clock: Room['clock'];
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
    await store.commit(commitOf([], [record], organization, 'register link', SERVER));
  }
  return contested;
}

const SERVER: Admitting = {
  agent: { organization: '', client: 'server', subject: 'settings' },
  requestId: 'start',
};

export interface Verification {
  readonly identity: Identity;
  readonly organization: Ref;
  /** Whether it may be taken from another organization. */
  readonly move: boolean;
  /** Whether OIDs of the arc for examples may be registered. */
  readonly examples: boolean;
}

/**
 * An administrator verifies an identifier: its row, the Organization that shows it, and where it is moved the one that
 * shows it no more, in one commit.
 *
 * @throws OperationOutcomeError `identifier-check-digit`, `identifier-taken`, `not-found`
 */
export async function verifyIdentity(
  room: Pick<Room, 'store' | 'clock' | 'committed'>,
  { identity, organization, move, examples }: Verification,
  admitting: Admitting,
): Promise<void> {
  if (!isSound(identity) || (isExample(identity) && !examples)) {
    const form = identitySystemOf(identity.system)?.form ?? 'a value';
    throw new OperationOutcomeError('identifier-check-digit', { diagnostics: `It must be ${form}.` });
  }
  const touched = new Set<Ref>();
  await offer(room, async (snapshot) => {
    const row = await findRow(snapshot, 'register', identity);
    const from = row?.state === 'verified' && row.holder !== organization ? row.holder : undefined;
    if (from !== undefined && !move) {
      throw new OperationOutcomeError('identifier-taken', { diagnostics: `It is verified for ${from}.` });
    }
    const now = new Date(room.clock.now()).toISOString();
    const by = `${admitting.agent.client} ${admitting.agent.subject}`;
    const verified: RegisterRow = {
      ...identity,
      holder: organization,
      state: 'verified',
      how: 'administrator',
      by,
      at: now,
    };
    const asserted = (await rowsOf(snapshot, organization)).filter(
      (one) => one.state === 'asserted' && keyOf(one) === keyOf(identity),
    );
    const records = [
      writeRow('register', verified, row?.version ?? 'absent'),
      ...asserted.map((one) => dropRow('register', one)),
    ];
    const writes = [await showing(snapshot, organization, identity)];
    if (from !== undefined) writes.push(await showing(snapshot, from, identity, false));
    for (const { ref } of writes) touched.add(ref);
    return {
      commit: commitOf(writes, records, organization, 'register verify', admitting),
      templates: new Map(),
    };
  });
  room.committed([...touched]);
}

/** The Organization with the identifier, or without it. */
async function showing(snapshot: Snapshot, ref: Ref, identity: Identity, shows = true): Promise<Write> {
  const version = await snapshot.read(ref, EVERYTHING);
  if (version?.text === undefined) {
    throw new OperationOutcomeError('not-found', { diagnostics: `${ref} is no Organization of this server` });
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

function commitOf(
  writes: readonly Write[],
  records: readonly RecordWrite[],
  organization: Ref,
  query: string,
  { agent, requestId }: Admitting,
): Commit {
  const entities = writes.length > 0 ? writes.map(({ ref }) => `${ref}/_history/0`) : [organization];
  const audit = {
    event: 'admin',
    action: 'U',
    outcome: '0',
    agent,
    requestId,
    entities,
    patients: [],
    query,
    viewers: [organization],
  } as const;
  return { writes, keeps: [], expects: [], audit: [audit], outbox: [], settles: [], records };
}
