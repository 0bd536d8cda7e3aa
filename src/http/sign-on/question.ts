/**
 * A question to a provider, as the browser carries it until the answer comes: sealed in a cookie of its own, so that an answer
 * counts in that browser alone and nothing is written before somebody has logged in.
 */
import type { Seal } from '../../identity/seal.ts';
import { isSameSecret } from '../../identity/same-secret.ts';

/** `trial-…`: an administrator tries what the provider says of a login without and with a second factor. */
export type SignOnPurpose = 'login' | 'step-up' | 'trial-without' | 'trial-with' | 'launch';

/** What nobody can guess of a question. */
interface QuestionBinding {
  readonly state: string;
  readonly nonce: string;
  /** PKCE. */
  readonly verifier: string;
}

export interface SignOnQuestion extends QuestionBinding {
  /** The key of the provider's record. */
  readonly provider: string;
  readonly purpose: SignOnPurpose;
  /** The path to which the browser goes on. */
  readonly back: string;
  /** The session that a step-up is of. */
  readonly session?: string | undefined;
  /** Asked in a frame of the EHR's page. */
  readonly embedded?: true;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Somebody who must log in with what is kept here before a subject is linked. */
interface PendingLink {
  readonly provider: string;
  readonly issuer: string;
  readonly subject: string;
  readonly state: string;
  readonly at: number;
}

/** How long a question waits for its answer. */
const WAITS_MS = 600_000;
const NAME = '__Host-closeloop-sign-on';
const PLACE = { kind: 'sign-on', key: 'question' } as const;
const LINK_PLACE = { kind: 'sign-on', key: 'link' } as const;
export const LINK_COOKIE = '__Host-closeloop-link';

const TOKEN_BYTES = 32;

/** What binds a question to its answer: 256 random bits each. */
export const newBinding = (random: (count: number) => Buffer): QuestionBinding => ({
  state: random(TOKEN_BYTES).toString('base64url'),
  nonce: random(TOKEN_BYTES).toString('base64url'),
  verifier: random(TOKEN_BYTES).toString('base64url'),
});

/** One cookie for each question, so that two windows do not disturb each other. */
export const questionCookie = (state: string): string => `${NAME}-${state.slice(0, 8)}`;

/** A question as the browser keeps it, in a cookie that it cannot read. */
export const sealQuestion = (seal: Seal, question: SignOnQuestion): string =>
  seal.close(Buffer.from(JSON.stringify(question)), PLACE);

/** The question that this answer is to; undefined where this browser has asked none, or too long ago. */
export function openQuestion(
  seal: Seal,
  sealed: string | undefined,
  { provider, state, now }: { readonly provider: string; readonly state: string; readonly now: number },
): SignOnQuestion | undefined {
  const plain = sealed === undefined ? undefined : seal.open(sealed, PLACE);
  if (plain === undefined) return undefined;
  const question = JSON.parse(plain.toString('utf8')) as SignOnQuestion; // as `sealQuestion` sealed it
  const isOf =
    question.provider === provider && isSameSecret(question.state, state) && now - question.at <= WAITS_MS;
  return isOf ? question : undefined;
}

/** A link that waits for an own login, as the browser keeps it. */
export const sealLink = (seal: Seal, link: PendingLink): string =>
  seal.close(Buffer.from(JSON.stringify(link)), LINK_PLACE);

/** The link that waits at this browser; undefined where there is none, or it is too old. @param now milliseconds since 1970 */
export function openLink(seal: Seal, sealed: string | undefined, now: number): PendingLink | undefined {
  const plain = sealed === undefined ? undefined : seal.open(sealed, LINK_PLACE);
  const link = plain && (JSON.parse(plain.toString('utf8')) as PendingLink); // as `sealLink` sealed it
  return link !== undefined && now - link.at <= WAITS_MS ? link : undefined;
}

/** The value of a cookie of a request. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  const found = header?.split(/; */).find((one) => one.startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}

/** A cookie of this host alone. @param seconds 0 takes it away; undefined: until the browser closes */
export const hostCookie = (name: string, value: string, seconds?: number): string =>
  `${name}=${value}; Path=/; HttpOnly; Secure; SameSite=Lax${seconds === undefined ? '' : `; Max-Age=${seconds}`}`;

/** The cookie of a session in a frame: no page but that of the launch takes it. */
export const EMBEDDED_COOKIE = '__Host-closeloop-embedded';

/** A cookie within the frame of one other site alone (CHIPS): the same frame elsewhere does not have it. */
export const framedCookie = (name: string, value: string, seconds: number): string =>
  `${name}=${value}; Path=/; HttpOnly; Secure; SameSite=None; Partitioned; Max-Age=${seconds}`;

export const WAITS_S = WAITS_MS / 1000;
