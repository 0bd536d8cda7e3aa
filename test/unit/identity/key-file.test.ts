/** The key file: where it is looked for, when it is made, and what is wrong with it, by name (identity ID-54). */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Store } from '../../../src/ports/store.ts';
import { checkSecrets } from '../../../src/server/compose-identity.ts';
import { openKey, SEALING_KEY, type KeySettings, type OpenedKey } from '../../../src/server/key-file.ts';
import { createEmbeddedWorld } from '../../contract/embedded-world.ts';

const PLACE = { kind: 'credential', key: 'c1' };

const world = createEmbeddedWorld();
let folder: string;
let store: Store;
let settings: KeySettings;

const open = (changed: Partial<KeySettings> = {}): Promise<OpenedKey> =>
  openKey({ ...settings, ...changed }, store, { XDG_STATE_HOME: join(folder, 'state') });

/** The code of the refusal, and all that a start says. */
async function troubleOf(opening: Promise<OpenedKey>): Promise<readonly (string | undefined)[]> {
  const opened = await opening;
  return [
    opened.seal === undefined ? opened.refused.code : undefined,
    ...opened.says.map(({ code }) => code),
  ];
}

const keyAt = (file: string, content: Buffer | string = randomBytes(32), mode = 0o600): string => {
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'closeloop-key-'));
  mkdirSync(join(folder, 'data'));
  store = await world.open();
  settings = { keyFile: undefined, dataDir: join(folder, 'data'), demo: false, store: 'embedded' };
});

afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await world.end();
});

test('(identity ID-54) a start opens what is sealed already, so that the log says when the key is not there', async () => {
  let opened = 0;
  const secrets = {
    seal: async () => void (opened += 1) as undefined,
    signingKeys: () => Promise.reject(new Error('not asked for')),
  };
  await checkSecrets(secrets, store);
  expect(opened).toBe(0);
  await open();
  await checkSecrets(secrets, store);
  expect(opened).toBe(1);
});

describe('the key file', () => {
  test('(identity ID-54, encryption E10) a first start makes a key apart from the data, once', async () => {
    expect(await troubleOf(open())).toEqual([undefined, 'key-made']);
    const keys = join(folder, 'state/closeloop/keys');
    const [name = ''] = readdirSync(keys);
    expect(readdirSync(keys)).toHaveLength(1);
    expect(statSync(join(keys, name)).mode & 0o777).toBe(0o600);
    expect(statSync(keys).mode & 0o777).toBe(0o700);
    expect(readdirSync(settings.dataDir)).toEqual([]);
    expect(await troubleOf(open())).toEqual([undefined]);
  });

  test('what was sealed opens after the next start', async () => {
    const first = await open();
    const sealed = first.seal?.close(Buffer.from('secret'), PLACE) ?? '';
    const second = await open();
    expect(second.seal?.open(sealed, PLACE)?.toString()).toBe('secret');
  });

  test('(identity ID-58) neither key is in the record', async () => {
    await open();
    const [file = ''] = readdirSync(join(folder, 'state/closeloop/keys'));
    const key = readFileSync(join(folder, 'state/closeloop/keys', file), 'utf8').trim();
    const record = await store.snapshot().record(SEALING_KEY.kind, SEALING_KEY.key);
    const body = record?.body as Record<string, string>;
    expect(Object.keys(body).toSorted()).toEqual(['fingerprint', 'id', 'wrapped']);
    expect(JSON.stringify(body)).not.toContain(key);
  });

  test('a missing key is named, and no new one is made', async () => {
    await open();
    rmSync(join(folder, 'state'), { recursive: true });
    const opened = await open();
    expect(opened).toMatchObject({ seal: undefined, refused: { code: 'key-missing' } });
    expect(JSON.stringify(opened)).toContain(join(folder, 'state/closeloop/keys'));
    expect(existsSync(join(folder, 'state'))).toBe(false);
  });

  test('a key that others can read is refused, and is used once they cannot', async () => {
    const keyFile = keyAt(join(folder, 'a.key'), randomBytes(32), 0o640);
    expect(await troubleOf(open({ keyFile }))).toEqual(['key-readable']);
    chmodSync(keyFile, 0o600);
    expect(await troubleOf(open({ keyFile }))).toEqual([undefined]);
  });

  test('another key is named with both fingerprints', async () => {
    await open({ keyFile: keyAt(join(folder, 'a.key')) });
    const opened = await open({ keyFile: keyAt(join(folder, 'b.key')) });
    expect(opened.seal === undefined ? opened.refused : undefined).toEqual({
      code: 'key-differs',
      text: expect.stringMatching(/the key [\da-f]{8}; the store was sealed with [\da-f]{8} /),
    });
  });

  test.each<[string, (at: string) => Partial<KeySettings>, readonly (string | undefined)[]]>([
    ['a named file that is not there', (at) => ({ keyFile: join(at, 'no.key') }), ['key-missing']],
    ['a file that holds no key', (at) => ({ keyFile: keyAt(join(at, 'k'), 'hello') }), ['key-unfit']],
    [
      'a key in base64',
      (at) => ({ keyFile: keyAt(join(at, 'k'), `${randomBytes(32).toString('base64')}\n`) }),
      [undefined],
    ],
    ['a key in bytes', (at) => ({ keyFile: keyAt(join(at, 'k')) }), [undefined]],
    [
      'a key in the data folder',
      (at) => ({ keyFile: keyAt(join(at, 'data/k')) }),
      [undefined, 'key-beside-data'],
    ],
    ['a demonstration', () => ({ demo: true }), [undefined, 'key-made']],
    ['MongoDB without a named file', () => ({ store: 'mongodb' }), ['key-not-made']],
  ])('%s', async (_name, changed, trouble) => {
    expect(await troubleOf(open(changed(folder)))).toEqual(trouble);
  });

  test('a demonstration keeps its key in its own folder', async () => {
    await open({ demo: true });
    expect(readdirSync(settings.dataDir)).toEqual(['demo.key']);
  });

  test('two nodes that start at once agree on one key', async () => {
    const keyFile = keyAt(join(folder, 'a.key'));
    const opened = await Promise.all([open({ keyFile }), open({ keyFile })]);
    const sealed = opened[0].seal?.close(Buffer.from('secret'), PLACE) ?? '';
    expect(opened[1].seal?.open(sealed, PLACE)?.toString()).toBe('secret');
  });
});
