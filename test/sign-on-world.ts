/**
 * The addresses of sign-on from outside on a real port, over a whole store, with browsers that keep cookies. The clock is the
 * machine's until a test moves it: providers of others have a clock of their own.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { accountWrite, loginTaken, membershipWrite } from '../src/accounts/accounts.ts';
import { renewOutsideSessions } from '../src/accounts/outside-renewal.ts';
import { findProvider, providerWrite } from '../src/accounts/providers.ts';
import { createSessions, type FoundSession, type Sessions } from '../src/accounts/sessions.ts';
import type { IdentityProvider } from '../src/identity/external.ts';
import { withRoles } from '../src/identity/membership.ts';
import type { Role } from '../src/identity/roles.ts';
import { createSeal } from '../src/identity/seal.ts';
import { matchPath, openExchange } from '../src/http/auth/exchange.ts';
import { readPageFiles } from '../src/http/auth/pages/files.ts';
import { signOnRoutes } from '../src/http/sign-on/doors.ts';
import { createRelyingParty } from '../src/http/sign-on/relying-party.ts';
import { auditedCommit } from '../src/ports/commit.ts';
import type { RecordWrite } from '../src/ports/record.ts';
import type { Snapshot } from '../src/ports/store.ts';
import { AUDIT_ROW } from './audit-row.ts';
import { httpOf } from './guarded.ts';
import { openWorld } from './world.ts';

/** What a browser sees in the end. */
export interface Landed {
  readonly status: number;
  readonly address: URL;
  readonly text: string;
}

/** A browser: cookies by host, and where it was led. */
export interface TestBrowser {
  /** Follows redirects until something is answered, or somebody else's address is reached. */
  go(address: string, init?: RequestInit): Promise<Landed>;
  /** The session that its cookie stands for. */
  session(): Promise<FoundSession | undefined>;
  readonly cookies: Map<string, string>;
}

export interface SignOnWorld {
  readonly issuer: string;
  readonly sessions: Sessions;
  readonly seal: ReturnType<typeof createSeal>;
  snapshot(): Snapshot;
  now(): number;
  pass(ms: number): void;
  put(...records: readonly RecordWrite[]): Promise<void>;
  /** Puts a provider on record, or changes it. */
  provide(key: string, provider: IdentityProvider): Promise<void>;
  /** An active account with roles in Organization/a. */
  person(login: string, ...roles: readonly Role[]): Promise<string>;
  browser(): TestBrowser;
  /** The job that asks providers again. */
  renew(): Promise<void>;
  readonly logged: string[];
  close(): Promise<void>;
}

export async function openSignOnWorld(): Promise<SignOnWorld> {
  let ahead = 0;
  const clock = { now: () => Date.now() + ahead };
  const opened = await openWorld({ store: { clock }, engine: { clock } });
  const { store } = opened;
  const sessions = createSessions({
    store,
    clock,
    random: randomBytes,
    settings: { sessionIdleMs: 30 * 60_000 },
  });
  const seal = createSeal(randomBytes(32), randomBytes);
  const http = httpOf({ purpose: 'sign-on', allowList: ['127.0.0.1', 'localhost'] });
  const providers = createRelyingParty(http, clock);
  const logged: string[] = [];
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = `${origin}/auth`;
  const routes = signOnRoutes({
    store,
    clock,
    newId: randomUUID,
    random: randomBytes,
    sessions,
    providers,
    seal: async () => seal,
    issuer,
    files: readPageFiles('/auth').addresses,
    ownLogin: '/auth/login',
    log: { write: (_level, says, about) => void logged.push(`${says} ${JSON.stringify(about)}`) },
  });
  server.on('request', (req, res) => {
    const path = (req.url ?? '').split('?')[0]?.replace(/^\/auth/, '') ?? '';
    for (const [method, pattern, answer] of routes) {
      const params = method === req.method ? matchPath(pattern, path) : undefined;
      if (params === undefined) continue;
      const about = { requestId: randomUUID(), clientIp: '127.0.0.1' };
      const exchange = openExchange({ req, res, path, params, ...about, store, securityHeaders: {} });
      Promise.resolve(answer(exchange)).catch((error: unknown) => res.writeHead(500).end(String(error)));
      return;
    }
    res.writeHead(200).end('a page of this server');
  });

  const put: SignOnWorld['put'] = async (...records) => {
    await store.commit(auditedCommit([AUDIT_ROW], { records }));
  };
  return {
    issuer,
    sessions,
    seal,
    snapshot: () => store.snapshot(),
    now: () => clock.now(),
    pass: (ms) => void (ahead += ms),
    put,
    async provide(key, provider) {
      const known = await findProvider(store.snapshot(), key);
      await put(providerWrite(key, provider, known?.version ?? 'absent'));
    },
    async person(login, ...roles) {
      const id = randomUUID();
      const since = clock.now();
      const member = {
        account: id,
        organization: 'Organization/a',
        roles: [],
        rolesSince: {},
        status: 'active',
      } as const;
      await put(
        accountWrite(
          id,
          { login, name: login, state: 'active', since, createdAt: since, administrator: false, links: [] },
          'absent',
        ),
        loginTaken(login, id),
        ...(roles.length === 0 ? [] : [membershipWrite(withRoles(member, roles, since), 'absent')]),
      );
      return id;
    },
    browser: () => openBrowser(origin, sessions),
    renew: () =>
      renewOutsideSessions(
        { store, clock, sessions, providers, seal: async () => seal },
        new AbortController().signal,
      ),
    logged,
    async close() {
      server.closeAllConnections();
      server.close();
      await http.close();
      await opened.close();
    },
  };
}

const REDIRECTS_MAX = 12;

function openBrowser(origin: string, sessions: Sessions): TestBrowser {
  const cookies = new Map<string, string>();
  return {
    cookies,
    async go(address, init = {}) {
      let at = new URL(address);
      for (let turn = 0; turn < REDIRECTS_MAX; turn += 1) {
        const prefix = `${at.host} `;
        const cookie = [...cookies]
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, value]) => `${name.slice(prefix.length)}=${value}`)
          .join('; ');
        const sent = turn === 0 ? init : {};
        const response = await fetch(at, {
          ...sent,
          redirect: 'manual',
          headers: { ...(sent.headers as Record<string, string> | undefined), cookie },
        });
        for (const set of response.headers.getSetCookie()) {
          const [pair = ''] = set.split(';');
          const name = prefix + pair.slice(0, pair.indexOf('='));
          if (/max-age=0/i.test(set)) cookies.delete(name);
          else cookies.set(name, pair.slice(pair.indexOf('=') + 1));
        }
        const location = response.headers.get('location');
        if (location === null) return { status: response.status, address: at, text: await response.text() };
        at = new URL(location, at);
      }
      throw new Error(`too many redirects: ${at.href}`);
    },
    session: async () => {
      const value = cookies.get(`${new URL(origin).host} __Host-closeloop`);
      return value === undefined ? undefined : sessions.find(value);
    },
  };
}
