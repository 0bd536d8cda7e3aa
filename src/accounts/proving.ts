/** Proving who somebody is by one factor. Each refusal has been counted when it is told, and says nothing of what was wrong. */
import { createHash } from 'node:crypto';
import { ACCOUNT_STATES, loginKey } from '../identity/account.ts';
import { preparePassword } from '../identity/password.ts';
import { needsRehash } from '../identity/password-hash.ts';
import { recoveryCodeHash } from '../identity/recovery-code.ts';
import { matchTotp } from '../identity/totp.ts';
import { auditedCommit } from '../ports/commit.ts';
import type { RecordWrite } from '../ports/record.ts';
import { findAccount, findAccountByLogin, type KnownAccount } from './accounts.ts';
import { identityEntry } from './audit.ts';
import { commitUnlessChanged } from './changes.ts';
import {
  credentialBody,
  credentialPlace,
  credentialsOf,
  findPasskey,
  ofKind,
  replacedCredential,
  type KnownCredential,
  type PasskeyCredential,
  type PasswordCredential,
} from './credentials.ts';
import {
  byAttempt,
  guessAt,
  refusal,
  refusedGuess,
  type FactorAttempt,
  type FactorParts,
  type FactorRefusal,
  type ProvenFactor,
} from './factor-parts.ts';
import { BUSY } from './hashing.ts';
import { judgeAuthentication, readPasskeyAnswer } from './passkeys.ts';
import type { Guess } from './throttling.ts';

type Proving = Promise<ProvenFactor | FactorRefusal>;

const WRONG = { ok: false, code: 'wrong' } as const;
const BUSY_NOW = { ok: false, code: 'busy' } as const;

const mayLogIn = (account: KnownAccount | undefined): account is KnownAccount =>
  account !== undefined && ACCOUNT_STATES[account.state].login !== 'refused';

/** SHA-1 in hexadecimal, by which lists of breached passwords are asked. */
export const breachMark = (prepared: string): string =>
  createHash('sha1').update(prepared).digest('hex').toUpperCase();

/**
 * Whether a password is the one of a login name. For a name that nobody has, and for an account that may not log in, the same
 * work is done and the same is said (identity ID-20).
 */
export async function provePassword(
  parts: FactorParts,
  { login, password }: { readonly login: string; readonly password: string },
  attempt: FactorAttempt,
): Proving {
  const found = await findAccountByLogin(parts.store.snapshot(), login);
  const account = mayLogIn(found) ? found : undefined;
  // The same is read for nobody: only the account of the row differs.
  const guess: Guess = {
    ...(await guessAt(parts, 'password', found?.id ?? loginKey(login), attempt)),
    account: found?.id,
    by: byAttempt(found?.id, attempt),
  };
  const outcome = await parts.throttling.guarded(guess, async () => {
    const credentials = account === undefined ? [] : await credentialsOf(parts.store.snapshot(), account.id);
    const [kept] = ofKind(credentials, 'password');
    const prepared = preparePassword(password) ?? '';
    const fits = await parts.hashing.verify(prepared, kept?.phc);
    if (fits === BUSY) return BUSY_NOW;
    return fits === true && kept !== undefined ? { ok: true, value: { kept, prepared } } : WRONG;
  });
  if (!outcome.ok) return refusedGuess(outcome, 'login-wrong');
  const { kept, prepared } = outcome.value;
  const mustChange = await freshen(parts, kept, prepared, attempt);
  return {
    ok: true,
    account: kept.account,
    ways: ['pwd'],
    ...(mustChange !== undefined && { mustChange }),
  };
}

/** Hashes a right password anew where the parameters rose, and asks the list of breaches, which may be a new one. */
async function freshen(
  { store, hashing, isBreached }: FactorParts,
  kept: KnownCredential<PasswordCredential>,
  prepared: string,
  attempt: FactorAttempt,
): Promise<PasswordCredential['mustChange']> {
  const mustChange = kept.mustChange ?? ((await isBreached(breachMark(prepared))) ? 'breached' : undefined);
  const phc = needsRehash(kept.phc) ? await hashing.hash(prepared) : kept.phc;
  const changed: PasswordCredential = {
    ...credentialBody<PasswordCredential>(kept),
    phc: typeof phc === 'string' ? phc : kept.phc,
    ...(mustChange !== undefined && { mustChange }),
  };
  if (changed.phc === kept.phc && changed.mustChange === kept.mustChange) return mustChange;
  const { agent, requestId } = byAttempt(kept.account, attempt);
  const row = identityEntry('factor-used', {
    actor: agent,
    requestId,
    account: kept.account,
    detail: { factor: 'password', ...(mustChange !== undefined && { change: mustChange }) },
  });
  await commitUnlessChanged(store, auditedCommit([row], { records: [replacedCredential(kept, changed)] }));
  return mustChange;
}

