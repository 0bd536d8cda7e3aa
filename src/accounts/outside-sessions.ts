/**
 * What a session knows of the provider by which it began (identity ID-46, ID-48): whom to ask again, and whose log-off ends it.
 * The record ends with its session.
 */
import { hash } from 'node:crypto';
import type { Seal } from '../identity/seal.ts';
import type { PatientNumber } from '../identity/ehr.ts';
import { externalIdentityKey } from '../identity/external.ts';
import { allRecords, type RecordWrite, type StoredRecord } from '../ports/record.ts';
import type { OutsideLogin } from '../ports/sign-on.ts';
import type { AccountSource } from './accounts.ts';

const OUTSIDE_SESSION_KIND = 'outside-session';

interface OutsideSession {
  readonly account: string;
  /** The key of the provider's record. */
  readonly provider: string;
  readonly issuer: string;
  readonly subject: string;
  /** The session there. */
  readonly there: string | undefined;
  readonly startedAt: number;
  /** When the provider last answered. */
  readonly askedAt: number;
  /** The tokens of the provider, sealed; undefined where there was no key to seal them with. */
  readonly sealed: string | undefined;
  readonly hasRefresh: boolean;
}

export interface KnownOutsideSession extends OutsideSession {
  /** The public id of the session. */
  readonly id: string;
  readonly version: number;
}

interface KeptTokens {
  readonly idToken: string;
  readonly refreshToken?: string | undefined;
  /** Of an EHR, whose data are had by it. */
  readonly accessToken?: string | undefined;
  readonly launch?: LaunchContext | undefined;
}

/** What an EHR has opened this server about (smart SM-83): sealed beside its tokens. */
export interface LaunchContext {
  /** How the patient is known there, by the systems on record; undefined: the EHR named no patient. */
  readonly patient: readonly PatientNumber[] | undefined;
  /** Whether the page says whom it is about; an EHR that does so itself says that it need not. */
  readonly needsBanner: boolean;
}

const knownOf = ({ key, version, body }: StoredRecord): KnownOutsideSession => ({
  ...(body as OutsideSession), // this file writes nothing else
  id: key,
  version,
});

/** The write of what a session knows of its provider, with the tokens sealed to its place. */
export function outsideSessionWrite(
  id: string,
  session: Omit<OutsideSession, 'sealed' | 'hasRefresh'>,
  tokens: KeptTokens,
  {
    seal,
    expect,
    expiresAt,
  }: { readonly seal: Seal | undefined; readonly expect: RecordWrite['expect']; readonly expiresAt: number },
): RecordWrite {
  const { refreshToken } = tokens;
  const plain = Buffer.from(JSON.stringify(tokens));
  const sealed = seal?.close(plain, { kind: OUTSIDE_SESSION_KIND, key: id });
  const { account, issuer, subject, there } = session;
  const body: OutsideSession = {
    ...session,
    sealed,
    hasRefresh: sealed !== undefined && refreshToken !== undefined,
  };
  return {
    kind: OUTSIDE_SESSION_KIND,
    key: id,
    expect,
    body,
    expiresAt,
    index: [
      ['listed', 'all'],
      ['session', id],
      ['account', account],
      ['provider', session.provider],
      ['person', externalIdentityKey(issuer, subject)],
      ...(there === undefined ? [] : [['there', thereKey(issuer, there)] as const]),
    ],
  };
}

/** A session of an issuer, as an index value. */
const thereKey = (issuer: string, there: string): string =>
  hash('sha256', JSON.stringify(['session', issuer, there]), 'base64url');

/** The tokens of a session's provider; undefined where they do not open. */
export function openTokens(
  { id, sealed }: KnownOutsideSession,
  seal: Seal | undefined,
): KeptTokens | undefined {
  const plain =
    sealed === undefined ? undefined : seal?.open(sealed, { kind: OUTSIDE_SESSION_KIND, key: id });
  return plain && (JSON.parse(plain.toString('utf8')) as KeptTokens); // as `outsideSessionWrite` sealed them
}

export async function findOutsideSession(
  source: Pick<AccountSource, 'record'>,
  id: string,
): Promise<KnownOutsideSession | undefined> {
  const found = await source.record(OUTSIDE_SESSION_KIND, id);
  return found && knownOf(found);
}

/** All of them. */
export const listOutsideSessions = async (source: AccountSource): Promise<readonly KnownOutsideSession[]> =>
  (await allRecords(source, OUTSIDE_SESSION_KIND, 'listed', 'all')).map(knownOf);

/** Those that a provider has opened. */
export const sessionsOfProvider = async (
  source: AccountSource,
  provider: string,
): Promise<readonly KnownOutsideSession[]> =>
  (await allRecords(source, OUTSIDE_SESSION_KIND, 'provider', provider)).map(knownOf);

/** Those that a log-off at the provider ends: of one session there, else of all of the person's. */
export async function sessionsLoggedOff(
  source: AccountSource,
  login: Pick<OutsideLogin, 'issuer'>,
  { subject, session }: { readonly subject: string | undefined; readonly session: string | undefined },
): Promise<readonly KnownOutsideSession[]> {
  const found =
    session === undefined
      ? await allRecords(
          source,
          OUTSIDE_SESSION_KIND,
          'person',
          externalIdentityKey(login.issuer, subject ?? ''),
        )
      : await allRecords(source, OUTSIDE_SESSION_KIND, 'there', thereKey(login.issuer, session));
  const known = found.map(knownOf);
  return subject === undefined ? known : known.filter((one) => one.subject === subject);
}
