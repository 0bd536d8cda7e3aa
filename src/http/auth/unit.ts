/**
 * The writes of one request, held until it is answered: then they are one commit with their audit rows (identity ID-57,
 * smart SM-4). Reads see what is held. What must happen once is written by expectation, so that of two requests that use a
 * code, a refresh token or an assertion at once, one is refused (smart SM-45).
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { identityEntry, type IdentityEvent } from '../../accounts/audit.ts';
import { SERVER_AGENT, type AuditEntry } from '../../ports/audit.ts';
import { auditedCommit } from '../../ports/commit.ts';
import type { RecordPrecondition, RecordWrite } from '../../ports/record.ts';
import { CommitRefused, type Store } from '../../ports/store.ts';
import { APP_GRANT, KINDS_OF_GRANT } from './records.ts';

export type UnitStore = Pick<Store, 'snapshot' | 'commit'>;

/** A record as this request sees it: stored, or about to be. */
interface SeenRecord {
  /** 0: it is not stored yet. */
  readonly version: number;
  readonly body: object;
  readonly expiresAt: number | undefined;
}

/** What the request is, for the audit. */
interface UnitAbout {
  readonly requestId: string;
  readonly address?: string | undefined;
}

interface Held {
  readonly write: RecordWrite;
  /** `issue`: it gives a right, and is dropped when the request fails. `end`: it takes one, or says that one was used. */
  readonly role: 'issue' | 'end';
}

interface HeldEntry {
  readonly entry: AuditEntry;
  readonly role: Held['role'];
}

type AuditRowOf = Omit<Parameters<typeof identityEntry>[1], 'actor' | 'requestId'> & {
  readonly actor?: Partial<AuditEntry['agent']>;
};

/** A code, refresh token or assertion that another request has used while this one was under way. */
export class RaceLost extends Error {
  readonly kind: string;
  /** The grant of the code or refresh token. */
  readonly grant: string | undefined;

  constructor(kind: string, grant: string | undefined) {
    super(kind);
    this.name = 'RaceLost';
    this.kind = kind;
    this.grant = grant;
  }
}

/** The writes of one request. */
export interface Unit {
  readonly about: UnitAbout;
  /** The id of the key that the client's assertion names. */
  readonly assertedKeyId?: string | undefined;
  /** As it was when this request first read it: a write expects the version that was judged. */
  find(kind: string, key: string): Promise<SeenRecord | undefined>;
  /** Those with an index value, with what is held. */
  findAll(kind: string, name: string, value: string): Promise<readonly (SeenRecord & { key: string })[]>;
  hold(write: RecordWrite, role: Held['role']): void;
  /** The commit writes what is held only if these records are as they were. */
  relyOn(preconditions: readonly RecordPrecondition[]): void;
  /** @param role as of the write that it speaks of */
  note(event: IdentityEvent, row: AuditRowOf, role?: Held['role']): void;
  /**
   * Writes what is held. Of a request that was refused, what would give a right is dropped.
   *
   * @throws RaceLost, CommitRefused
   */
  commit(refused?: boolean): Promise<void>;
}

const nameOf = (kind: string, key: string): string => `${kind} ${key}`;

