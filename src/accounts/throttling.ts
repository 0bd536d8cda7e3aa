/**
 * Guessing, throttled: everything that can be guessed is tried through here, so that a failure is counted by the call that
 * found it (identity ID-41 to ID-43). Tries at one factor of one account are made one after the other, and the work of a try
 * is done only when it may be made: ten thousand guesses cost a few hashes.
 */
import type { Ref } from '../fhir/types.ts';
import { FAILURES_MAX, mayTry, oneMore, type Failures } from '../identity/throttle.ts';
import type { Clock } from '../ports/clock.ts';
import { auditedCommit } from '../ports/commit.ts';
import type { RecordWrite } from '../ports/record.ts';
import type { Store } from '../ports/store.ts';
import { createAddressBrake, type BRAKES } from './address-brake.ts';
import { identityEntry } from './audit.ts';
import { commitUnlessChanged, type By } from './changes.ts';

/** What is tried, by whom and from where. */
export interface Guess {
  /** What kind of secret: `password`, `totp`, `recovery-code`. */
  readonly factor: string;
  /** Whose: the id of an account, or what stands for one that is not known. */
  readonly subject: string;
  /** The account, where there is one. */
  readonly account?: string | undefined;
  /** The key of a device that is known to the account. */
  readonly device?: string | undefined;
  readonly address: string | undefined;
  /** Nobody can guess it: failures count at the address alone, so that nobody can close it to its person. */
  readonly isUnguessable?: true;
  readonly by: By;
  /** Organizations that see the failure. */
  readonly viewers?: readonly Ref[];
}

/** It was right; what comes of it is written in one commit with its audit row, or it was not right. */
interface Right<T> {
  readonly ok: true;
  readonly value: T;
  readonly records?: readonly RecordWrite[];
}

export interface GuessRefused {
  readonly ok: false;
  /** `wrong`; `wait`: not before so many seconds; `closed`: not before recovery; `busy`: no fault of the guess. */
  readonly code: 'wrong' | 'wait' | 'closed' | 'busy';
  /** Seconds. */
  readonly retryAfter?: number;
}

interface ThrottlingParts {
  readonly store: Store;
  readonly clock: Clock;
  /** Guesses come from everywhere: somebody should look. */
  readonly alarm: (what: 'guesses-everywhere') => void;
  readonly brakes?: typeof BRAKES;
}

export type Throttling = ReturnType<typeof createThrottling>;

const KIND = 'throttle';
/** How long failures at a name that nobody has are remembered. */
const UNKNOWN_MS = 7 * 24 * 60 * 60_000;
const ATTEMPTS_MAX = 20;

export function createThrottling({ store, clock, alarm, brakes }: ThrottlingParts) {
  const brake = createAddressBrake(clock, brakes);
  const inTurn = createTurns();
  return {
    /**
     * Tries a guess, unless it has to wait.
     *
     * @param work compares; what it answers with `records` is written before the guess counts as right
     */
    async guarded<T>(guess: Guess, work: Work<T>): Promise<Right<T> | GuessRefused> {
      const place = guess.device === undefined ? brake.take(guess.address ?? '') : undefined;
      if (place?.ok === false) {
        if (place.everybody) alarm('guesses-everywhere');
        return { ok: false, code: 'wait', retryAfter: place.retryAfter };
      }
      const outcome = await inTurn(keyOf(guess), () => tryOnce({ store, clock }, guess, work));
      if (outcome.ok || outcome.code !== 'wrong') place?.giveBack();
      return outcome;
    },
  };
}

type Counting = Pick<ThrottlingParts, 'store' | 'clock'>;

async function tryOnce<T>(counting: Counting, guess: Guess, work: Work<T>): Promise<Right<T> | GuessRefused> {
  const known = guess.isUnguessable ? undefined : await readFailures(counting.store, keyOf(guess));
  const may = known === undefined ? { ok: true as const } : mayTry(known.failures, counting.clock.now());
  if (!may.ok)
    return may.retryAfter === undefined
      ? { ok: false, code: 'closed' }
      : { ok: false, code: 'wait', retryAfter: may.retryAfter };
  const outcome = await work();
  if (outcome.ok) return (await reward(counting, guess, outcome, known !== undefined)) ? outcome : WRONG;
  if (outcome.code === 'wrong') await punish(counting, guess);
  return outcome;
}

/** @returns false when what the guess relied on was changed at the same moment: somebody else used the code */
async function reward(
  { store }: Counting,
  guess: Guess,
  { records = [] }: Right<unknown>,
  hadFailures: boolean,
): Promise<boolean> {
  const forgotten: RecordWrite = { kind: KIND, key: keyOf(guess), expect: 'any', body: undefined };
  const all = hadFailures ? [...records, forgotten] : records;
  if (all.length === 0) return true;
  return commitUnlessChanged(store, auditedCommit([rowOf(guess, 'factor-used')], { records: all }));
}

async function punish({ store, clock }: Counting, guess: Guess): Promise<void> {
  const key = keyOf(guess);
  if (guess.isUnguessable) {
    await store.commit(auditedCommit([rowOf(guess, 'login')]));
    return;
  }
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const before = await readFailures(store, key);
    const failures = oneMore(before?.failures, clock.now());
    const isClosed = failures.count === FAILURES_MAX;
    const rows = [rowOf(guess, 'login', failures.count), ...(isClosed ? [rowOf(guess, 'lockout')] : [])];
    const record: RecordWrite = {
      kind: KIND,
      key,
      expect: before?.version ?? 'absent',
      body: failures,
      ...(guess.account === undefined
        ? { expiresAt: clock.now() + UNKNOWN_MS }
        : { index: [['account', guess.account]] }),
    };
    if (await commitUnlessChanged(store, auditedCommit(rows, { records: [record] }))) return;
  }
}

type Work<T> = () => Promise<Right<T> | GuessRefused>;

const WRONG: GuessRefused = { ok: false, code: 'wrong' };

const keyOf = ({ factor, subject, device }: Guess): string =>
  [factor, subject, ...(device === undefined ? [] : [device])].join('~');

async function readFailures(
  store: Pick<Store, 'snapshot'>,
  key: string,
): Promise<{ readonly failures: Failures; readonly version: number } | undefined> {
  const record = await store.snapshot().record(KIND, key);
  return record && { failures: record.body as Failures, version: record.version }; // this file alone writes the kind
}

function rowOf(guess: Guess, event: 'login' | 'lockout' | 'factor-used', count?: number) {
  const { account, by, factor, viewers = [], device } = guess;
  return identityEntry(event, {
    actor: by.agent,
    requestId: by.requestId,
    account,
    viewers,
    detail: {
      factor,
      ...(device !== undefined && { device: 'known' }),
      ...(count !== undefined && { failures: String(count) }),
    },
    ...(event === 'login' && { issue: 'login-failed' as const }),
  });
}

/** Runs what has the same name one after the other. */
function createTurns(): <T>(name: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return async (name, work) => {
    const before = last.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    last.set(name, mine);
    try {
      return await mine;
    } finally {
      if (last.get(name) === mine) last.delete(name);
    }
  };
}