/** Whether a code of an authenticator application is right, and was not used before (identity ID-30). */
export async function proveTotp(
  parts: FactorParts,
  account: string,
  code: string,
  attempt: FactorAttempt,
): Proving {
  const { store, clock, throttling } = parts;
  const seal = await parts.seal();
  if (seal === undefined) return refusal('unavailable');
  const outcome = await throttling.guarded(await guessAt(parts, 'totp', account, attempt), async () => {
    const snapshot = store.snapshot();
    if (!mayLogIn(await findAccount(snapshot, account))) return WRONG;
    for (const one of ofKind(await credentialsOf(snapshot, account), 'totp')) {
      const secret = seal.open(one.secret, credentialPlace(one.key));
      if (secret === undefined) continue;
      const step = matchTotp({ secret, lastStep: one.lastStep }, code, clock.now());
      if (step === undefined) continue;
      const records = [replacedCredential(one, { ...credentialBody(one), lastStep: step })];
      return { ok: true, value: undefined, records };
    }
    return WRONG;
  });
  return outcome.ok ? { ok: true, account, ways: ['otp'] } : refusedGuess(outcome, 'code-wrong');
}

/** Whether a recovery code is one of those that are left; it is used up by this (identity ID-32). */
export async function proveRecoveryCode(
  parts: FactorParts,
  account: string,
  code: string,
  attempt: FactorAttempt,
): Proving {
  const { store, throttling } = parts;
  const guess = await guessAt(parts, 'recovery-code', account, attempt);
  const outcome = await throttling.guarded(guess, async () => {
    const snapshot = store.snapshot();
    if (!mayLogIn(await findAccount(snapshot, account))) return WRONG;
    const [kept] = ofKind(await credentialsOf(snapshot, account), 'recovery-codes');
    const hash = recoveryCodeHash(code);
    if (kept === undefined || hash === undefined || !kept.hashes.includes(hash)) return WRONG;
    const hashes = kept.hashes.filter((one) => one !== hash);
    return {
      ok: true,
      value: hashes.length,
      records: [replacedCredential(kept, { ...credentialBody(kept), hashes })],
    };
  });
  return outcome.ok
    ? { ok: true, account, ways: ['otp'], codesLeft: outcome.value }
    : refusedGuess(outcome, 'code-wrong');
}

/** Whether a browser's answer proves a passkey (identity ID-28). */
export async function provePasskey(
  parts: FactorParts,
  browser: string,
  text: string,
  attempt: FactorAttempt,
): Proving {
  const { store, site, challenges, throttling } = parts;
  const read = readPasskeyAnswer(text);
  const passkey = read && (await findPasskey(store.snapshot(), read.answer.id));
  if (read === undefined || passkey === undefined) return refusal('passkey-wrong');
  const guess: Guess = {
    ...(await guessAt(parts, 'passkey', passkey.account, attempt)),
    isUnguessable: true,
  };
  const outcome = await throttling.guarded(guess, async () => {
    const used = await challenges.used(read.challenge, browser, 'login');
    const account = await findAccount(store.snapshot(), passkey.account);
    if (used === undefined || !mayLogIn(account) || passkey.suspended) return WRONG;
    const judged = await judgeAuthentication(site, read.answer, read.challenge, passkey);
    if (judged === undefined) return WRONG;
    if (judged === 'copied') {
      await suspend(parts, passkey, guess);
      return WRONG;
    }
    const counted = { ...credentialBody<PasskeyCredential>(passkey), counter: judged.counter };
    // An authenticator that does not count leaves the record as it is: several may log in by it at once.
    const records: RecordWrite[] =
      judged.counter === passkey.counter ? [used] : [used, replacedCredential(passkey, counted)];
    return { ok: true, value: judged.ways, records };
  });
  return outcome.ok
    ? { ok: true, account: passkey.account, ways: outcome.value }
    : refusedGuess(outcome, 'passkey-wrong');
}

/** A passkey whose counter went back works no more, and its organization hears of it. */
async function suspend(
  { store }: FactorParts,
  passkey: KnownCredential<PasskeyCredential>,
  { by, viewers = [] }: Guess,
): Promise<void> {
  const row = identityEntry('lockout', {
    actor: by.agent,
    requestId: by.requestId,
    account: passkey.account,
    detail: { factor: 'passkey', why: 'its counter went back: there may be a copy' },
    viewers,
  });
  const suspended: PasskeyCredential = { ...credentialBody<PasskeyCredential>(passkey), suspended: true };
  await commitUnlessChanged(
    store,
    auditedCommit([row], { records: [replacedCredential(passkey, suspended)] }),
  );
}
