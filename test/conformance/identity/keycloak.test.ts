/** Sign-on by a Keycloak that nobody bent to fit: with and without a second factor, roles, and the ends of all of it (identity 8). */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, describe, expect } from '@jest/globals';
import { findMembership } from '../../../src/accounts/accounts.ts';
import { providerPlace } from '../../../src/accounts/providers.ts';
import type { FoundSession } from '../../../src/accounts/sessions.ts';
import type { IdentityProvider } from '../../../src/identity/external.ts';
import { totpCode, totpStep } from '../../../src/identity/totp.ts';
import { judged } from '../../judges.ts';
import { startKeycloak, type Keycloak } from '../../keycloak-judge.ts';
import { openSignOnWorld, type Landed, type SignOnWorld, type TestBrowser } from '../../sign-on-world.ts';

const MINUTE = 60_000;
const A = 'Organization/a';
const SECRET = 'JBSWY3DPEHPK3PXPAAAA';
const LONG = 400_000;

interface Peer {
  readonly keycloak: Keycloak;
  readonly world: SignOnWorld;
}

let started: Promise<Peer> | undefined;
const peer = (): Promise<Peer> => (started ??= start());

afterAll(async () => {
  const { keycloak, world } = (await started) ?? {};
  await keycloak?.stop();
  await world?.close();
}, LONG);

async function start(): Promise<Peer> {
  const [keycloak, world] = await Promise.all([startKeycloak(), openSignOnWorld()]);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const named = { kid: 'closeloop-1', alg: 'ES384', use: 'sig' } as const;
  const secret = JSON.stringify({ ...privateKey.export({ format: 'jwk' }), ...named });
  const provider: IdentityProvider = {
    name: 'Clinic',
    issuer: `${keycloak.origin}/realms/clinic`,
    organizations: [A],
    clientId: 'closeloop',
    credential: 'private_key_jwt',
    sealed: world.seal.close(Buffer.from(secret), providerPlace('keycloak')),
    publicKey: { ...publicKey.export({ format: 'jwk' }), ...named },
    scopes: ['openid', 'email', 'profile'],
    rules: [
      {
        when: [{ claim: 'realm_access.roles', is: 'referral-desk' }],
        organization: A,
        roles: ['front-desk'],
      },
      {
        when: [{ claim: 'realm_access.roles', is: 'referral-doctor' }],
        organization: A,
        roles: ['clinician'],
      },
    ],
    proof: { kind: 'methods', any: ['otp'] },
    justInTime: true,
    emailDomains: [],
    endsSessionThere: true,
    status: 'active',
  };
  await world.provide('keycloak', provider);
  await keycloak.admin('POST', '', realmOf(world.issuer));
  return { keycloak, world };
}

const realmOf = (issuer: string): object => ({
  realm: 'clinic',
  enabled: true,
  sslRequired: 'none',
  // The tests log in several times within one step of thirty seconds.
  otpPolicyCodeReusable: true,
  otpPolicyType: 'totp',
  otpPolicyAlgorithm: 'HmacSHA1',
  otpPolicyInitialCounter: 0,
  otpPolicyDigits: 6,
  otpPolicyLookAheadWindow: 1,
  otpPolicyPeriod: 30,
  roles: { realm: [{ name: 'referral-desk' }, { name: 'referral-doctor' }] },
  clients: [
    {
      clientId: 'closeloop',
      enabled: true,
      protocol: 'openid-connect',
      publicClient: false,
      standardFlowEnabled: true,
      clientAuthenticatorType: 'client-jwt',
      redirectUris: [`${issuer}/sign-on/keycloak/callback`],
      attributes: {
        'use.jwks.url': 'true',
        'jwks.url': `${issuer}/sign-on/keycloak/jwks`,
        'token.endpoint.auth.signing.alg': 'ES384',
        'pkce.code.challenge.method': 'S256',
        'backchannel.logout.url': `${issuer}/sign-on/keycloak/backchannel-logout`,
        'backchannel.logout.session.required': 'true',
      },
      protocolMappers: [
        mapper('amr', 'oidc-amr-mapper', {}),
        mapper('roles', 'oidc-usermodel-realm-role-mapper', {
          'claim.name': 'realm_access.roles',
          multivalued: 'true',
          'jsonType.label': 'String',
        }),
      ],
    },
  ],
  users: [
    userOf('ann', ['referral-desk'], SECRET),
    userOf('bob', ['referral-desk']),
    userOf('cem', ['referral-desk'], SECRET),
    userOf('dot', ['referral-desk', 'referral-doctor'], SECRET),
    userOf('eve', [], SECRET),
  ],
});

