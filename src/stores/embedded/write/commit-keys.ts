/** The keys of commits: under which id a commit was made, and what was replied to it. */
import type { DatabaseSync } from 'node:sqlite';
import type { CommitKey } from '../../../ports/store.ts';
import { digestKey } from '../../log/chain.ts';
import type { DecidedKey } from '../../log/log-entry.ts';
import { prepare } from '../folder/connection.ts';
import { refused, type CommitVerdict, type LogPlace } from './verdict.ts';

export interface CommitKeys {
  /** A replay when the key was used for the same, a refusal when it was used for other content. */
  readonly check: (key: CommitKey | undefined, now: number) => CommitVerdict | undefined;
  /** Keeps the reply under the key, and gives the digest of both. */
  readonly write: (key: DecidedKey, place: LogPlace) => string;
}

export function prepareCommitKeys(db: DatabaseSync, keyRetentionMs: number): CommitKeys {
  const findKey = prepare<[fingerprint: string, seq: number, at: number, reply: string]>(
    db,
    'SELECT fingerprint, seq, at, reply FROM commit_key WHERE scope = ? AND id = ?',
  );
  const addKey = prepare(
    db,
    'INSERT OR REPLACE INTO commit_key (scope, id, fingerprint, seq, at, reply) VALUES (?, ?, ?, ?, ?, ?)',
  );

  return { check: checkKey, write: writeKey };

  function checkKey(key: CommitKey | undefined, now: number): CommitVerdict | undefined {
    if (key === undefined) return undefined;
    const refusal = key.refused === undefined ? undefined : checkId(key, refusedId(key), now);
    return refusal ?? checkId(key, key.id, now);
  }

  function checkId(key: CommitKey, id: string, now: number): CommitVerdict | undefined {
    const used = findKey.get(key.scope, id);
    if (used === undefined) return undefined;
    const [fingerprint, seq, at, reply] = used;
    if (at <= now - Math.min(key.countsMs ?? keyRetentionMs, keyRetentionMs)) return undefined;
    return fingerprint === key.fingerprint
      ? { kind: 'replay', seq, at, reply }
      : refused('key-reused', key.id);
  }

  function writeKey({ scope, id, fingerprint, reply }: DecidedKey, { seq, at }: LogPlace): string {
    addKey.run(scope, id, fingerprint, seq, at, reply);
    return digestKey(scope, id, fingerprint, reply);
  }
}

/** Under which id the key is kept. */
export const keptId = (key: CommitKey): string => (key.refused === true ? refusedId(key) : key.id);

/** Under which id a refusal is kept, so that only the same content finds it. */
const refusedId = ({ id, fingerprint }: CommitKey): string => `${id} refused:${fingerprint}`;
