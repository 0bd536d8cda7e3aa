/** A person's own pages: factors, sessions, the organization, apps with access (smart SM-62), and signing out (smart SM-55). */
import type { Sessions } from '../../../accounts/sessions.ts';
import type { AuditEntry } from '../../../ports/audit.ts';
import { auditedCommit } from '../../../ports/commit.ts';
import { identityEntry } from '../../../accounts/audit.ts';
import type { Client } from '../../../identity/client.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Store } from '../../../ports/store.ts';
import type { AuthExchange } from '../exchange.ts';
import { accountPage, appsPage, type AppLine, type FactorLine } from '../pages/account.ts';
import { organizationsPage } from '../pages/choices.ts';
import type { Consents, HeldGrant } from './consents.ts';
import type { createEnrol } from './enrol.ts';
import { byOf, rememberedCookie, type EntryParts } from './entry.ts';
import type { Factors } from '../../../accounts/factors.ts';
import { wordsOfRefusal } from './factors.ts';
import { organizationName, workplacesOf, roleWords } from './people.ts';
import { attemptOf } from './sign-in.ts';
import { OFFLINE, scopeInWords } from './scope-words.ts';
import type { SignedIn, SignedInPages } from './signed-in.ts';
import { cookieOf, type TakenForm, type Web } from './web.ts';

interface Parts {
  readonly devices: EntryParts['devices'];
  readonly store: Store;
  readonly clock: Clock;
  readonly web: Web;
  readonly sessions: Sessions;
  readonly factors: Factors;
  readonly consents: Consents;
  readonly signedIn: SignedInPages;
  readonly enrol: Pick<ReturnType<typeof createEnrol>, 'showCodes'>;
  readonly findClient: (id: string) => Promise<Client | undefined>;
}

export function createAccountPages(parts: Parts) {
  return {
    routes: [
      [
        'GET',
        '/account',
        getting(parts, 'account', (exchange, person) => showAccount(parts, exchange, person)),
      ],
      [
        'POST',
        '/account/factor',
        taking(parts, 'account', 'fresh', (exchange, person, form) =>
          removeFactor(parts, exchange, person, form),
        ),
      ],
      [
        'POST',
        '/account/codes',
        taking(parts, 'account', 'fresh', (exchange, { account, cookie }) =>
          parts.enrol.showCodes(exchange, account.id, cookie),
        ),
      ],
      ...sessionRoutes(parts),
      ['GET', '/apps', getting(parts, 'apps', (exchange, person) => showApps(parts, exchange, person))],
      [
        'POST',
        '/apps',
        taking(parts, 'apps', 'whole', (exchange, person, form) => removeApp(parts, exchange, person, form)),
      ],
      [
        'GET',
        '/organization',
        getting(parts, 'organization', (exchange, person) => showOrganizations(parts, exchange, person)),
      ],
      [
        'POST',
        '/organization',
        taking(parts, 'organization', 'whole', (exchange, person, form) =>
          switchOrganization(parts, exchange, person, form),
        ),
      ],
    ] as const,
  };
}

/** What a person does with sessions and devices. */
const sessionRoutes = (parts: Parts) =>
  [
    [
      'POST',
      '/account/session',
      taking(parts, 'account', 'whole', (exchange, person, form) =>
        endSession(parts, exchange, person, form),
      ),
    ],
    [
      'POST',
      '/account/device',
      taking(parts, 'account', 'whole', (exchange, person, form) =>
        shareDevice(parts, exchange, person, form.one('shared') === 'yes'),
      ),
    ],
    [
      'POST',
      '/account/everywhere',
      taking(parts, 'account', 'whole', (exchange, person) => endAll(parts, exchange, person)),
    ],
  ] as const;