const mapper = (name: string, protocolMapper: string, config: object): object => ({
  name,
  protocol: 'openid-connect',
  protocolMapper,
  config: { 'id.token.claim': 'true', 'access.token.claim': 'false', ...config },
});

const userOf = (username: string, realmRoles: readonly string[], totp?: string): object => ({
  username,
  enabled: true,
  email: `${username}@a.example`,
  emailVerified: true,
  firstName: username,
  lastName: 'Example',
  realmRoles,
  credentials: [
    { type: 'password', value: 'a long enough password' },
    ...(totp === undefined
      ? []
      : [
          {
            type: 'otp',
            secretData: JSON.stringify({ value: totp }),
            credentialData: JSON.stringify({
              subType: 'totp',
              digits: 6,
              counter: 0,
              period: 30,
              algorithm: 'HmacSHA1',
            }),
          },
        ]),
  ],
});

/** The form of a page of Keycloak: its address, and what it asks for. */
function formOf({ text, address }: Landed): {
  readonly action: string;
  readonly asks: 'login' | 'otp' | 'nothing';
} {
  const action = /<form[^>]*action="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '';
  const asks = text.includes('name="otp"') ? 'otp' : text.includes('name="password"') ? 'login' : 'nothing';
  return { action: action === '' ? '' : new URL(action, address).href, asks };
}

/** Goes to an address and fills in the pages of Keycloak until this server answers. */
async function through(browser: TestBrowser, address: string, username: string): Promise<Landed> {
  let landed = await browser.go(address);
  for (let turn = 0; turn < 4; turn += 1) {
    const { action, asks } = formOf(landed);
    if (asks === 'nothing') return landed;
    const code = totpCode(Buffer.from(SECRET), totpStep(Date.now()));
    const filled = asks === 'otp' ? { otp: code } : { username, password: 'a long enough password' };
    landed = await browser.go(action, { method: 'POST', body: new URLSearchParams(filled) });
  }
  throw new Error(`${username} does not get through: ${landed.address.href} ${landed.text.slice(0, 400)}`);
}

/** Logs somebody in by Keycloak, in a browser of their own. */
async function comeIn(username: string) {
  const { world } = await peer();
  const browser = world.browser();
  const landed = await through(browser, `${world.issuer}/sign-on/keycloak?return=/auth/account`, username);
  return { browser, landed, session: await browser.session() };
}

const classOf = (found: FoundSession | undefined): string | undefined => found?.session.acr;

/** Names what each authenticator proves, without which `amr` is empty. */
async function nameFactors(): Promise<void> {
  const { keycloak } = await peer();
  const executions = await keycloak.admin<readonly { readonly id: string; readonly providerId?: string }[]>(
    'GET',
    '/clinic/authentication/flows/browser/executions',
  );
  for (const [providerId, reference] of [
    ['auth-username-password-form', 'pwd'],
    ['auth-otp-form', 'otp'],
  ]) {
    const execution = executions.find((one) => one.providerId === providerId);
    await keycloak.admin('POST', `/clinic/authentication/executions/${execution?.id ?? ''}/config`, {
      alias: reference,
      config: { 'default.reference.value': reference, 'default.reference.maxAge': '36000' },
    });
  }
}

async function idOf(username: string): Promise<string> {
  const { keycloak } = await peer();
  const [found] = await keycloak.admin<readonly { readonly id: string }[]>(
    'GET',
    `/clinic/users?username=${username}&exact=true`,
  );
  return found?.id ?? '';
}

