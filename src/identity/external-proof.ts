/**
 * What proves a second factor at somebody else's provider (identity ID-47): only what the record of the provider names. What
 * was asked of it proves nothing; its answer does, or nothing does.
 */

/** How somebody logged in elsewhere, as the answer says. */
export interface OutsideProof {
  /** Words of RFC 8176, or the provider's own. */
  readonly methods: readonly string[];
  /** The authentication context class. */
  readonly level: string | undefined;
  /** Milliseconds since 1970; undefined where the provider does not say. */
  readonly authenticatedAt: number | undefined;
}

/**
 * The rule of a record. `methods`: one of these words is among the methods. `level`: the level is one of these, which counts
 * when two logins of an administrator, one without and one with the factor, have shown that it tells them apart.
 */
export type ProofRule =
  | { readonly kind: 'none' }
  | { readonly kind: 'methods'; readonly any: readonly string[] }
  | { readonly kind: 'level'; readonly any: readonly string[]; readonly trial?: FactorTrial };

interface FactorTrial {
  readonly without?: Pick<OutsideProof, 'methods' | 'level'>;
  readonly with?: Pick<OutsideProof, 'methods' | 'level'>;
}

/** Words of RFC 8176 that say how one factor was used; alone or together they are no second one. */
const ONE_FACTOR: ReadonlySet<string> = new Set([
  'pwd',
  'pin',
  'kba',
  'user',
  'geo',
  'rba',
  'tel',
  'wia',
  'sms',
]);

/** Whether a word may stand in a rule of methods. */
export const mayProve = (word: string): boolean => word !== '' && !ONE_FACTOR.has(word);

/** Whether the trial has shown that the levels of the rule tell a login with the factor from one without. */
export function isTried(rule: ProofRule): boolean {
  if (rule.kind !== 'level') return true;
  const { any, trial = {} } = rule;
  const [bare, full] = [trial.without, trial.with];
  return bare !== undefined && full !== undefined && has(any, full.level) && !has(any, bare.level);
}

/** Whether a login from outside counts as one with a second factor. */
export function provesSecondFactor(
  rule: ProofRule,
  { methods, level }: Pick<OutsideProof, 'methods' | 'level'>,
): boolean {
  if (rule.kind === 'none') return false;
  if (rule.kind === 'methods') return methods.some((word) => mayProve(word) && rule.any.includes(word));
  return isTried(rule) && has(rule.any, level);
}

const has = (any: readonly string[], level: string | undefined): boolean =>
  level !== undefined && any.includes(level);

/** A clock elsewhere may be ahead of ours by this. */
const AHEAD_MS = 60_000;

/**
 * Whether an answer proves that its person has just logged in again with a second factor (RFC 9470).
 *
 * @param freshMs how old the login may be
 * @returns what it lacks; undefined when it proves it
 */
export function refuseStepUp(
  rule: ProofRule,
  proof: OutsideProof,
  now: number,
  freshMs: number,
): 'not-fresh' | 'no-proof' | undefined {
  const { authenticatedAt: at } = proof;
  if (at === undefined || at > now + AHEAD_MS || now - at > freshMs) return 'not-fresh';
  return provesSecondFactor(rule, proof) ? undefined : 'no-proof';
}
