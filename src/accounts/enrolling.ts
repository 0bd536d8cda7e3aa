/**
 * Enrolling, renaming and removing factors (identity ID-31 to ID-34). That the login is a recent one is the caller's to ask;
 * what is written here is one commit with its audit row, and the last factor of an enrolment makes the account active in it.
 */
import {
  judgePassword,
  newPassphrase,
  passwordFaultText,
  preparePassword,
  type PasswordFault,
} from '../identity/password.ts';
import { newRecoveryCodes, recoveryCodeHash } from '../identity/recovery-code.ts';
import { encodeBase32 } from '../identity/base32.ts';
import { matchTwoTotps, totpUri } from '../identity/totp.ts';
import type { AuditEntry } from '../ports/audit.ts';
import { auditedCommit } from '../ports/commit.ts';
import { EVERYTHING } from '../ports/query.ts';
import type { RecordWrite } from '../ports/record.ts';
import { resourceOf } from '../ports/stored-resource.ts';
import { findAccount } from './accounts.ts';
import { identityEntry, type IdentityEvent } from './audit.ts';
import { bearerHash, commitUnlessChanged } from './changes.ts';
import {
  areComplete,
  credentialBody,
  credentialPlace,
  credentialRemoved,
  credentialsOf,
  credentialWrite,
  ofKind,
  replacedCredential,
  type Credential,
  type KnownCredential,
} from './credentials.ts';
import {
  byAttempt,
  organizationsAround,
  refusal,
  refusedGuess,
  type FactorAttempt,
  type FactorParts,
  type FactorRefusal,
} from './factor-parts.ts';
import { BUSY } from './hashing.ts';
import { enrolled } from './life.ts';
import { judgeRegistration, readPasskeyAnswer, registrationOptions } from './passkeys.ts';
import { breachMark } from './proving.ts';
import { endingOfSessions } from './sessions.ts';

type Kept = { readonly ok: true } | FactorRefusal;

const ID_BYTES = 16;
const TOTP_SECRET_BYTES = 20;
const PENDING = 'factor-pending';
const PENDING_MS = 15 * 60_000;
const LABEL_MAX = 60;
/** Factors of one kind that an account may have. */
const EACH_MAX = 10;

/** A secret of an authenticator application, to be shown until two codes of it were typed. */
interface BegunTotp {
  /** Base32, for typing. */
  readonly secret: string;
  /** For a QR code. */
  readonly uri: string;
}

/** Sets or changes the password. Every other session of the account ends by a change. */
export async function setPassword(
  parts: FactorParts,
  account: string,
  typed: string,
  attempt: FactorAttempt,
): Promise<Kept> {
  const { store, clock, random, hashing, passwordLengthMin: lengthMin } = parts;
  const personal = await personalWords(parts, account);
  const fault = judgePassword(typed, { lengthMin, personal });
  const prepared = preparePassword(typed);
  if (fault !== undefined || prepared === undefined) return refusedPassword(parts, fault ?? 'unprintable');
  if (await parts.isBreached(breachMark(prepared))) return refusedPassword(parts, 'breached');
  const phc = await hashing.hash(prepared);
  if (typeof phc !== 'string') return refusal('busy', { retryAfter: BUSY.retryAfter });
  const snapshot = store.snapshot();
  const [before] = ofKind(await credentialsOf(snapshot, account), 'password');
  const body: Credential = { kind: 'password', account, addedAt: clock.now(), phc };
  const key = before?.key ?? random(ID_BYTES).toString('base64url');
  const ending = before === undefined ? [] : await endingOfSessions(snapshot, account, attempt.session);
  return enrol(parts, { key, body, expect: before?.version ?? 'absent', records: ending }, attempt);
}

/** The names that belong to a person: they make no password. */
async function personalWords({ store, clock }: FactorParts, id: string): Promise<readonly string[]> {
  const snapshot = store.snapshot();
  const account = await findAccount(snapshot, id);
  const organizations = await organizationsAround(snapshot, id, clock.now());
  const named = await Promise.all(
    organizations.map(async (ref) => resourceOf(await snapshot.read(ref, EVERYTHING))?.['name']),
  );
  const names = named.filter((name) => typeof name === 'string');
  return account === undefined ? names : [account.login, account.name, ...names];
}

const refusedPassword = ({ random, passwordLengthMin }: FactorParts, fault: PasswordFault): FactorRefusal =>
  refusal('password-refused', {
    says: `${passwordFaultText(fault, passwordLengthMin)} For example: ${newPassphrase(random)}`,
  });

