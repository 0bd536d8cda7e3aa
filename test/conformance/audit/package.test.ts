/** The package for an auditor (audit-compliance AU15 to AU19), checked by programs that know nothing of this server. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AuditEvent, Bundle, Ref } from '../../../src/fhir/types.ts';
import { PACKAGE_TABLES } from '../../../src/operations/audit/package/package-tables.ts';
import { CARRIER_URL } from '../../../src/agreements/carriers.ts';
import { readRegisterSheet } from '../../../src/operations/vendors/register-sheet.ts';
import type { PackageQuery } from '../../../src/ports/audit-packages.ts';
import { openAuditSigner, publishedKeys, rotateAuditKey } from '../../../src/server/audit-key.ts';
import { writePackage } from '../../../src/server/audit-package.ts';
import { openPackageFolder } from '../../../src/server/package-files.ts';
import { pathsOf } from '../../../src/stores/embedded/folder/folder.ts';
import { childEnv } from '../../child-env.ts';
import { judged } from '../../judges.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { BASE, refOf } from '../../world.ts';

const TOOLS = join(import.meta.dirname, '../../../tools');
const top = mkdtempSync(join(tmpdir(), 'closeloop-package-'));
const data = join(top, 'data');
const keyFile = join(top, 'key.pem');
const INITIATOR = 'Organization/initiator';
let server: TestServer;
let patient: Ref;
let task: Ref;

beforeAll(async () => {
  server = await openServer(undefined, '--data-dir', data, '--audit-signing-key', keyFile);
  patient = refOf(await server.create('initiator', make.patient()));
  const order = make.serviceRequest({
    subject: patient,
    requester: 'PractitionerRole/initiator',
    performer: 'Organization/recipient',
    placer: '=P-1',
  });
  task = (await server.ask('initiator', 'POST', 'ServiceRequest', order)).link ?? 'Task/0';
  await server.sentTo('recipient', task, 1);
  // Of one moment, so that rows of several organizations share a commit.
  await Promise.all(
    ['initiator', 'recipient', 'stranger', 'initiator', 'recipient'].flatMap((who) => [
      server.ask(who, 'GET', task),
      server.ask(who, 'GET', 'Patient?name=%3Dcmd'),
    ]),
  );
  await server.ask('initiator', 'POST', 'Consent', { resourceType: 'Basic' });
  // Somebody carries what leaves: the register has it.
  const carrier = [{ url: CARRIER_URL, valueReference: { reference: 'Organization/stranger' } }];
  await server.create(
    'initiator',
    make.endpoint('initiator', { id: undefined, extension: carrier, status: 'off' }),
  );
});
afterAll(async () => {
  await server.close();
  rmSync(top, { recursive: true });
});

const vendorsOf = (query: PackageQuery) =>
  readRegisterSheet(
    { store: server.running.store, now: Date.now(), partyKindDefault: 'provider' },
    query,
    new AbortController().signal,
  );

let made = 0;
async function pack(more: Partial<PackageQuery> = {}, signal?: AbortSignal): Promise<string> {
  const out = join(top, `package-${(made += 1)}`);
  const query: PackageQuery = { organization: INITIATOR, from: 0, to: Date.now() + 1000, ...more };
  await writePackage(out, query, {
    folder: data,
    anchors: pathsOf(data).anchors,
    signer: openAuditSigner(keyFile),
    source: { name: BASE, base: BASE },
    version: '0',
    askedBy: 'officer',
    vendors: await vendorsOf(query),
    now: Date.now(),
    ...(signal && { signal }),
  });
  return out;
}

const text = (out: string, name: string): string => readFileSync(join(out, name), 'utf8');
const linesOf = (out: string, name: string): readonly string[] =>
  text(out, name)
    .split('\n')
    .filter((line) => line !== '');
const sheet = (out: string, name: string): readonly (readonly string[])[] =>
  text(out, name)
    .replace('\uFEFF', '')
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => line.split(','));

/** What a command says, or what it said when it failed. */
function run(
  program: string,
  args: readonly string[],
  cwd: string,
): { readonly ok: boolean; readonly says: string } {
  try {
    return {
      ok: true,
      says: execFileSync(program, args, { cwd, encoding: 'utf8', stdio: 'pipe', env: childEnv() }),
    };
  } catch (error) {
    return { ok: false, says: String((error as { stdout?: string }).stdout) }; // of execFileSync
  }
}

