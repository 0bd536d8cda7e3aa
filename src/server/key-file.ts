/**
 * The key file: what opens the secrets that lie sealed in the store (identity ID-54, encryption E10). It never lies with the
 * data but in a demonstration. It wraps the sealing key, which is a record; another key file is a record wrapped anew.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { createSeal, keyFingerprint, SEAL_KEY_BYTES, type Seal } from '../identity/seal.ts';
import { adminEntry, SERVER_AGENT } from '../ports/audit.ts';
import { auditedCommit } from '../ports/commit.ts';
import { CommitRefused, type Store } from '../ports/store.ts';

/** The seal of the store, or why there is none: the server starts, and what needs it says so. */
export type OpenedKey =
  | { readonly seal: Seal; readonly file: string; readonly says: readonly KeyNotice[] }
  | { readonly seal: undefined; readonly refused: KeyTrouble; readonly says: readonly KeyNotice[] };

/** Why secrets cannot be opened. */
interface KeyTrouble {
  readonly code: 'key-missing' | 'key-readable' | 'key-unfit' | 'key-differs' | 'key-not-made';
  /** What is wrong and what to do; no part of any key. */
  readonly text: string;
}

/** What a start says of the key by name. */
interface KeyNotice {
  readonly code: 'key-made' | 'key-beside-data';
  readonly text: string;
}

/** Where the key is looked for. */
export interface KeySettings {
  readonly keyFile: string | undefined;
  readonly dataDir: string;
  readonly demo: boolean;
  readonly store: 'embedded' | 'mongodb';
}

/** The record with the sealing key: there is one. */
export const SEALING_KEY = { kind: 'sealing-key', key: '1' } as const;

/** What the record holds. */
interface SealingKey {
  /** Names the file that the server made; of a file that the settings name it says nothing. */
  readonly id: string;
  /** The fingerprint of the key file that opens it. */
  readonly fingerprint: string;
  /** The sealing key, sealed with the key of the file. */
  readonly wrapped: string;
}

/** Rights of anybody but the owner. */
const OTHERS = 0o077;