/** @param assertedKeyId what the client's assertion names before it is verified */
export function openUnit(store: UnitStore, about: UnitAbout, assertedKeyId?: string): Unit {
  const held = new Map<string, Held>();
  const entries: HeldEntry[] = [];
  const relied = new Map<string, RecordPrecondition>();
  const read = new Map<string, Promise<SeenRecord | undefined>>();
  return {
    about,
    assertedKeyId,
    async find(kind, key) {
      const name = nameOf(kind, key);
      const own = held.get(name);
      if (own !== undefined) return seenOf(own.write);
      const first = read.get(name) ?? store.snapshot().record(kind, key);
      read.set(name, first);
      return first;
    },
    async findAll(kind, name, value) {
      const stored = await store.snapshot().records(kind, name, value);
      const changed = [...held.values()].flatMap(({ write }) => (write.kind === kind ? [write] : []));
      const kept = stored.filter(({ key }) => !changed.some((write) => write.key === key));
      return [...kept, ...changed.flatMap((write) => seenWith(write, name, value))];
    },
    hold(write, role) {
      const name = nameOf(write.kind, write.key);
      const before = held.get(name);
      // A second write of one record in one request replaces the first and relies on what the first relied on.
      const expect = before?.write.expect ?? write.expect;
      held.set(name, { write: { ...write, expect }, role: before?.role === 'end' ? 'end' : role });
    },
    relyOn(preconditions) {
      for (const one of preconditions) relied.set(nameOf(one.kind, one.key), one);
    },
    note(event, row, role = 'issue') {
      entries.push({ entry: identityEntry(event, rowBy(about, row)), role });
    },
    async commit(refused = false) {
      const records = [...held.values()].filter(({ role }) => !refused || role === 'end');
      held.clear();
      const rows = entries.splice(0).filter(({ role }) => !refused || role === 'end');
      // Law 12: no commit without an audit row. What no row speaks of is a step of a launch.
      const steps = [identityEntry('launch', rowBy(about, {}))];
      const audit = rows.length > 0 ? rows.map(({ entry }) => entry) : steps;
      const preconditions = refused ? [] : [...relied.values()];
      relied.clear();
      read.clear();
      if (records.length > 0)
        await commitAll(
          store,
          audit,
          records.map((one) => one.write),
          preconditions,
        );
    },
  };
}

/** @throws RaceLost, CommitRefused */
async function commitAll(
  store: UnitStore,
  audit: readonly AuditEntry[],
  records: readonly RecordWrite[],
  recordPreconditions: readonly RecordPrecondition[],
): Promise<void> {
  try {
    await store.commit(auditedCommit(audit, { records, recordPreconditions }));
  } catch (error) {
    if (!(error instanceof CommitRefused) || !['unexpected', 'stale'].includes(error.reason)) throw error;
    const used = records.find(({ kind }) => kind === error.ref)?.body;
    throw new RaceLost(error.ref ?? '', (used as { grant?: string } | undefined)?.grant);
  }
}

/** The row with its agent: the client or the person that it is about, from its address. */
function rowBy(
  { requestId, address }: UnitAbout,
  { actor, ...row }: AuditRowOf,
): Parameters<typeof identityEntry>[1] {
  const { client, account, session } = row;
  return {
    ...row,
    requestId,
    actor: {
      ...SERVER_AGENT,
      ...(client !== undefined && { client }),
      ...(account !== undefined && { subject: account }),
      ...(session !== undefined && { session }),
      ...(address !== undefined && { address }),
      ...actor,
    },
  };
}

function seenWith(
  write: RecordWrite,
  name: string,
  value: string,
): readonly (SeenRecord & { key: string })[] {
  const has = write.index?.some(([one, other]) => one === name && other === value) === true;
  const seen = seenOf(write);
  return has && seen !== undefined ? [{ ...seen, key: write.key }] : [];
}

const seenOf = ({ body, expect, expiresAt }: RecordWrite): SeenRecord | undefined =>
  body === undefined ? undefined : { version: typeof expect === 'number' ? expect : 0, body, expiresAt };

const units = new AsyncLocalStorage<Unit>();

/** The unit of the request that is under way. */
export const currentUnit = (): Unit | undefined => units.getStore();

/** Does something within a unit; the caller commits it. */
export const withinUnit = <T>(unit: Unit, work: () => Promise<T>): Promise<T> => units.run(unit, work);

/** Ends everything that a grant has become (smart SM-20, SM-61): in the unit, or in a commit of its own. */
export async function endGrant(unit: Unit, grant: string): Promise<void> {
  for (const kind of KINDS_OF_GRANT) {
    for (const { key } of await unit.findAll(kind, 'grant', grant))
      unit.hold({ kind, key, expect: 'any', body: undefined }, 'end');
  }
  unit.hold({ kind: APP_GRANT, key: grant, expect: 'any', body: undefined }, 'end');
}