/** The commands that the README prints. */
function recipeOf(out: string): string {
  const [, commands = ''] = text(out, 'README.txt').split('---- 8< ----\n');
  return commands;
}

describe('(audit-compliance AU15) a package', () => {
  test('has every file, for its owner alone, and the manifest counts them', async () => {
    const out = await pack();
    const names = PACKAGE_TABLES.map(({ name }) => name);
    const files = [
      'events.csv',
      'logins.csv',
      'chain.ndjson',
      'anchors.ndjson',
      'verify.txt',
      'verify.py',
      'README.txt',
      'vendors.csv',
      'manifest.json',
      'manifest.jws',
      ...names,
    ];
    expect(readdirSync(out)).toEqual(expect.arrayContaining(files));
    for (const name of readdirSync(out)) {
      const { mode } = statSync(join(out, name));
      expect([name, mode & 0o077]).toEqual([name, 0]);
    }
    const manifest = JSON.parse(text(out, 'manifest.json')) as Record<string, unknown>;
    expect(manifest).toMatchObject({
      format: 'closeloop-audit-package/1',
      organization: INITIATOR,
      askedBy: 'officer',
      key: publishedKeys(keyFile)[0]?.kid,
      counts: { create: expect.any(Number), deliver: 1 },
    });
    expect(text(out, 'verify.txt')).toMatch(/^ok audit chain unbroken/);
  });

  test('has the register of vendors as of its end, or says in the README why not', async () => {
    const out = await pack();
    const [columns = [], ...lines] = sheet(out, 'vendors.csv');
    expect(columns.slice(0, 5)).toEqual(['organization', 'name', 'side', 'services', 'state']);
    expect(lines.map(([vendor, , , , state]) => [vendor, state])).toEqual([
      ['Organization/stranger', 'none'],
    ]);
    expect(text(out, 'README.txt')).toMatch(/^ {2}vendors\.csv +The vendor register as of 2/m);
    const manifest = JSON.parse(text(out, 'manifest.json')) as {
      files: readonly { name: string; rows: number }[];
    };
    expect(manifest.files.find(({ name }) => name === 'vendors.csv')?.rows).toBe(1);
    expect(sheet(await pack({ to: Date.now() - 86_400_000 }), 'vendors.csv')).toHaveLength(1);
    const ofOne = await pack({ patient });
    expect(sheet(ofOne, 'vendors.csv')).toEqual([columns]);
    expect(text(ofOne, 'README.txt')).toContain('its columns alone, since this package is about one patient');
  });

  test('(audit-compliance AU18) has the rows that the organization finds as AuditEvents, in the same order', async () => {
    const out = await pack();
    const bundle = JSON.parse(text(out, 'events/1.json')) as Bundle;
    const packed = (bundle.entry ?? []).map(({ resource }) => resource as unknown as AuditEvent);
    const until = packed.at(-1)?.recorded ?? '';
    const found = (await server.search(
      'initiator',
      `AuditEvent?date=le${until}&_sort=date&_count=500`,
    )) as unknown as readonly AuditEvent[];
    expect(packed.map(({ id }) => id)).toEqual(found.map(({ id }) => id));
    expect(packed[0]).toEqual(found[0]);
    const lines = sheet(out, 'events.csv').slice(1);
    expect([...new Set(lines.map(([seq, position]) => `${seq}-${position}`))]).toEqual(
      packed.map(({ id }) => id),
    );
  });

  test('shows nothing of others: no user, no session, no row, no name of what they keep', async () => {
    const out = await pack();
    for (const name of ['events.csv', 'events/1.json', 'chain.ndjson', 'disclosures.csv', 'logins.csv']) {
      expect([
        name,
        /subject-(recipient|stranger)|client-(recipient|stranger)/.test(text(out, name)),
      ]).toEqual([name, false]);
    }
    const stranger = await pack({ organization: 'Organization/stranger' });
    expect(text(stranger, 'chain.ndjson') + text(stranger, 'events/1.json')).not.toContain(patient);
  });

  test('(audit-compliance AU17) names on each line the patients of its record, and no patient nowhere', async () => {
    const about = Array.from({ length: 200 }, (_, at): Ref => `Patient/many-${at}`);
    const content = [{ attachment: { title: 'Note' } }];
    const subject = { reference: patient };
    const note = await server.create('initiator', {
      resourceType: 'DocumentReference',
      status: 'current',
      subject,
      content,
    });
    const entities = [
      ...about.slice(1).map((ref) => `${ref}/_history/1`),
      `DocumentReference/${note.id}/_history/1`,
    ];
    await server.running.store.record({
      event: 'search-type',
      action: 'E',
      outcome: '0',
      agent: { organization: INITIATOR, client: 'ehr', subject: 'many' },
      requestId: '',
      entities,
      patients: [...about, patient],
      viewers: [INITIATOR],
    });
    const [columns = [], ...rows] = sheet(await pack(), 'events.csv');
    const cell = (line: readonly string[], name: string) => line[columns.indexOf(name)] ?? '';
    const lines = rows.filter((line) => cell(line, 'user') === 'many');
    expect(lines.map((line) => [cell(line, 'entity'), cell(line, 'patient')])).toEqual([
      ['Patient/many-1', 'Patient/many-1 Patient/many-0'],
      ...about.slice(2).map((ref) => [ref, ref]),
      [`DocumentReference/${note.id}`, patient],
    ]);
  });

  test('is about one patient or one referral where it is asked to be', async () => {
    const [whole, one, other] = await Promise.all([
      pack(),
      pack({ patient }),
      pack({ patient: 'Patient/nobody' }),
    ]);
    const rows = (out: string): number => sheet(out, 'events.csv').length;
    expect([rows(one) > 1, rows(one) < rows(whole), rows(other)]).toEqual([true, true, 1]);
    const referral = await pack({ referral: task });
    expect(
      sheet(referral, 'disclosures.csv')
        .slice(1)
        .every((line) => line.includes(task)),
    ).toBe(true);
  });

  test('that cannot be finished leaves no file behind', async () => {
    const ending = new AbortController();
    ending.abort();
    await expect(pack({}, ending.signal)).rejects.toThrow('abort');
    const left = readdirSync(join(top, `package-${made}`), { recursive: true, withFileTypes: true });
    expect(left.filter((one) => one.isFile())).toEqual([]);
  });

  test.each(['write', 'end'] as const)('whose disk refuses a file rejects at `%s`', async (how) => {
    const folder = openPackageFolder(mkdtempSync(join(top, 'refused-')));
    await folder.put('taken.csv', 'first');
    const file = folder.begin('taken.csv');
    await file.write('the disk has not answered yet');
    // Nobody waits while it refuses, as when it is full between two rows: the process goes on.
    await setTimeout(20);
    await expect(how === 'write' ? file.write('more') : file.end()).rejects.toThrow('EEXIST');
  });

  test('does not go into a folder that holds something', async () => {
    const out = await pack();
    await expect(
      writePackage(
        out,
        { organization: INITIATOR, from: 0, to: 1 },
        {
          folder: data,
          anchors: pathsOf(data).anchors,
          signer: openAuditSigner(keyFile),
          source: { name: BASE },
          version: '0',
          askedBy: '',
          vendors: await vendorsOf({ organization: INITIATOR, from: 0, to: 1 }),
          now: 0,
        },
      ),
    ).rejects.toThrow('is not empty');
  });
});

