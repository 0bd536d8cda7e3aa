/** A new account, or a new factor of an old one: the invitation, and the pages of enrolment (identity ID-14, ID-27 to ID-34). */
import type { openInvitation } from '../../../accounts/invitations.ts';
import type { Sessions } from '../../../accounts/sessions.ts';
import { ACR, type Amr } from '../../../identity/assurance.ts';
import type { Ref } from '../../../fhir/types.ts';
import type { AuthExchange } from '../exchange.ts';
import { enrolPage, invitationPage, recoveryCodesPage, totpPage } from '../pages/enrolment.ts';
import { qrCode } from '../pages/qr.ts';
import { byOf, onwardOf, queryOf, type SessionEntry } from './entry.ts';
import type { Factors } from '../../../accounts/factors.ts';
import { wordsOfRefusal, type PageRefusal } from './factors.ts';
import { attemptOf, refusalStatus } from './sign-in.ts';
import type { SignedIn, SignedInPages } from './signed-in.ts';
import { cookieOf, type TakenForm, type Web } from './web.ts';

/** Links of invitations. */
export interface Invitations {
  /** Undefined: the link does not work. Asking changes nothing. */
  readonly look: (
    secret: string,
  ) => Promise<{ readonly needsCode: boolean; readonly organization?: Ref | undefined } | undefined>;
  readonly open: (opening: {
    readonly secret: string;
    readonly code: string;
    readonly requestId: string;
    readonly address?: string | undefined;
  }) => ReturnType<typeof openInvitation>;
}

interface Parts {
  readonly web: Web;
  readonly entry: SessionEntry;
  readonly factors: Factors;
  readonly sessions: Sessions;
  readonly signedIn: SignedInPages;
  readonly invitations: Invitations;
  readonly organizationName: (ref: Ref) => Promise<string>;
}

const SECRET = /^[\w-]{43}$/;

export function createEnrol(parts: Parts) {
  const { web, entry } = parts;
  return {
    showCodes: (exchange: AuthExchange, account: string, cookie: string) =>
      showCodes(parts, exchange, account, cookie),
    routes: [
      ['GET', '/invitation/:token', (exchange: AuthExchange) => showInvitation(parts, exchange)],
      ['POST', '/invitation/:token', (exchange: AuthExchange) => takeInvitation(parts, exchange)],
      ['GET', '/enrol', (exchange: AuthExchange) => showEnrol(parts, exchange)],
      [
        'POST',
        '/enrol/password',
        taking(parts, (exchange, person, form) => takePassword(parts, exchange, person, form)),
      ],
      [
        'POST',
        '/enrol/passkey',
        taking(parts, (exchange, person, form) => takePasskey(parts, exchange, person, form)),
      ],
      ['GET', '/enrol/totp', (exchange: AuthExchange) => showTotp(parts, exchange)],
      [
        'POST',
        '/enrol/totp',
        taking(parts, (exchange, person, form) => takeTotp(parts, exchange, person, form)),
      ],
      [
        'POST',
        '/enrol/done',
        async (exchange: AuthExchange) => {
          const form = await web.take(exchange, cookieOf(exchange, 'session'));
          if (form !== undefined) web.go(exchange, entry.addressOf(onwardOf(exchange.query)));
        },
      ],
    ] as const,
  };
}

async function showInvitation(parts: Parts, exchange: AuthExchange, refused?: PageRefusal): Promise<void> {
  const { web, invitations } = parts;
  const { token = '' } = exchange.params;
  const invitation = SECRET.test(token) ? await invitations.look(token) : undefined;
  if (invitation === undefined) {
    web.refuse(exchange, 'invitation-invalid');
    return;
  }
  const { value, cookies } = web.browserOf(exchange);
  const { organization } = invitation;
  const page = invitationPage({
    form: web.form(`/invitation/${token}`, value),
    organization: organization && (await parts.organizationName(organization)),
    asksCode: invitation.needsCode,
    error: refused && wordsOfRefusal(refused),
  });
  web.show(exchange, page, { cookies, ...(refused !== undefined && { status: refusalStatus(refused) }) });
}

async function takeInvitation(parts: Parts, exchange: AuthExchange): Promise<void> {
  const { web, entry, invitations } = parts;
  const form = await web.take(exchange, cookieOf(exchange, 'browser'));
  if (form === undefined) return;
  const { token: secret = '' } = exchange.params;
  const { requestId, clientIp: address } = exchange;
  const opened = await invitations.open({ secret, code: form.one('code'), requestId, address });
  if (opened.ok) await entry.enter(exchange, opened.account, [], onwardOf(exchange.query));
  else if (opened.code === 'invitation-code-wrong')
    await showInvitation(parts, exchange, { ok: false, code: opened.code });
  else web.refuse(exchange, 'invitation-invalid');
}

/** Who is on the way to a first factor, or has just proven who they are (identity ID-34). */
const enroller = async (parts: Parts, exchange: AuthExchange): Promise<SignedIn | undefined> => {
  const person = await parts.signedIn.of(exchange, 'account', 'enrol');
  if (person === undefined || person.found.session.acr === ACR.enrol) return person;
  return parts.signedIn.of(exchange, 'account', 'fresh');
};