/** @param env XDG_STATE_HOME, where keys that the server makes are kept */
export async function openKey(
  settings: KeySettings,
  store: Pick<Store, 'snapshot' | 'commit'>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<OpenedKey> {
  for (;;) {
    const found = await store.snapshot().record(SEALING_KEY.kind, SEALING_KEY.key);
    if (found !== undefined) return unwrapSealingKey(settings, found.body, env);
    const made = await makeSealingKey(settings, store, env);
    if (made !== 'made by another node') return made;
  }
}

/** Takes the sealing key out of what its record holds; writes nothing. */
export function unwrapSealingKey(
  settings: KeySettings,
  body: object,
  env: Parameters<typeof openKey>[2],
): OpenedKey {
  const held = body as SealingKey; // this file alone writes the kind
  const file = fileOf(settings, held.id, env);
  const says = noticesOf(settings, file);
  const key = readKey(file);
  if (key === undefined)
    return refuse(
      says,
      'key-missing',
      `The key ${held.fingerprint} is not at ${file} → put it there, or name its place by keyFile`,
    );
  if (!Buffer.isBuffer(key)) return { seal: undefined, refused: key, says };
  const sealingKey = createSeal(key, randomBytes).open(held.wrapped, SEALING_KEY);
  if (sealingKey === undefined)
    return refuse(
      says,
      'key-differs',
      `${file} holds the key ${keyFingerprint(key)}; the store was sealed with ${held.fingerprint} → name the file of that key by keyFile`,
    );
  return { seal: sealWith(sealingKey), file, says };
}

/** Makes the sealing key, and the file that opens it where none is named. */
async function makeSealingKey(
  settings: KeySettings,
  store: Pick<Store, 'commit'>,
  env: Parameters<typeof openKey>[2],
): Promise<OpenedKey | 'made by another node'> {
  const id = randomBytes(8).toString('hex');
  const file = fileOf(settings, id, env);
  const says: KeyNotice[] = [...noticesOf(settings, file)];
  let key = readKey(file);
  if (key === undefined) {
    if (settings.keyFile !== undefined)
      return refuse(says, 'key-missing', `There is no key at ${file} → ${HOW_TO_MAKE} ${file}`);
    if (settings.store === 'mongodb' && !settings.demo)
      return refuse(
        says,
        'key-not-made',
        `With MongoDB every node needs the same key → make one (${HOW_TO_MAKE} FILE) and name it by keyFile`,
      );
    const trouble = writeKey(file, (key = randomBytes(SEAL_KEY_BYTES)));
    if (trouble !== undefined) return { seal: undefined, refused: trouble, says };
    says.push({
      code: 'key-made',
      text: `New key ${file}. Without this file the secrets of accounts cannot be read. Copy it now to a place apart from the backups`,
    });
  }
  if (!Buffer.isBuffer(key)) return { seal: undefined, refused: key, says };
  const sealingKey = randomBytes(SEAL_KEY_BYTES);
  const body: SealingKey = {
    id,
    fingerprint: keyFingerprint(key),
    wrapped: createSeal(key, randomBytes).close(sealingKey, SEALING_KEY),
  };
  const entry = adminEntry(
    { agent: SERVER_AGENT, requestId: 'sealing-key' },
    { entities: [], query: `sealing key made, opened by ${body.fingerprint}`, viewers: [] },
  );
  try {
    await store.commit(auditedCommit([entry], { records: [{ ...SEALING_KEY, expect: 'absent', body }] }));
  } catch (error) {
    if (error instanceof CommitRefused && error.reason === 'unexpected') return 'made by another node';
    throw error;
  }
  return { seal: sealWith(sealingKey), file, says };
}

const HOW_TO_MAKE = 'umask 077; openssl rand -base64 32 >';

const refuse = (says: readonly KeyNotice[], code: KeyTrouble['code'], text: string): OpenedKey => ({
  seal: undefined,
  refused: { code, text },
  says,
});

function sealWith(key: Buffer): Seal {
  const seal = createSeal(key, randomBytes);
  key.fill(0);
  return seal;
}

/** Where the key is: as named; in a demonstration in its folder; else in the folder of the user's state. */
function fileOf(
  { keyFile, demo, dataDir }: KeySettings,
  id: string,
  { XDG_STATE_HOME }: Parameters<typeof openKey>[2],
): string {
  if (keyFile !== undefined) return resolve(keyFile);
  if (demo) return join(resolve(dataDir), 'demo.key');
  const isSet = XDG_STATE_HOME !== undefined && XDG_STATE_HOME.startsWith('/');
  return join(isSet ? XDG_STATE_HOME : join(homedir(), '.local/state'), 'closeloop/keys', `${id}.key`);
}

/** A demonstration keeps its key with its data, which is what demonstrations may do. */
function noticesOf({ dataDir, demo }: KeySettings, file: string): readonly KeyNotice[] {
  const way = relative(resolve(dataDir), file);
  if (demo || way.startsWith(`..${sep}`)) return [];
  return [
    {
      code: 'key-beside-data',
      text: `${file} is in the data folder: who takes the one has the other → move it, and name its place by keyFile`,
    },
  ];
}

/** The key of a file: 32 bytes, or their base64. Undefined: there is no file. */
function readKey(file: string): Buffer | KeyTrouble | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if ((stat.mode & OTHERS) !== 0)
    return { code: 'key-readable', text: `${file} can be read by others → chmod 600 ${file}` };
  const bytes = readFileSync(file);
  const key = bytes.length === SEAL_KEY_BYTES ? bytes : Buffer.from(bytes.toString('latin1'), 'base64');
  if (key.length === SEAL_KEY_BYTES) return key;
  return {
    code: 'key-unfit',
    text: `${file} holds no key: 32 bytes, or their base64 → ${HOW_TO_MAKE} ${file}`,
  };
}

/** Writes a new key and flushes it: what is sealed with it counts only when it is on disk. */
function writeKey(file: string, key: Buffer): KeyTrouble | undefined {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const opened = openSync(file, 'wx', 0o600);
    try {
      writeSync(opened, `${key.toString('base64')}\n`);
      fsyncSync(opened);
    } finally {
      closeSync(opened);
    }
    return undefined;
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException; // what node:fs throws
    return {
      code: 'key-not-made',
      text: `No key could be made at ${file} (${code}) → name a place by keyFile`,
    };
  }
}