describe('(audit-compliance AU19) the command', () => {
  test('puts the export on record before it writes, and leaves a folder alone that a server has', async () => {
    const out = join(top, 'by-command');
    const args = [
      '--data-dir',
      data,
      '--audit-signing-key',
      keyFile,
      '--out',
      out,
      '--from',
      '2020',
      '--to',
      '2099',
    ];
    const command = [join(TOOLS, 'audit.ts'), 'export', '--for', 'ocr', '--organization', INITIATOR, ...args];
    const call = () => run(process.execPath, command, TOOLS);
    expect([call().ok, existsSync(out)]).toEqual([false, false]);
    const other = join(top, 'stopped');
    cpSync(data, other, { recursive: true });
    command[command.indexOf(data)] = other;
    expect(call()).toEqual({ ok: true, says: expect.stringMatching(/^\d+ files in /) });
    expect(sheet(out, 'events.csv').at(-1)).toEqual(expect.arrayContaining(['export', '0']));
    expect(sheet(out, 'vendors.csv').map(([vendor]) => vendor)).toEqual([
      'organization',
      'Organization/stranger',
    ]);
  });
});

describe('(audit-compliance AU15) no signed package says that nothing happened because somebody slipped:', () => {
  const never = join(top, 'never');
  const args = (slip: Readonly<Record<string, string>>) =>
    Object.entries({
      organization: INITIATOR,
      from: '2020',
      to: '2099',
      'data-dir': join(top, 'slipped'),
      'audit-signing-key': keyFile,
      out: never,
      ...slip,
    }).flatMap(([name, value]) => [`--${name}`, value]);

  test.each<[string, Readonly<Record<string, string>>]>([
    ['a folder without a store', { 'data-dir': join(top, 'nowhere') }],
    ['an organization that was never here', { organization: 'Organization/initiater' }],
    ['a period that ends before it begins', { from: '2026-02-01', to: '2026-01-01' }],
  ])('%s', (_slip, slip) => {
    if (!existsSync(join(top, 'slipped'))) cpSync(data, join(top, 'slipped'), { recursive: true });
    const { ok } = run(
      process.execPath,
      [join(TOOLS, 'audit.ts'), 'export', '--for', 'ocr', ...args(slip)],
      TOOLS,
    );
    expect([ok, existsSync(never), existsSync(join(top, 'nowhere'))]).toEqual([false, false, false]);
  });
});

