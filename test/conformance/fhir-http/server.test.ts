/** The whole server, as its operator starts and stops it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../src/server/config.ts';
import { signDemoTokens, type DemoTokens } from '../../../src/http/dev-issuer.ts';
import { createLog } from '../../../src/http/log.ts';
import { start, type Running } from '../../../src/server/compose.ts';
import { childEnv } from '../../child-env.ts';

const folder = mkdtempSync(join(tmpdir(), 'closeloop-server-'));
const SERVER = join(import.meta.dirname, '../../../src/server/begin.ts');
const PARTIES = {
  initiator: 'Organization/demo-initiator',
  recipient: 'Organization/demo-recipient',
} as const;

const ownFolder = (name: string): readonly string[] => [
  '--demo',
  '--port',
  '0',
  '--data-dir',
  join(folder, name),
];

let running: Running;
let tokens: DemoTokens;
beforeAll(async () => {
  const config = readConfig(['--demo', '--port', '0', '--data-dir', join(folder, 'whole')], {});
  running = await start(
    config,
    createLog(
      'error',
      (lines) => process.stderr.write(lines),
      () => Date.now(),
    ),
  );
  if (running.devIssuer === undefined) throw new Error('a demonstration has an issuer');
  tokens = await signDemoTokens(running.devIssuer, PARTIES, config.administratorScope);
});
afterAll(async () => {
  await running.stop();
  rmSync(folder, { recursive: true });
});

function send(token: string, path: string, method = 'GET', body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' };
  return fetch(`${running.base}${path}`, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

/** Runs the server as a process until it ends. */
function run(
  argv: readonly string[],
  onReady: (child: ChildProcess, base: string) => void = () => undefined,
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [SERVER, ...argv], { env: childEnv() });
    let stderr = '';
    let isReady = false;
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      const base = /"msg":"ready","base":"([^"]+)"/.exec(stderr)?.[1];
      if (base === undefined || isReady) return;
      isReady = true;
      onReady(child, base);
    });
    child.on('close', (code) => resolve({ code, stderr }));
  });
}

describe('from the door to the store', () => {
  test('an organization is nobody until it is known here', async () => {
    expect((await send(tokens.initiator, '/Patient')).status).toBe(403);
    for (const [name, ref] of Object.entries(PARTIES)) {
      const organization = { resourceType: 'Organization', id: ref.split('/')[1], name, active: true };
      expect((await send(tokens.admin, `/${ref}`, 'PUT', organization)).status).toBe(201);
      const parameters = { resourceType: 'Parameters' };
      expect((await send(tokens.admin, `/${ref}/$admit`, 'POST', parameters)).status).toBe(200);
    }
    expect((await send(tokens.initiator, '/Patient')).status).toBe(200);
  });

  test('what is created is read back, by its keeper and by nobody else', async () => {
    const created = await send(tokens.initiator, '/Patient', 'POST', {
      resourceType: 'Patient',
      active: true,
    });
    expect(created.status).toBe(201);
    const location = created.headers.get('location') ?? '';
    expect(location.startsWith(`${running.base}/Patient/`)).toBe(true);
    const path = location.slice(running.base.length).replace(/\/_history\/.*/, '');
    const etag = created.headers.get('etag') ?? '';
    const read = await send(tokens.initiator, path);
    expect([read.status, read.headers.get('etag'), await read.text()]).toEqual([
      200,
      etag,
      await created.text(),
    ]);
    expect((await send(tokens.recipient, path)).status).toBe(404);
    const headers = { authorization: `Bearer ${tokens.initiator}`, 'if-none-match': etag };
    expect((await fetch(running.base + path, { headers })).status).toBe(304);
  });

  test('the capability statement is served at the base it names', async () => {
    const statement = (await (await fetch(`${running.base}/metadata`)).json()) as {
      implementation: { url: string };
    };
    expect(statement.implementation.url).toBe(running.base);
  });
});

describe('as a process', () => {
  test('SIGTERM ends it in order: 0', async () => {
    const { code, stderr } = await run(ownFolder('ended'), (child) => child.kill('SIGTERM'));
    expect(code).toBe(0);
    expect(stderr).toContain('"msg":"stopping","signal":"SIGTERM"');
  });

  test('SIGHUP does not end it', async () => {
    let status = 0;
    const { code } = await run(ownFolder('hup'), (child, base) => {
      child.kill('SIGHUP');
      void setTimeout(50)
        .then(() => fetch(`${base}/metadata`))
        .then((response) => {
          status = response.status;
          return child.kill('SIGTERM');
        });
    });
    expect([status, code]).toEqual([200, 0]);
  });

  test.each<[name: string, argv: readonly string[], code: number, says: string]>([
    ['no issuer', ['--authorization-server', 'off'], 2, 'issuer or issuersFile must be set'],
    ['unknown flag', ['--demo', '--prot', '1'], 2, '--prot is not a setting'],
    ['demo off loopback', ['--demo', '--host', '0.0.0.0'], 2, 'demo refuses host 0.0.0.0'],
    ['a folder in use', ownFolder('whole'), 1, 'could not start'],
  ])('%s: a sentence and %j', async (_name, argv, code, says) => {
    const ended = await run(argv);
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(says);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });

  test('a port in use', async () => {
    const ended = await run([...ownFolder('taken'), '--port', String(running.port)]);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('is in use by another process');
  });
});
