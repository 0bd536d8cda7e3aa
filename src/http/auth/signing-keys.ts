/**
 * The keys that the authorization server signs with (smart SM-54): records, their private part sealed. A new key is published a
 * day before it is used, and an old one stays published until what it signed has expired. Every node reads the same records.
 */
import { createPrivateKey, generateKeyPair, type JsonWebKey, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { identityEntry } from '../../accounts/audit.ts';
import type { Seal } from '../../identity/seal.ts';
import { SERVER_AGENT, type AuditEntry } from '../../ports/audit.ts';
import { auditedCommit } from '../../ports/commit.ts';
import { allRecords, type RecordWrite, type StoredRecord } from '../../ports/record.ts';
import type { Store } from '../../ports/store.ts';

type SigningAlgorithm = 'RS256' | 'ES384';

const ALGORITHMS: readonly SigningAlgorithm[] = ['RS256', 'ES384'];

const KIND = 'signing-key';
/** How long a new key is published before it is used: whoever keeps our key set has it by then (OIDC Core 10.1.1). */
const NOTICE_MS = 24 * 60 * 60_000;
/** How long a key is used (smart SM-54). */
const ROTATED_MS = 90 * 24 * 60 * 60_000;
/** How long an old key is published after its last use: the longest life of what it signed, and an hour. */
const AFTERGLOW_MS = 2 * 60 * 60_000;

/** The body of the record; its key is the `kid`. */
interface SigningKeyBody {
  readonly alg: SigningAlgorithm;
  readonly public: JsonWebKey;
  /** The private key (PKCS #8, DER), sealed. */
  readonly sealed: string;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  readonly usedFrom: number;
}

/** A key as others see it. */
export type PublishedKey = JsonWebKey & { readonly kid: string; readonly alg: SigningAlgorithm };

/** What can be signed with now. */
export interface KeySet {
  /** Another text whenever keys come, go or are used from now on. */
  readonly version: string;
  readonly published: readonly PublishedKey[];
  /** The private key to sign with, per algorithm. */
  readonly active: ReadonlyMap<SigningAlgorithm, { readonly kid: string; readonly key: KeyObject }>;
}

export interface SigningKeys {
  /**
   * Makes the first keys where there are none.
   *
   * @throws Error when the keys cannot be unsealed
   */
  load(): Promise<KeySet>;
  /**
   * Makes a next key of each algorithm, used in a day. @returns its ids
   *
   * @param by who asked for it
   */
  rotate(by?: Asking): Promise<readonly string[]>;
}

interface Parts {
  readonly store: Pick<Store, 'snapshot' | 'commit'>;
  readonly now: () => number;
  readonly newKeyId: () => string;
  /** Undefined: the key file cannot be had. */
  readonly seal: Seal | undefined;
}

interface Kept extends SigningKeyBody {
  readonly kid: string;
  readonly version: number;
  readonly expiresAt: number | undefined;
}

const makePair = promisify(generateKeyPair);

export function createSigningKeys(parts: Parts): SigningKeys {
  const { now } = parts;
  const unseal = createUnseal(parts.seal);
  let last: KeySet | undefined;
  return {
    async load() {
      const keys = await withoutGaps(parts);
      const active = ALGORITHMS.flatMap((alg) => inUse(keys, alg, now()) ?? []);
      const version = `${keys.map(({ kid }) => kid).join(' ')} · ${active.map(({ kid }) => kid).join(' ')}`;
      if (last?.version === version) return last;
      last = {
        version,
        published: keys.map(publishedOf),
        active: new Map(active.map((key) => [key.alg, { kid: key.kid, key: unseal(key) }])),
      };
      return last;
    },
    rotate: (by = SERVER) => rotate(parts, by),
  };
}

/** Makes the next keys where the newest are used for long enough. Where there are none, nothing is opened or made. */
export async function rotateDueKeys(
  parts: Pick<Parts, 'store' | 'now'>,
  open: () => Promise<SigningKeys>,
): Promise<void> {
  const newest = (await keptBy(parts)).at(-1);
  if (newest !== undefined && parts.now() - newest.usedFrom >= ROTATED_MS - NOTICE_MS)
    await (await open()).rotate();
}

/** All keys that are still published, the oldest use first. */
async function keptBy({ store }: Pick<Parts, 'store'>): Promise<readonly Kept[]> {
  const records = await allRecords(store.snapshot(), KIND, 'use', 'sig');
  return records.map(keptOf).toSorted((a, b) => a.usedFrom - b.usedFrom);
}

/** The same, after the first keys were made. */
async function withoutGaps(parts: Parts): Promise<readonly Kept[]> {
  const keys = await keptBy(parts);
  const now = parts.now();
  const missing = ALGORITHMS.filter((alg) => inUse(keys, alg, now) === undefined);
  if (missing.length === 0) return keys;
  await write(parts, await Promise.all(missing.map((alg) => make(parts, alg, now))), SERVER);
  return keptBy(parts);
}

function createUnseal(seal: Seal | undefined): (kept: Kept) => KeyObject {
  const opened = new Map<string, KeyObject>();
  return ({ kid, sealed }) => {
    const known = opened.get(kid);
    if (known !== undefined) return known;
    const der = seal?.open(sealed, { kind: KIND, key: kid });
    if (der === undefined)
      throw new Error('the signing keys cannot be unsealed: the key file is missing or another');
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    opened.set(kid, key);
    return key;
  };
}

async function make(
  { seal, newKeyId, now }: Parts,
  alg: SigningAlgorithm,
  usedFrom: number,
): Promise<RecordWrite> {
  if (seal === undefined) throw new Error('no signing keys can be made: the key file is missing');
  const pair =
    alg === 'RS256'
      ? await makePair('rsa', { modulusLength: 2048 })
      : await makePair('ec', { namedCurve: 'P-384' });
  const kid = newKeyId();
  const der = pair.privateKey.export({ format: 'der', type: 'pkcs8' });
  const body: SigningKeyBody = {
    alg,
    public: pair.publicKey.export({ format: 'jwk' }),
    sealed: seal.close(der, { kind: KIND, key: kid }),
    madeAt: now(),
    usedFrom,
  };
  return { kind: KIND, key: kid, expect: 'absent', body, index: INDEX };
}

async function rotate(parts: Parts, by: Asking): Promise<readonly string[]> {
  const keys = await keptBy(parts);
  const usedFrom = parts.now() + NOTICE_MS;
  const made = await Promise.all(ALGORITHMS.map((alg) => make(parts, alg, usedFrom)));
  const retiring = keys.filter(({ expiresAt }) => expiresAt === undefined);
  const ends = retiring.map(({ kid, version, expiresAt: _never, ...body }): RecordWrite => ({
    kind: KIND,
    key: kid,
    expect: version,
    body,
    expiresAt: usedFrom + AFTERGLOW_MS,
    index: INDEX,
  }));
  await write(parts, [...made, ...ends], by);
  return made.map(({ key }) => key);
}

async function write({ store }: Parts, records: readonly RecordWrite[], by: Asking): Promise<void> {
  const made = records.filter(({ expect }) => expect === 'absent').map(({ key }) => key);
  const row = identityEntry('key-rotated', {
    actor: by.agent,
    requestId: by.requestId,
    detail: { keys: made.join(' ') },
  });
  await store.commit(auditedCommit([row], { records }));
}

type Asking = Pick<AuditEntry, 'agent' | 'requestId'>;

const SERVER = { agent: SERVER_AGENT, requestId: 'signing-keys' } as const;

const INDEX: readonly (readonly [string, string])[] = [['use', 'sig']];

const keptOf = ({ key, version, expiresAt, body }: StoredRecord): Kept => ({
  ...(body as SigningKeyBody), // of this kind
  kid: key,
  version,
  expiresAt,
});

/** The newest key of an algorithm that is used by now. */
const inUse = (keys: readonly Kept[], wanted: SigningAlgorithm, now: number): Kept | undefined =>
  keys.findLast(({ alg, usedFrom }) => alg === wanted && usedFrom <= now);

const publishedOf = ({ kid, alg, public: open }: Kept): PublishedKey => ({ ...open, kid, alg, use: 'sig' });