describe('(audit-compliance AU15) $audit-package', () => {
  const today = new Date().toISOString().slice(0, 10);
  let officer: Readonly<Record<string, string>>;
  beforeAll(async () => {
    const asked = { subject: 'officer', client: 'ehr', organization: INITIATOR } as const;
    const token = await server.running.devIssuer?.sign({
      ...asked,
      scope: 'system/*.cruds closeloop/compliance',
    });
    officer = { authorization: `Bearer ${token ?? ''}` };
  });
  const invoke = (name: string, query: string, method: 'GET' | 'POST' = 'GET', headers = officer) =>
    server.ask('initiator', method, `${INITIATOR}/$${name}?${query}`, method === 'POST' ? '' : undefined, {
      headers,
    });
  const params = (...parameter: readonly object[]) => ({ resourceType: 'Parameters', parameter });
  const begin = (from = today, headers = officer) =>
    server.ask(
      'initiator',
      'POST',
      `${INITIATOR}/$audit-package`,
      params({ name: 'from', valueDateTime: from }, { name: 'to', valueDateTime: today }),
      { headers },
    );

  test('is made while others are answered, read in parts, and taken away', async () => {
    const begun = await begin();
    expect(begun.status).toBe(202);
    const [, id = ''] = /package=([\w-]+)$/.exec(begun.headers['content-location'] ?? '') ?? [];
    let state = await invoke('audit-package-status', `package=${id}`);
    for (const end = Date.now() + 10_000; state.status === 202 && Date.now() < end;)
      state = await invoke('audit-package-status', `package=${id}`);
    expect(state.status).toBe(200);
    const names = (state.json['parameter'] as { part: { name: string; valueString?: string }[] }[]).map(
      ({ part }) => part.find(({ name }) => name === 'name')?.valueString,
    );
    expect(names).toEqual(expect.arrayContaining(['events.csv', 'manifest.jws']));
    const file = await invoke('audit-package-file', `package=${id}&name=events.csv`);
    const sheetText = Buffer.from(String(file.json['data']), 'base64').toString();
    expect(sheetText).toMatch(/^\uFEFFseq,position,recorded/);
    const vendors = await invoke('audit-package-file', `package=${id}&name=vendors.csv`);
    expect(Buffer.from(String(vendors.json['data']), 'base64').toString()).toContain(
      '\r\nOrganization/stranger,',
    );
    // It is on record in itself: the export came before its first byte (audit-compliance AU19).
    expect(sheetText).toContain(',export,R,0,');
    for (const query of [`package=${id}&name=../data/store.db`, 'package=none&name=events.csv'])
      expect((await invoke('audit-package-file', query)).code).toBe('not-found');
    const gone = await server.ask(
      'initiator',
      'POST',
      `${INITIATOR}/$audit-package-cancel`,
      params({ name: 'package', valueString: id }),
      { headers: officer },
    );
    expect(gone.status).toBe(200);
    expect((await invoke('audit-package-status', `package=${id}`)).code).toBe('not-found');
  });

  test('takes no places of other organizations: an organization keeps five', async () => {
    const ids: string[] = [];
    for (let last = await begin(), end = Date.now() + 20_000; Date.now() < end; last = await begin()) {
      const [, id] = /package=([\w-]+)$/.exec(last.headers['content-location'] ?? '') ?? [];
      if (id !== undefined) ids.push(id);
      else if (ids.length === 5 && (await isIdle(ids))) break;
      await setTimeout(20);
    }
    expect([ids.length, (await begin()).code]).toEqual([5, 'busy']);
    for (const id of ids)
      await server.ask(
        'initiator',
        'POST',
        `${INITIATOR}/$audit-package-cancel`,
        params({ name: 'package', valueString: id }),
        { headers: officer },
      );
    expect((await begin()).status).toBe(202);
  });
  const isIdle = async (ids: readonly string[]): Promise<boolean> =>
    (await invoke('audit-package-status', `package=${ids.at(-1)}`)).status !== 202;

  test('is of at most a year, and for the organization’s own compliance officer', async () => {
    expect((await begin('2020-01-01')).code).toBe('parameter-invalid');
    const asked = { subject: 'x', client: 'ehr', organization: 'Organization/recipient' } as const;
    const peer = await server.running.devIssuer?.sign({
      ...asked,
      scope: 'system/*.cruds closeloop/compliance',
    });
    expect((await begin(today, { authorization: `Bearer ${peer ?? ''}` })).code).toBe('scope-insufficient');
    expect(
      (
        await server.ask(
          'initiator',
          'POST',
          `${INITIATOR}/$audit-package`,
          params({ name: 'from', valueDateTime: today }, { name: 'to', valueDateTime: today }),
        )
      ).code,
    ).toBe('scope-insufficient');
  });
});

