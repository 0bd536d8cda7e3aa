/** Keycloak, as somebody else's provider: `.ci/keycloak/install` fetches it, `KEYCLOAK_HOME` names its folder where it is not the usual one. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { childEnv } from './child-env.ts';

const FOLDER = process.env['KEYCLOAK_HOME'] ?? join(homedir(), '.cache/closeloop/keycloak-26.3.0');

/** The reason why Keycloak cannot be asked; undefined when it can. */
export function whyNoKeycloak(): string | undefined {
  if (!existsSync(join(FOLDER, 'built'))) return '.ci/keycloak/install fetches it';
  try {
    execFileSync('java', ['-version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'Debian: apt-get install default-jdk-headless';
  }
}

export interface Keycloak {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** Administers it: a path below `/admin/realms`, the answer parsed. */
  admin<T = unknown>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T>;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 240_000;
const ADMIN = { username: 'admin', password: 'admin' } as const;

/** Starts it with an empty database in memory. */
export async function startKeycloak(): Promise<Keycloak> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const scratch = mkdtempSync(join(tmpdir(), 'closeloop-keycloak-'));
  const flags = [
    'start',
    '--optimized',
    '--cache=local',
    '--http-enabled=true',
    '--hostname-strict=false',
    '--http-host=127.0.0.1',
    `--http-port=${port}`,
    '--log-level=WARN',
  ];
  const child = spawn(join(FOLDER, 'bin/kc.sh'), flags, {
    cwd: scratch,
    detached: true, // the script starts Java: both end together
    stdio: 'ignore',
    env: {
      ...childEnv(),
      HOME: scratch,
      KC_BOOTSTRAP_ADMIN_USERNAME: ADMIN.username,
      KC_BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password,
      JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1 -Xmx512m',
    },
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await untilReady(origin);
  return {
    origin,
    async admin(method, path, body) {
      const token = await adminToken(origin);
      const response = await fetch(`${origin}/admin/realms${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return (text === '' ? undefined : JSON.parse(text)) as never; // as the caller knows the answer
    },
    async stop() {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL'); // it keeps nothing that anybody needs
      await ended;
      rmSync(scratch, { recursive: true });
    },
  };
}

async function untilReady(origin: string): Promise<void> {
  for (const end = Date.now() + READY_WITHIN_MS; Date.now() < end;) {
    const response = await fetch(`${origin}/realms/master`).catch(() => undefined);
    if (response?.status === 200) return;
    await setTimeout(250);
  }
  throw new Error('Keycloak did not start');
}

async function adminToken(origin: string): Promise<string> {
  const response = await fetch(`${origin}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', ...ADMIN }),
  });
  return ((await response.json()) as { readonly access_token: string }).access_token; // RFC 6749 5.1
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo; // of a TCP port
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
