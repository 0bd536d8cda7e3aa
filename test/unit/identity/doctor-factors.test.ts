/** What doctor says of the key of the store and of the domain of passkeys. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { credentialWrite } from '../../../src/accounts/credentials.ts';
import { jobEntry } from '../../../src/ports/audit.ts';
import { auditedCommit } from '../../../src/ports/commit.ts';
import { readConfig } from '../../../src/server/config.ts';
import { openKey } from '../../../src/server/key-file.ts';
import type { EmbeddedStore } from '../../../src/stores/embedded/open.ts';
import { examineKey, examinePasskeys } from '../../../tools/doctor/factors.ts';
import { createEmbeddedWorld } from '../../contract/embedded-world.ts';

const world = createEmbeddedWorld();
let place: string;
let store: EmbeddedStore;
beforeEach(async () => {
  place = mkdtempSync(join(tmpdir(), 'closeloop-doctor-'));
  store = await world.open();
});
afterEach(async () => {
  rmSync(place, { recursive: true });
  await world.end();
});

const config = (...argv: readonly string[]) =>
  readConfig(
    ['--data-dir', store.folder, '--issuer', 'https://issuer.example', '--jwks-file', 'keys.json', ...argv],
    {},
    'command',
  );
const marks = (findings: ReturnType<typeof examineKey>): readonly string[] =>
  findings.map(({ ok, warning }) => (ok ? (warning ? '!' : '✓') : '✗'));

describe('doctor', () => {
  test('(encryption E10) looks whether the key opens the store, and where it lies', async () => {
    const env = { XDG_STATE_HOME: place };
    expect(marks(examineKey(config()))).toEqual(['✓']);
    const opened = await openKey(config(), store, env);
    const file = opened.seal === undefined ? '' : opened.file;
    expect(marks(examineKey(config('--key-file', file)))).toEqual(['✓', '!']);
    chmodSync(file, 0o644);
    expect(examineKey(config('--key-file', file))).toMatchObject([
      { ok: false, says: expect.stringContaining('chmod 600') },
    ]);
    rmSync(file);
    expect(examineKey(config('--key-file', file))).toMatchObject([
      { ok: false, says: expect.stringContaining('put it there') },
    ]);
  });

  test('(identity ID-29) says that passkeys do not work at an IP address', async () => {
    const at = (base: string, ...argv: readonly string[]) =>
      marks(examinePasskeys(config('--public-base-url', base, ...argv)));
    expect(at('http://127.0.0.1:8080/fhir')).toEqual(['!']);
    expect(at('https://refer.clinic.example/fhir')).toEqual(['✓']);
    expect(at('https://refer.clinic.example/fhir', '--passkey-domain', 'clinic.example')).toEqual(['✓']);
    expect(at('https://refer.clinic.example/fhir', '--passkey-domain', 'other.example')).toEqual(['!']);
    const passkey = {
      kind: 'passkey',
      account: 'a',
      addedAt: 0,
      id: 'x',
      publicKey: '',
      counter: 0,
      transports: [],
      domain: 'refer.clinic.example',
      synced: false,
    } as const;
    await store.commit(
      auditedCommit([jobEntry('test')], { records: [credentialWrite('k', passkey, 'absent')] }),
    );
    expect(at('http://127.0.0.1:8080/fhir')).toEqual(['✗']);
  });
});