describe('(audit-compliance AU16) the recipe of the README', () => {
  judged('openssl', 'finds the package as it was signed, and a byte changed in any file', async () => {
    const out = await pack();
    const check = (): { readonly ok: boolean; readonly says: string } =>
      run('bash', ['-c', recipeOf(out)], out);
    expect(check()).toEqual({
      ok: true,
      says: expect.stringContaining('All files are as they were signed.'),
    });
    const { files } = JSON.parse(text(out, 'manifest.json')) as {
      readonly files: readonly { readonly name: string }[];
    };
    for (const { name } of files) {
      const before = readFileSync(join(out, name));
      if (name === 'README.txt' || name === 'signing-key.pem' || before.length === 0) continue;
      const changed = Buffer.from(before);
      changed[changed.length >> 1]! ^= 1;
      writeFileSync(join(out, name), changed);
      expect([name, check().ok]).toEqual([name, false]);
      writeFileSync(join(out, name), before);
    }
    const manifest = text(out, 'manifest.json');
    writeFileSync(join(out, 'manifest.json'), manifest.replace('officer', 'nobody!'));
    expect(check().ok).toBe(false);
  });

  judged('openssl', 'still finds it when another key signs from now on', async () => {
    const out = await pack();
    const [old] = publishedKeys(keyFile);
    const kid = rotateAuditKey(keyFile);
    expect(publishedKeys(keyFile).map((key) => key.kid)).toEqual([kid, old?.kid]);
    const published = await fetch(`http://127.0.0.1:${server.running.port}/.well-known/jwks.json`);
    const { keys } = (await published.json()) as { readonly keys: readonly Record<string, string>[] };
    expect(keys.map((key) => [key['kid'], key['use'], key['alg'], key['d']])).toEqual(
      [kid, old?.kid].map((one) => [one, 'sig', 'EdDSA', undefined]),
    );
    expect(run('bash', ['-c', recipeOf(out)], out).ok).toBe(true);
    expect(JSON.parse(text(await pack(), 'manifest.json'))).toMatchObject({ key: kid });
  });
});