async function showEnrol(parts: Parts, exchange: AuthExchange, refused?: PageRefusal): Promise<void> {
  const { web, factors } = parts;
  const person = await enroller(parts, exchange);
  if (person === undefined) return;
  const { cookie, account, found } = person;
  const held = await factors.held(account.id);
  const query = queryOf(onwardOf(exchange.query));
  if (found.session.acr === ACR.enrol && held.password && refused === undefined) {
    web.go(exchange, web.at(`/enrol/totp?${query}`));
    return;
  }
  const page = enrolPage({
    passkey: {
      ...web.form(`/enrol/passkey?${query}`, cookie),
      ask: 'create',
      options: JSON.stringify(await factors.askNewPasskey(account.id, cookie)),
      label: 'Make a passkey',
    },
    password: web.form(`/enrol/password?${query}`, cookie),
    lengthMin: factors.passwordLengthMin,
    error: refused && wordsOfRefusal(refused),
  });
  web.show(exchange, page, refused === undefined ? {} : { status: refusalStatus(refused) });
}

const taking =
  (parts: Parts, take: (exchange: AuthExchange, person: SignedIn, form: TakenForm) => Promise<void>) =>
  async (exchange: AuthExchange): Promise<void> => {
    const form = await parts.web.take(exchange, cookieOf(exchange, 'session'));
    const person = form && (await enroller(parts, exchange));
    if (form !== undefined && person !== undefined) await take(exchange, person, form);
  };

async function showTotp(parts: Parts, exchange: AuthExchange, refused?: PageRefusal): Promise<void> {
  const { web, factors } = parts;
  const person = await enroller(parts, exchange);
  if (person === undefined) return;
  const { account, cookie } = person;
  const begun = await factors.beginTotp(account.id, cookie);
  if (begun === undefined) {
    web.refuse(exchange, 'unavailable');
    return;
  }
  const page = totpPage({
    form: web.form(`/enrol/totp?${queryOf(onwardOf(exchange.query))}`, cookie),
    picture: qrCode(begun.uri, 'Picture for the authenticator app'),
    secret: begun.secret,
    error: refused && wordsOfRefusal(refused),
  });
  web.show(exchange, page, refused === undefined ? {} : { status: refusalStatus(refused) });
}

/** The factors are complete: the session is a whole one, with another cookie, and the recovery codes are shown once. */
async function complete(
  parts: Parts,
  exchange: AuthExchange,
  { account, found }: SignedIn,
  ways: readonly Amr[],
): Promise<void> {
  const { web, entry, sessions } = parts;
  const isFirst = found.session.acr === ACR.enrol;
  const to = onwardOf(exchange.query);
  if (!isFirst) {
    web.go(exchange, entry.addressOf(to));
    return;
  }
  const renewed = await sessions.stepUp(found.id, ways, byOf(exchange, account.id, found.id));
  if (renewed === undefined) {
    web.go(exchange, web.at(`/login?${queryOf(to)}`));
    return;
  }
  await showCodes(parts, exchange, account.id, renewed.cookie, [{ name: 'session', value: renewed.cookie }]);
}

async function showCodes(
  parts: Parts,
  exchange: AuthExchange,
  account: string,
  cookie: string,
  cookies: Parameters<Web['go']>[2] = [],
): Promise<void> {
  const { web, factors } = parts;
  const codes = await factors.makeRecoveryCodes(account, attemptOf(exchange));
  const form = web.form(`/enrol/done?${queryOf(onwardOf(exchange.query))}`, cookie);
  web.show(exchange, recoveryCodesPage({ form, codes }), { cookies });
}

async function takePassword(
  parts: Parts,
  exchange: AuthExchange,
  { account, found }: SignedIn,
  form: TakenForm,
): Promise<void> {
  const { web, factors } = parts;
  const attempt = { ...attemptOf(exchange), session: found.id }; // the others end by a change
  const kept = await factors.setPassword(account.id, form.one('password'), attempt);
  if (!kept.ok) {
    await showEnrol(parts, exchange, kept);
    return;
  }
  const to = onwardOf(exchange.query);
  const { totp } = await factors.held(account.id);
  web.go(exchange, totp ? parts.entry.addressOf(to) : web.at(`/enrol/totp?${queryOf(to)}`));
}

async function takePasskey(
  parts: Parts,
  exchange: AuthExchange,
  person: SignedIn,
  form: TakenForm,
): Promise<void> {
  const { factors } = parts;
  const { account, cookie } = person;
  const kept = await factors.keepPasskey(account.id, cookie, form.one('passkey'), attemptOf(exchange));
  if (kept.ok) await complete(parts, exchange, person, ['hwk', 'user']);
  else await showEnrol(parts, exchange, { ...kept, code: 'passkey-wrong' });
}

async function takeTotp(
  parts: Parts,
  exchange: AuthExchange,
  person: SignedIn,
  form: TakenForm,
): Promise<void> {
  const { factors } = parts;
  const { account, cookie } = person;
  const digits = (name: string): string => form.one(name).replaceAll(/\s/g, '').slice(0, 16);
  const codes = [digits('first'), digits('second')] as const;
  const kept = await factors.confirmTotp(account.id, cookie, codes, attemptOf(exchange));
  if (kept.ok) await complete(parts, exchange, person, ['pwd', 'otp']);
  else await showTotp(parts, exchange, kept);
}