/** Begins an authenticator application; the same browser is shown the same secret until it counts. */
export async function beginTotp(
  parts: FactorParts,
  account: string,
  browser: string,
): Promise<BegunTotp | undefined> {
  const { store, random, clock, site } = parts;
  const seal = await parts.seal();
  const known = await findAccount(store.snapshot(), account);
  if (seal === undefined || known === undefined) return undefined;
  const key = pendingKey(account, browser);
  const begun = await readPending(parts, key);
  const secret = begun ?? random(TOTP_SECRET_BYTES);
  if (begun === undefined) {
    const record: RecordWrite = {
      kind: PENDING,
      key,
      expect: 'any',
      body: { secret: seal.close(secret, { kind: PENDING, key }) },
      expiresAt: clock.now() + PENDING_MS,
      index: [['account', account]],
    };
    const row = await rowOf(parts, 'factor-enrolled', account, { factor: 'totp', step: 'begun' });
    await store.commit(auditedCommit([row], { records: [record] }));
  }
  return { secret: encodeBase32(secret), uri: totpUri(secret, site.name, known.login) };
}

/** Two codes that follow each other make the authenticator application count (identity ID-31). */
export async function confirmTotp(
  parts: FactorParts,
  account: string,
  browser: string,
  codes: readonly [string, string],
  attempt: FactorAttempt,
): Promise<Kept> {
  const { random, clock, throttling } = parts;
  const seal = await parts.seal();
  const pending = pendingKey(account, browser);
  const secret = await readPending(parts, pending);
  if (seal === undefined || secret === undefined) return refusal('unavailable');
  const by = byAttempt(account, attempt);
  const guess = { factor: 'totp-enrolment', subject: account, account, address: attempt.address, by };
  const outcome = await throttling.guarded(guess, async () => {
    const step = matchTwoTotps(secret, codes, clock.now());
    return step === undefined ? { ok: false, code: 'wrong' } : { ok: true, value: step };
  });
  if (!outcome.ok) return refusedGuess(outcome, 'codes-wrong');
  const key = random(ID_BYTES).toString('base64url');
  const body: Credential = {
    kind: 'totp',
    account,
    addedAt: clock.now(),
    secret: seal.close(secret, credentialPlace(key)),
    lastStep: outcome.value,
  };
  const records: RecordWrite[] = [{ kind: PENDING, key: pending, expect: 'any', body: undefined }];
  return enrol(parts, { key, body, expect: 'absent', records }, attempt);
}

const pendingKey = (account: string, browser: string): string => bearerHash(`totp~${account}~${browser}`);

async function readPending({ store, seal }: FactorParts, key: string): Promise<Buffer | undefined> {
  const record = await store.snapshot().record(PENDING, key);
  const body = record?.body as { readonly secret: string } | undefined; // this file alone writes the kind
  return body && (await seal())?.open(body.secret, { kind: PENDING, key });
}

/** Options for the browser that makes a passkey. */
export async function askNewPasskey(parts: FactorParts, account: string, browser: string): Promise<object> {
  const snapshot = parts.store.snapshot();
  const known = await findAccount(snapshot, account);
  const has = ofKind(await credentialsOf(snapshot, account), 'passkey');
  const challenge = await parts.challenges.ask(browser, `enrol ${account}`);
  const { login = '', name = '' } = known ?? {};
  return registrationOptions(parts.site, challenge, { account, login, name, has });
}

/** Keeps a passkey that the browser made. */
export async function keepPasskey(
  parts: FactorParts,
  account: string,
  browser: string,
  text: string,
  attempt: FactorAttempt & { readonly label?: string },
): Promise<Kept> {
  const { challenges, site, clock } = parts;
  const read = readPasskeyAnswer(text);
  const used = read && (await challenges.used(read.challenge, browser, `enrol ${account}`));
  const made = used && (await judgeRegistration(site, read.answer, read.challenge));
  if (used === undefined || made === undefined) return refusal('passkey-wrong');
  const { label } = attempt;
  const body: Credential = {
    ...made,
    account,
    addedAt: clock.now(),
    ...(label !== undefined && { label: label.slice(0, LABEL_MAX) }),
  };
  const key = bearerHash(`passkey~${made.id}`); // a passkey has one record, in whichever account it is enrolled
  return enrol(parts, { key, body, expect: 'absent', records: [used] }, attempt);
}

