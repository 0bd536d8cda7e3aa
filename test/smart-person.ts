/**
 * A person in front of the pages of sign-in, without a browser: enrolled by an invitation, signed in by password and the code of
 * an authenticator app, asked by apps and answering them.
 */
import { decodeBase32 } from '../src/identity/base32.ts';
import { totpCode, totpStep } from '../src/identity/totp.ts';
import { askForCode, cameBack, createSurfer, invite, putPerson, type Person, type Surfer } from './people.ts';
import type { TestServer } from './server.ts';
import type { AuthAnswer } from './smart.ts';
import { BASE } from './world.ts';

const PASSWORD = 'four plain words together';

/** How a person answers the pages between an authorization request and the app. */
export interface Answering {
  /** Typed into the picker of patients. */
  readonly patientName?: string;
  /** Picked there; default: the first that is found. */
  readonly patient?: string;
  /** The scopes that are ticked; default: what the page has ticked. */
  readonly ticks?: (offered: readonly string[]) => readonly string[];
  readonly offline?: boolean;
  /** Says no at the page of consent. */
  readonly denies?: boolean;
}

/** What came back to the app. */
export interface CameBack {
  /** The parameters of the redirect: `code`, `state`, `iss`, or `error`. */
  readonly params: Readonly<Record<string, string>>;
  readonly verifier: string;
  /** The titles of the pages that the person saw, in their order. */
  readonly pages: readonly string[];
}

export interface SmartPerson {
  readonly account: string;
  readonly login: string;
  readonly password: string;
  /** The browser, which keeps the cookies. */
  readonly surfer: Surfer;
  /** The code that the authenticator shows next: each is taken once, so a test has one every 30 seconds, and one to begin with. */
  readonly nextCode: () => string;
  /** Fills in the page of login, and that of the second factor. @returns the page or the redirect after it */
  readonly passSignIn: (page: AuthAnswer) => Promise<AuthAnswer>;
  /** Lets an app ask at the authorization endpoint, and answers all pages. */
  readonly authorize: (
    asked: Readonly<Record<string, string | undefined>>,
    answering?: Answering,
  ) => Promise<CameBack>;
}

/** Somebody who has opened an invitation, and is asked for a first factor. */
interface Enrolment {
  readonly account: string;
  readonly surfer: Surfer;
  readonly page: AuthAnswer;
}

/** Invites a person, who opens the link. */
export async function openEnrolment(server: TestServer, login: string, person: Person): Promise<Enrolment> {
  const { store } = server.running;
  const account = await putPerson(store, login, { ...person, state: 'invited' });
  const { secret, code = '' } = await invite(store, account, person.administrator === true);
  const surfer = createSurfer(server);
  const invited = await surfer.get(`/auth/invitation/${secret}`);
  return { account, surfer, page: await surfer.follow(await surfer.send(invited, [['code', code]])) };
}

/** A person who has enrolled a password and an authenticator app by the pages, and is signed out again. */
export async function enrolPerson(server: TestServer, login: string, person: Person): Promise<SmartPerson> {
  const { account, surfer, page: first } = await openEnrolment(server, login, person);
  const totp = await surfer.follow(await surfer.send(first, [['password', PASSWORD]], /\/enrol\/password/));
  const shown = /class="code"[^>]*>([A-Z2-7 ]+)</.exec(totp.text)?.[1];
  const secret = decodeBase32((shown ?? '').replaceAll(' ', ''));
  if (secret === undefined || secret.length === 0) throw new Error(`no secret: ${totp.status} ${totp.text}`);
  const step = totpStep(Date.now());
  const codes = await surfer.send(totp, [
    ['first', totpCode(secret, step - 1)],
    ['second', totpCode(secret, step)],
  ]);
  if (titleOf(codes) !== 'Keep your recovery codes') throw new Error(`${codes.status} ${codes.text}`);
  await signOut(surfer);

  const nextCode = (): string => totpCode(secret, totpStep(Date.now()) + 1);
  const passSignIn: SmartPerson['passSignIn'] = async (page) => {
    const second = await surfer.follow(
      await surfer.send(
        page,
        [
          ['login', login],
          ['password', PASSWORD],
        ],
        /\/login\?/,
      ),
    );
    return surfer.follow(await surfer.send(second, [['code', nextCode()]], /\/second-factor/));
  };
  return {
    account,
    login,
    password: PASSWORD,
    surfer,
    nextCode,
    passSignIn,
    async authorize(asked, answering = {}) {
      const { answer, verifier } = await askForCode(surfer, BASE, asked);
      return { ...(await answerPages(surfer, passSignIn, answer, answering)), verifier };
    },
  };
}

/** The heading of a page. */
export const titleOf = ({ text }: AuthAnswer): string =>
  /<h1[^>]*>([^<]*)<\/h1>/.exec(text)?.[1]?.trim() ?? '';

const PAGES_MAX = 8;

async function answerPages(
  surfer: Surfer,
  passSignIn: SmartPerson['passSignIn'],
  first: AuthAnswer,
  answering: Answering,
): Promise<Omit<CameBack, 'verifier'>> {
  const pages: string[] = [];
  let now = first;
  while (now.headers.get('location') === null && pages.length < PAGES_MAX) {
    const title = titleOf(now);
    pages.push(title);
    if (title === 'Sign in') now = await passSignIn(now);
    else if (title === 'Choose a patient') now = await pickPatient(surfer, now, answering);
    else if (/^Let .* in\?$/.test(title)) now = await surfer.follow(await consent(surfer, now, answering));
    else return { params: { page: title, status: String(now.status) }, pages };
  }
  return { params: cameBack(now), pages };
}

async function pickPatient(surfer: Surfer, page: AuthAnswer, answering: Answering): Promise<AuthAnswer> {
  const found = await surfer.send(page, [
    ['name', answering.patientName ?? 'a'],
    ['search', 'yes'],
  ]);
  const first = /name="patient" value="([^"]+)"/.exec(found.text)?.[1];
  const patient = answering.patient ?? first;
  if (patient === undefined) throw new Error(`no patient was found: ${found.text}`);
  return surfer.follow(await surfer.send(found, [['patient', patient]]));
}

function consent(surfer: Surfer, page: AuthAnswer, answering: Answering): Promise<AuthAnswer> {
  const boxes = [...page.text.matchAll(/<input type="checkbox" name="scope" value="([^"]*)"([^>]*)>/g)].map(
    ([, value = '', rest = '']) => ({
      scope: unescaped(value),
      ticked: rest.includes('checked'),
    }),
  );
  const byPage = boxes.flatMap(({ scope, ticked }) => (ticked ? [scope] : []));
  const ticked = answering.ticks === undefined ? byPage : answering.ticks(boxes.map(({ scope }) => scope));
  const isOffline = answering.offline ?? page.text.includes('name="offline"');
  return surfer.send(page, [
    ...ticked.map((scope) => ['scope', scope] as const),
    ...(isOffline ? [['offline', 'yes'] as const] : []),
    ['answer', answering.denies === true ? 'deny' : 'allow'],
  ]);
}

const unescaped = (text: string): string =>
  text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

/** Leaves by the page of signing out. */
export async function signOut(surfer: Surfer): Promise<AuthAnswer> {
  return surfer.send(await surfer.get('/auth/logout'), [['logout', 'yes']], /\/logout/);
}