async function showAccount(
  parts: Parts,
  exchange: AuthExchange,
  person: SignedIn,
  said: { readonly error?: string; readonly notice?: string } = {},
): Promise<void> {
  const { store, clock, web, sessions, factors } = parts;
  const { account, found, cookie } = person;
  const snapshot = store.snapshot();
  const held = await factors.held(account.id);
  const own = await sessions.list(account.id);
  const { organization } = found.session;
  const places = await workplacesOf(snapshot, account, found.session, clock.now());
  const page = accountPage({
    name: account.name,
    login: account.login,
    account: account.id,
    organization: organization && (await organizationName(snapshot, organization)),
    factors: held.list.map(factorLine),
    recoveryCodesLeft: held.recoveryCodes,
    sessions: await Promise.all(
      own.map(async ({ id, session, lastUsedAt }) => ({
        id,
        device: session.shared
          ? 'A shared device'
          : session.device === found.session.device
            ? 'This device'
            : 'Another device',
        organization: session.organization && (await organizationName(snapshot, session.organization)),
        startedAt: session.startedAt,
        lastUsedAt,
        isThis: id === found.id,
      })),
    ),
    notices: [],
    removeFactor: web.form('/account/factor', cookie),
    addFactor: web.at('/enrol'),
    newCodes: web.form('/account/codes', cookie),
    endSession: web.form('/account/session', cookie),
    endAll: web.form('/account/everywhere', cookie),
    shareDevice: web.form('/account/device', cookie),
    isShared: found.session.shared,
    signOut: web.at('/logout'),
    apps: web.at('/apps'),
    switchOrganization: places.length > 1 ? web.at('/organization') : undefined,
    ...said,
  });
  web.show(exchange, page, said.error === undefined ? {} : { status: 409 });
}

const getting =
  (parts: Parts, page: string, show: (exchange: AuthExchange, person: SignedIn) => Promise<void>) =>
  async (exchange: AuthExchange): Promise<void> => {
    const person = await parts.signedIn.of(exchange, page);
    if (person !== undefined) await show(exchange, person);
  };

const taking =
  (
    parts: Parts,
    page: string,
    needed: 'whole' | 'fresh',
    take: (exchange: AuthExchange, person: SignedIn, form: TakenForm) => Promise<void>,
  ) =>
  async (exchange: AuthExchange): Promise<void> => {
    const form = await parts.web.take(exchange, cookieOf(exchange, 'session'));
    const person = form && (await parts.signedIn.of(exchange, page, needed));
    if (form !== undefined && person !== undefined) await take(exchange, person, form);
  };

async function showApps(
  parts: Parts,
  exchange: AuthExchange,
  { account, cookie }: SignedIn,
  notice?: string,
): Promise<void> {
  const { web, consents } = parts;
  const apps = byClient(await consents.grantsOf(account.id));
  const lines = await Promise.all([...apps].map(([client, grants]) => appLine(parts, client, grants)));
  const page = appsPage({
    apps: lines,
    remove: web.form('/apps', cookie),
    back: web.at('/account'),
    ...(notice && { notice }),
  });
  web.show(exchange, page);
}

async function appLine(parts: Parts, client: string, grants: readonly HeldGrant[]): Promise<AppLine> {
  const { store, findClient } = parts;
  const used = grants.flatMap(({ lastUsedAt }) => (lastUsedAt === undefined ? [] : [lastUsedAt]));
  const [first] = grants;
  const scopes = [...new Set(grants.flatMap((grant) => grant.scopes))].filter((scope) => scope !== OFFLINE);
  return {
    client,
    name: (await findClient(client))?.name ?? client,
    organization: first?.organization && (await organizationName(store.snapshot(), first.organization)),
    words: scopes.flatMap((scope) => scopeInWords(scope) ?? []),
    offline: grants.some(({ offline }) => offline),
    grantedAt: Math.min(...grants.map(({ at }) => at)),
    lastUsedAt: used.length === 0 ? undefined : Math.max(...used),
  };
}

async function showOrganizations(
  parts: Parts,
  exchange: AuthExchange,
  { account, cookie, found }: SignedIn,
): Promise<void> {
  const { store, clock, web } = parts;
  const places = await workplacesOf(store.snapshot(), account, found.session, clock.now());
  const memberships = places.flatMap(({ organization, patient, name, roles }) =>
    organization === undefined || patient !== undefined
      ? []
      : [{ organization, name, roles: roleWords(roles) }],
  );
  web.show(exchange, organizationsPage({ form: web.form('/organization', cookie), memberships }));
}