async function takeRole(username: string, role: string): Promise<void> {
  const { keycloak } = await peer();
  const found = await keycloak.admin('GET', `/clinic/roles/${role}`);
  await keycloak.admin('DELETE', `/clinic/users/${await idOf(username)}/role-mappings/realm`, [found]);
}

const rolesOf = async (found: FoundSession | undefined): Promise<readonly string[] | string | undefined> => {
  const membership = await findMembership((await peer()).world.snapshot(), found?.session.account ?? '', A);
  return membership?.status === 'active' ? membership.roles : membership?.status;
};

describe('(identity 8) Keycloak 26.3', () => {
  judged(
    'keycloak',
    '(identity ID-47) without references of its authenticators proves no second factor, though it asked for one',
    async () => {
      const { session, landed } = await comeIn('ann');
      expect(landed.address.pathname).toBe('/auth/enrol');
      expect(classOf(session)).toBe('urn:closeloop:acr:enrol');
      expect(await rolesOf(session)).toEqual(['front-desk']);
    },
    LONG,
  );

  judged(
    'keycloak',
    '(identity ID-47) with them proves it for who used one, and for nobody else',
    async () => {
      await nameFactors();
      const [withFactor, without] = [await comeIn('cem'), await comeIn('bob')];
      expect(withFactor.session?.session).toMatchObject({
        acr: 'urn:closeloop:acr:mfa',
        organization: A,
        provider: 'keycloak',
      });
      expect(classOf(without.session)).toBe('urn:closeloop:acr:enrol');
    },
    LONG,
  );

  judged(
    'keycloak',
    '(identity ID-47) step-up is a login anew, with the factor',
    async () => {
      const { world } = await peer();
      const stepUp = `${world.issuer}/sign-on/keycloak?purpose=step-up&return=/auth/account`;
      const [cem, bob] = [await comeIn('cem'), await comeIn('bob')];
      const stepped = await through(cem.browser, stepUp, 'cem');
      expect([stepped.status, stepped.address.pathname]).toEqual([200, '/auth/account']);
      expect((await cem.browser.session())?.session.authenticatedAt).toBeGreaterThan(
        cem.session?.session.authenticatedAt ?? 0,
      );
      expect((await through(bob.browser, stepUp, 'bob')).status).toBe(403);
    },
    LONG,
  );

  judged(
    'keycloak',
    '(identity ID-45) a person without a mapped role gets a page, and no account',
    async () => {
      const { landed, session } = await comeIn('eve');
      expect([landed.status, session]).toEqual([403, undefined]);
      expect(landed.text).toContain('no role here yet');
    },
    LONG,
  );

  judged(
    'keycloak',
    '(identity ID-48) a log-off by its administrator ends the session here by the back channel',
    async () => {
      const { keycloak } = await peer();
      const { browser, session } = await comeIn('dot');
      expect(session).toBeDefined();
      await keycloak.admin('POST', `/clinic/users/${await idOf('dot')}/logout`);
      expect(await browser.session()).toBeUndefined();
    },
    LONG,
  );

  judged(
    'keycloak',
    '(identity ID-46) a role that is taken away there is gone here within ten minutes, and so is a person',
    async () => {
      const { keycloak, world } = await peer();
      const [dot, cem, bob] = [await comeIn('dot'), await comeIn('cem'), await comeIn('bob')];
      expect(await rolesOf(dot.session)).toEqual(['clinician', 'front-desk']);
      await takeRole('dot', 'referral-doctor');
      await takeRole('cem', 'referral-desk');
      await keycloak.admin('PUT', `/clinic/users/${await idOf('bob')}`, { enabled: false });
      const isIn = async (): Promise<readonly boolean[]> =>
        Promise.all([dot, cem, bob].map(async ({ browser }) => (await browser.session()) !== undefined));
      // Nothing told us: a disabled person sends no logout token.
      expect(await isIn()).toEqual([true, true, true]);
      world.pass(9 * MINUTE);
      await world.renew();
      expect(await isIn()).toEqual([true, false, false]);
      expect([await rolesOf(dot.session), await rolesOf(cem.session)]).toEqual([['front-desk'], 'ended']);
    },
    LONG,
  );
});
