/** The secret of the Message-IDs of our mails: a record, made once, before the first mail leaves (direct-xdm 6, 11). */
import { jobEntry } from '../../ports/audit.ts';
import { auditedCommit } from '../../ports/commit.ts';
import { CommitRefused, type Snapshot, type Store } from '../../ports/store.ts';

const RECORD = { kind: 'direct-secret', key: 'message-ids' } as const;
const KEY_BYTES = 32;

interface KeyParts {
  readonly store: Pick<Store, 'snapshot' | 'commit' | 'fresh'>;
  readonly random: (bytes: number) => Uint8Array;
}

/** Undefined: no mail has left. */
export async function readMessageKey(snapshot: Pick<Snapshot, 'record'>): Promise<Uint8Array | undefined> {
  const found = await snapshot.record(RECORD.kind, RECORD.key);
  return found && Buffer.from((found.body as { readonly secret: string }).secret, 'base64'); // makeKey's
}

/** Gives the secret, and makes it where there is none. Rejects with what kept it from being written. */
export function createMessageKey(parts: KeyParts): () => Promise<Uint8Array> {
  let known: Promise<Uint8Array> | undefined;
  return () =>
    (known ??= makeKey(parts).catch((error: unknown) => {
      known = undefined;
      throw error;
    }));
}

async function makeKey({ store, random }: KeyParts): Promise<Uint8Array> {
  const there = await readMessageKey(store.snapshot());
  if (there !== undefined) return there;
  const body = { secret: Buffer.from(random(KEY_BYTES)).toString('base64') };
  try {
    const records = [{ ...RECORD, expect: 'absent', body }] as const;
    await store.commit(auditedCommit([jobEntry('direct-secret')], { records }));
  } catch (error) {
    if (!(error instanceof CommitRefused)) throw error;
    await store.fresh(); // another server may have made it meanwhile
  }
  const made = await readMessageKey(store.snapshot());
  if (made === undefined) throw new Error('the secret of Message-IDs could not be written');
  return made;
}