type HeldFactor = Awaited<ReturnType<Factors['held']>>['list'][number];

const NAMES: Readonly<Record<HeldFactor['kind'], string>> = {
  password: 'password',
  totp: 'authenticator app',
  passkey: 'passkey',
};

const factorLine = ({ id, kind, label, addedAt, removable }: HeldFactor): FactorLine => ({
  id,
  words: label === undefined ? NAMES[kind] : `${NAMES[kind]} “${label}”`,
  addedAt,
  removable,
});

function byClient(grants: readonly HeldGrant[]): ReadonlyMap<string, readonly HeldGrant[]> {
  const found = new Map<string, HeldGrant[]>();
  for (const grant of grants) found.set(grant.client, [...(found.get(grant.client) ?? []), grant]);
  return found;
}

async function removeFactor(
  parts: Parts,
  exchange: AuthExchange,
  person: SignedIn,
  form: TakenForm,
): Promise<void> {
  const { factors } = parts;
  const removed = await factors.remove(person.account.id, form.one('factor'), attemptOf(exchange));
  await showAccount(
    parts,
    exchange,
    person,
    removed.ok ? { notice: 'It was removed.' } : { error: wordsOfRefusal(removed) },
  );
}

async function endSession(
  parts: Parts,
  exchange: AuthExchange,
  person: SignedIn,
  form: TakenForm,
): Promise<void> {
  const { sessions } = parts;
  const id = form.one('session');
  const other = await sessions.get(id);
  if (other?.session.account === person.account.id)
    await sessions.end(id, byOf(exchange, person.account.id, person.found.id));
  await showAccount(parts, exchange, person, { notice: 'That session has ended.' });
}

/** Here and at every login to come from this device (harmony Z23). */
async function shareDevice(
  parts: Parts,
  exchange: AuthExchange,
  { account, found }: SignedIn,
  shared: boolean,
): Promise<void> {
  const { web, sessions, devices } = parts;
  const device = devices.remember(cookieOf(exchange, 'device'), { account: account.id, shared });
  await sessions.shareDevice(found.id, shared, device.record, byOf(exchange, account.id, found.id));
  web.go(exchange, web.at('/account'), [rememberedCookie(device.value)]);
}

async function endAll(parts: Parts, exchange: AuthExchange, { account, found }: SignedIn): Promise<void> {
  const { store, web, sessions } = parts;
  const records = await sessions.endAllOf(store.snapshot(), account.id);
  const by = byOf(exchange, account.id, found.id);
  const row: AuditEntry = identityEntry('logout', {
    actor: by.agent,
    requestId: by.requestId,
    account: account.id,
    session: found.id,
    detail: { sessions: 'all' },
  });
  await store.commit(auditedCommit([row], { records }));
  web.go(exchange, web.at('/login?page=account'), [{ name: 'session', value: undefined }]);
}

async function removeApp(
  parts: Parts,
  exchange: AuthExchange,
  person: SignedIn,
  form: TakenForm,
): Promise<void> {
  const { consents } = parts;
  await consents.withdraw(exchange.unit, person.account.id, form.one('client'));
  await exchange.unit.commit();
  await showApps(parts, exchange, person, 'The app was removed. Its access has ended.');
}

async function switchOrganization(
  parts: Parts,
  exchange: AuthExchange,
  { account, found }: SignedIn,
  form: TakenForm,
): Promise<void> {
  const { store, clock, web, sessions } = parts;
  const places = await workplacesOf(store.snapshot(), account, found.session, clock.now());
  const chosen = places.find(
    ({ organization, patient }) => organization === form.one('organization') && patient === undefined,
  );
  if (chosen?.organization === undefined) {
    web.refuse(exchange, 'no-membership');
    return;
  }
  await sessions.switchOrganization(found.id, chosen.organization, byOf(exchange, account.id, found.id));
  web.go(exchange, web.at('/account'));
}
