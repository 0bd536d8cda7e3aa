/** Servers that are measured, each in a process of its own: Closeloop as production starts it, and a bare Express. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { openConnection } from './connection.ts';
import type { Measured } from './load.ts';
import { cpuSecondsOf } from './rival/process-time.ts';
import { NARROWED, organizationIds } from './resources.ts';
import { makeFolder } from './world.ts';

export interface Served extends Measured {
  /** Milliseconds from the start of the process to its first answer. */
  readonly startedMs: number;
  /** Bytes of memory in use: the process's own, and with the pages of files that it maps. */
  memory(): { readonly own: number; readonly resident: number };
  /** Ends it like an operator. */
  stop(): Promise<void>;
  /** Ends it like a power failure. */
  kill(): Promise<void>;
}

export interface Closeloop extends Served {
  /** Bearer tokens by organization id, and the administrator's. */
  readonly tokens: Readonly<Record<string, string>>;
}

export const ADMINISTRATOR = 'administrator';

const BUSINESS_STATUS = 'http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS';
const NARROWED_SCOPE = [
  ...Array.from({ length: 29 }, (_, i) => `system/Task.rs?business-status=${BUSINESS_STATUS}|none-${i}`),
  'system/Task.rs?code=http://hl7.org/fhir/CodeSystem/task-code|fulfill',
].join(' ');

const ISSUER = 'https://issuer.bench.invalid';
const AUDIENCE = 'https://bench.invalid/fhir';

const NODE_ARGUMENTS = (process.env['BENCH_NODE_ARGUMENTS'] ?? '').split(' ').filter((one) => one !== '');

/** Starts Closeloop on a folder, with tokens of the bench's own issuer. `settings` are environment variables. */
export async function serveCloseloop(
  dataDir: string,
  settings: Readonly<Record<string, string>> = {},
  nodeArguments: readonly string[] = [],
): Promise<Closeloop> {
  const { jwksFile, tokens } = await (issuer ??= makeIssuer());
  const port = await freePort();
  const env = {
    ...process.env,
    PORT: String(port),
    DATA_DIR: dataDir,
    ISSUER,
    AUDIENCE,
    JWKS_FILE: jwksFile,
    MONGODB_URI: '', // of the bench itself
    ...settings,
  };
  const script = fileURLToPath(new URL('../../src/server/begin.ts', import.meta.url));
  const served = await serve([...NODE_ARGUMENTS, ...nodeArguments, script], env, port, '/fhir/metadata');
  return { ...served, tokens };
}

/** Express without options, answering everything with this text by `res.send`. */
export async function serveExpress(text: string): Promise<Served> {
  const file = join(makeFolder(), 'text.json');
  writeFileSync(file, text);
  const port = await freePort();
  const script = fileURLToPath(new URL('./express-peer.ts', import.meta.url));
  return serve([script, file, String(port)], process.env, port, '/');
}

async function serve(
  script: readonly string[],
  env: NodeJS.ProcessEnv,
  port: number,
  firstPath: string,
): Promise<Served> {
  // The log goes where production's would: out of the process, one line per request.
  const log = openSync(join(makeFolder(), 'log'), 'w');
  const begun = performance.now();
  const child = spawn(process.execPath, script, { env, stdio: ['ignore', log, log] });
  const exited = once(child, 'exit');
  await firstAnswer(child, port, firstPath);
  const startedMs = performance.now() - begun;
  const pid = child.pid ?? 0;
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  return {
    port,
    startedMs,
    cpuSeconds: async () => cpuSecondsOf(pid),
    memory: () => memoryOf(pid),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

const TRY_AGAIN_MS = 5;
const START_MAX_MS = 30_000;

/** Waits until the server answers 200. */
async function firstAnswer(child: ChildProcess, port: number, path: string): Promise<void> {
  const end = performance.now() + START_MAX_MS;
  while (performance.now() < end) {
    if (child.exitCode !== null) throw new Error(`the server did not start: code ${child.exitCode}`);
    const status = await ask(port, path);
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
  }
  throw new Error(`no answer within ${START_MAX_MS} ms`);
}

async function ask(port: number, path: string): Promise<number> {
  try {
    const connection = await openConnection(port);
    const { status } = await connection.send({ method: 'GET', path });
    connection.close();
    return status;
  } catch {
    return 0;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  server.close();
  await once(server, 'close');
  return port;
}

function memoryOf(pid: number): { own: number; resident: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  return { own: kib('RssAnon') * 1024, resident: kib('VmRSS') * 1024 };
}

interface Issuer {
  readonly jwksFile: string;
  readonly tokens: Readonly<Record<string, string>>;
}

let issuer: Promise<Issuer> | undefined;

/** The bench's own key, and a token for every organization. */
async function makeIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const key = { ...(await exportJWK(publicKey)), kid: 'bench', alg: 'ES256', use: 'sig' };
  const jwksFile = join(makeFolder(), 'jwks.json');
  writeFileSync(jwksFile, JSON.stringify({ keys: [key] }));
  const sign = async (id: string, more: object = { organization: `Organization/${id}` }) => {
    const claims = { scope: 'system/*.cruds', client_id: `client-${id}`, ...more };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'bench' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(`client-${id}`)
      .setIssuedAt()
      .setExpirationTime('1d')
      .sign(privateKey);
    return [id, token] as const;
  };
  const signed = [
    ...organizationIds.map((id) => sign(id)),
    sign(ADMINISTRATOR, { scope: 'system/*.cruds closeloop/admin' }),
    sign(NARROWED, { scope: NARROWED_SCOPE, organization: `Organization/${organizationIds[0] ?? ''}` }),
  ];
  return { jwksFile, tokens: Object.fromEntries(await Promise.all(signed)) };
}