describe('(audit-compliance AU18) verify.py', () => {
  const verify = (out: string) => run('python3', ['verify.py'], out);

  judged('python3', 'is sixty lines or so of the standard library', async () => {
    const out = await pack();
    expect(linesOf(out, 'verify.py').length).toBeLessThanOrEqual(70);
    expect(linesOf(out, 'verify.py').filter((line) => /^(import|from) /.test(line))).toEqual([
      'import base64, csv, hashlib, json, os, sys',
    ]);
  });

  judged('python3', 'recomputes every row and the chain', async () => {
    const out = await pack();
    expect(verify(out)).toEqual({
      ok: true,
      says: expect.stringMatching(/^sound: \d+ commits, \d+ rows, 0 not provable/),
    });
  });

  const changes: readonly (readonly [says: string, name: string, change: (line: string) => string])[] = [
    ['a row', 'chain.ndjson', (line) => line.replace(/subject-initiator/, 'subject-somebody')],
    ['a time', 'chain.ndjson', (line) => line.replace(/"at":(\d)/, '"at":9$1')],
    ['a line that is left out', 'chain.ndjson', () => ''],
    ['an event', 'events.csv', (line) => line.replace(/,[\w-]{43}$/, `,${'A'.repeat(43)}`)],
  ];
  for (const [says, name, change] of changes)
    judged('python3', `finds ${says} that was changed`, async () => {
      const out = join(top, `changed-${(made += 1)}`);
      cpSync(await pack(), out, { recursive: true });
      const lines = text(out, name).split('\n');
      const at = lines.findIndex(
        (line, index) => index > 1 && change(line.replace(/\r$/, '')) !== line.replace(/\r$/, ''),
      );
      lines[at] = change((lines[at] ?? '').replace(/\r$/, '')) + (name.endsWith('.csv') ? '\r' : '');
      writeFileSync(join(out, name), lines.filter((line) => line !== '').join('\n') + '\n');
      const { ok, says: found } = verify(out);
      expect(ok).toBe(false);
      expect(found.split('\n').filter((line) => !line.startsWith('changed: ') && line !== '')).not.toEqual(
        [],
      );
    });
});