/** Recovery codes to show once; those before are dead. */
export async function makeRecoveryCodes(
  parts: FactorParts,
  account: string,
  attempt: FactorAttempt,
): Promise<readonly string[]> {
  const { store, random, clock } = parts;
  const codes = newRecoveryCodes(random);
  const hashes = codes.flatMap((code) => recoveryCodeHash(code) ?? []);
  const [before] = ofKind(await credentialsOf(store.snapshot(), account), 'recovery-codes');
  const body: Credential = { kind: 'recovery-codes', account, addedAt: clock.now(), hashes };
  const key = before?.key ?? random(ID_BYTES).toString('base64url');
  const kept = await enrol(parts, { key, body, expect: before?.version ?? 'absent' }, attempt);
  return kept.ok ? codes : [];
}

/** Removes a factor, unless too little would be left without it. */
export async function removeFactor(
  parts: FactorParts,
  account: string,
  key: string,
  attempt: FactorAttempt,
): Promise<Kept> {
  const all = await credentialsOf(parts.store.snapshot(), account);
  const one = all.find((credential) => credential.key === key);
  if (one === undefined) return refusal('factor-unknown');
  if (!isFactorRemovable(all, one)) return refusal('last-factor');
  // The others are relied on: of two removals at once one alone is made.
  const relies = all.filter((other) => other !== one);
  const row = await rowOf(parts, 'factor-removed', account, { factor: one.kind, credential: key }, attempt);
  const commit = auditedCommit([row], {
    records: [credentialRemoved(one)],
    recordPreconditions: relies.map(({ key: name, version }) => ({ ...credentialPlace(name), version })),
  });
  return (await commitUnlessChanged(parts.store, commit)) ? { ok: true } : refusal('changed-meanwhile');
}

/** Whether enough is left of the factors without this one. */
export const isFactorRemovable = (all: readonly KnownCredential[], one: KnownCredential): boolean =>
  one.kind === 'recovery-codes' || areComplete(all.filter((other) => other !== one));

/** Gives a factor another name. */
export async function renameFactor(
  parts: FactorParts,
  account: string,
  { key, label }: { readonly key: string; readonly label: string },
  attempt: FactorAttempt,
): Promise<Kept> {
  const all = await credentialsOf(parts.store.snapshot(), account);
  const one = all.find((credential) => credential.key === key);
  if (one === undefined) return refusal('factor-unknown');
  const named: Credential = { ...credentialBody(one), label: label.trim().slice(0, LABEL_MAX) };
  const detail = { factor: one.kind, credential: key, changed: 'label' };
  const row = await rowOf(parts, 'factor-enrolled', account, detail, attempt);
  const commit = auditedCommit([row], { records: [replacedCredential(one, named)] });
  return (await commitUnlessChanged(parts.store, commit)) ? { ok: true } : refusal('changed-meanwhile');
}

/** A credential that is written, with what goes beside it. */
interface Enrolment {
  readonly key: string;
  readonly body: Credential;
  readonly expect: RecordWrite['expect'];
  readonly records?: readonly RecordWrite[];
}

async function enrol(
  parts: FactorParts,
  { key, body, expect, records = [] }: Enrolment,
  attempt: FactorAttempt,
): Promise<Kept> {
  const { store, clock } = parts;
  const snapshot = store.snapshot();
  const all = await credentialsOf(snapshot, body.account);
  if (expect === 'absent' && ofKind(all, body.kind).length >= EACH_MAX) return refusal('factor-unknown');
  const account = await findAccount(snapshot, body.account);
  if (account === undefined) return refusal('factor-unknown');
  const detail = { factor: body.kind, credential: key };
  const row = await rowOf(parts, 'factor-enrolled', body.account, detail, attempt);
  const isFirst = account.state === 'enrolling' && areComplete([...all, body]);
  const active = isFirst
    ? await enrolled(snapshot, account.id, byAttempt(account.id, attempt), clock.now())
    : undefined;
  const commit = auditedCommit(active === undefined ? [row] : [row, active.entry], {
    records: [
      credentialWrite(key, body, expect),
      ...records,
      ...(active === undefined ? [] : [active.record]),
    ],
    recordPreconditions:
      active === undefined ? [{ kind: 'account', key: account.id, version: account.version }] : [],
  });
  return (await commitUnlessChanged(store, commit)) ? { ok: true } : refusal('changed-meanwhile');
}

const NOBODY_KNOWN: FactorAttempt = { device: undefined, address: undefined, requestId: 'enrolment' };

async function rowOf(
  { store, clock }: FactorParts,
  event: IdentityEvent,
  account: string,
  detail: Readonly<Record<string, string>>,
  attempt: FactorAttempt = NOBODY_KNOWN,
): Promise<AuditEntry> {
  const { agent, requestId } = byAttempt(account, attempt);
  const viewers = await organizationsAround(store.snapshot(), account, clock.now());
  return identityEntry(event, {
    actor: agent,
    requestId,
    account,
    session: attempt.session,
    detail,
    viewers,
  });
}
