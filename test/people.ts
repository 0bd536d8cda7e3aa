/** People of a test server: their accounts and memberships, and a browser without a window that signs them in and goes with them. */
import { randomBytes, randomUUID } from 'node:crypto';
import { accountWrite, loginTaken, membershipWrite } from '../src/accounts/accounts.ts';
import { issueInvitation } from '../src/accounts/invitations.ts';
import { createSessions } from '../src/accounts/sessions.ts';
import type { Ref } from '../src/fhir/types.ts';
import type { AccountLink } from '../src/identity/account.ts';
import type { Amr } from '../src/identity/assurance.ts';
import type { Role } from '../src/identity/roles.ts';
import { SERVER_AGENT } from '../src/ports/audit.ts';
import { auditedCommit } from '../src/ports/commit.ts';
import type { Store } from '../src/ports/store.ts';
import type { TestServer } from './server.ts';
import { askAuth, ISSUER, makePkce, postForm, TEST_ROW, type AuthAnswer } from './smart.ts';

/** Who somebody is. */
export interface Person {
  readonly name?: string;
  /** Roles by the id of an organization. */
  readonly works?: Readonly<Record<string, readonly Role[]>>;
  readonly links?: readonly AccountLink[];
  readonly administrator?: boolean;
  readonly state?: 'active' | 'invited' | 'enrolling' | 'suspended';
}

/** Writes an account that is ready to be used. @returns its id */
export async function putPerson(store: Store, login: string, person: Person = {}): Promise<string> {
  const id = randomUUID();
  const now = Date.now();
  const { name = login, works = {}, links = [], administrator = false, state = 'active' } = person;
  const account = { login, name, state, since: now, createdAt: now, administrator, links };
  const memberships = Object.entries(works).map(([organization, roles]) =>
    membershipWrite(
      { account: id, organization: `Organization/${organization}`, roles, rolesSince: {}, status: 'active' },
      'absent',
    ),
  );
  const records = [accountWrite(id, account, 'absent'), loginTaken(login, id), ...memberships];
  await store.commit(auditedCommit([TEST_ROW], { records }));
  return id;
}

/** Invites somebody whose account waits for it. @returns the secret of the link */
export async function invite(
  store: Store,
  account: string,
  privileged = false,
): Promise<{ secret: string; code: string | undefined }> {
  const acting = {
    agent: SERVER_AGENT,
    requestId: 'test',
    account: undefined,
    over: 'installation',
  } as const;
  const { write, secret, code } = issueInvitation(
    { clock: CLOCK, random: randomBytes },
    { account, organization: 'Organization/recipient', privileged, by: acting },
  );
  await store.commit(auditedCommit([TEST_ROW], { records: [write] }));
  return { secret, code };
}

const CLOCK = { now: () => Date.now() };

/** The sessions of a running server. */
export const sessionsOf = (store: Store) =>
  createSessions({ store, clock: CLOCK, random: randomBytes, settings: { sessionIdleMs: 900_000 } });

/** A browser without a window: it keeps cookies, sends forms and follows redirects as far as it is told. */
export interface Surfer {
  readonly cookies: Map<string, string>;
  /** Signs in without a page. @returns the public id of the session */
  signIn(account: string, ways?: readonly Amr[], organization?: Ref): Promise<string>;
  get(path: string): Promise<AuthAnswer>;
  /** Sends the form of a page with this action, as a person would who filled in these fields. */
  send(
    page: AuthAnswer,
    fields: readonly (readonly [string, string])[],
    action?: RegExp,
  ): Promise<AuthAnswer>;
  /** Follows redirects within the server; the answer after which there is none, or that leads elsewhere. */
  follow(answer: AuthAnswer): Promise<AuthAnswer>;
}

const ORIGIN = new URL(ISSUER).origin;

export function createSurfer(server: Pick<TestServer, 'running'>): Surfer {
  const cookies = new Map<string, string>();
  const headers = (): Record<string, string> => ({
    cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
  });
  const keep = (answer: AuthAnswer): AuthAnswer => {
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const at = pair.indexOf('=');
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
      if (value === '' || /max-age=0|expires=Thu, 01 Jan 1970/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return answer;
  };
  const get: Surfer['get'] = async (path) => keep(await askAuth(server, path, { headers: headers() }));

  return {
    cookies,
    get,
    async signIn(account, ways = ['pwd', 'otp'], organization) {
      const opened = await sessionsOf(server.running.store).open(
        { session: { account, ...(organization !== undefined && { organization }) }, ways },
        { agent: SERVER_AGENT, requestId: 'test' },
      );
      if (opened === undefined) throw new Error('the session did not begin');
      cookies.set('__Host-closeloop', opened.cookie);
      return opened.id;
    },
    async send(page, fields, action = /./) {
      const forms = [
        ...page.text.matchAll(/<form\b[^>]*action="([^"]*)"[\s\S]*?name="form_token" value="([^"]*)"/g),
      ];
      const form = forms.find(([, to = '']) => action.test(to));
      if (form === undefined) throw new Error(`no form: ${page.status} ${page.text}`);
      const [, to = '', token = ''] = form;
      const body = new URLSearchParams([
        ['form_token', token],
        ...fields.map(([name, value]): [string, string] => [name, value]),
      ]);
      const sent = { method: 'POST', body, headers: { ...headers(), origin: ORIGIN } };
      return keep(await askAuth(server, to.replaceAll('&amp;', '&'), sent));
    },
    async follow(answer) {
      let now = answer;
      for (let hops = 0; hops < 10; hops += 1) {
        const to = locationOf(now);
        if (to === undefined || to.origin !== ORIGIN) return now;
        now = await get(`${to.pathname}${to.search}`);
      }
      throw new Error('too many redirects');
    },
  };
}

export function locationOf({ headers }: AuthAnswer): URL | undefined {
  const location = headers.get('location');
  return location === null ? undefined : new URL(location, ORIGIN);
}

/** The app of these tests. */
export const REDIRECT = 'https://app.example/callback';

/** What an app sends to the authorization endpoint; an undefined member is left out. */
export function authorizeQuery(
  base: string,
  challenge: string,
  more: Readonly<Record<string, string | undefined>> = {},
): URLSearchParams {
  const all = {
    response_type: 'code',
    client_id: 'app',
    redirect_uri: REDIRECT,
    scope: 'openid fhirUser user/Task.rs',
    state: 'state-1',
    aud: base,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...more,
  };
  return new URLSearchParams(
    Object.entries(all).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as [string, string]],
    ),
  );
}

/** Asks for a code, and lets the person be asked what there is to ask. */
export async function askForCode(
  surfer: Surfer,
  base: string,
  more: Readonly<Record<string, string | undefined>> = {},
): Promise<{ readonly answer: AuthAnswer; readonly verifier: string }> {
  const { verifier, challenge } = makePkce();
  const query = authorizeQuery(base, challenge, more);
  return { answer: await surfer.follow(await surfer.get(`/auth/authorize?${query.toString()}`)), verifier };
}

/** The parameters with which the browser came back to the app. */
export function cameBack(answer: AuthAnswer): Readonly<Record<string, string>> {
  const to = locationOf(answer);
  if (to === undefined) throw new Error(`a page: ${answer.status} ${answer.text}`);
  return Object.fromEntries(to.searchParams);
}

/** Redeems a code. */
export const redeem = (
  server: Pick<TestServer, 'running'>,
  code: string,
  verifier: string,
  more: Readonly<Record<string, string>> = {},
): Promise<AuthAnswer> =>
  postForm(server, '/auth/token', {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: REDIRECT,
    client_id: 'app',
    ...more,
  });
