/** How long a failed delivery waits: exponential with full jitter over its upper half, so that retries spread. */
export interface BackoffSettings {
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
}

/**
 * Milliseconds until the attempt after `attempt` (1 for the first). What the receiver asked for (`Retry-After`) is never
 * undercut. `random` is in [0, 1).
 */
export function backoffMs(
  attempt: number,
  { backoffMinMs, backoffMaxMs }: BackoffSettings,
  random: number,
  askedMs = 0,
): number {
  const whole = Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(attempt - 1, 30));
  return Math.max(askedMs, Math.round(whole * (0.5 + random / 2)));
}
