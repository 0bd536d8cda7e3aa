/**
 * Log lines as JSON, one a line, gathered for a moment and written together. Nothing that could name a patient goes in:
 * no query, no id, no body; addresses are templates (`/Task/{id}`).
 */
const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
type LogLevel = (typeof LOG_LEVELS)[number];

export interface Log {
  write(level: LogLevel, msg: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Writes out what was gathered. */
  flush(): void;
}

const GATHER_MS = 20;
const GATHER_LENGTH = 64 * 1024;

/** @param write takes whole lines; standard error, unless a test listens */
export function createLog(least: LogLevel, write: (lines: string) => unknown, now: () => number): Log {
  const threshold = LOG_LEVELS.indexOf(least);
  let gathered = '';
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const lines = gathered;
    gathered = '';
    if (lines !== '') write(lines);
  }

  return {
    write(level, msg, fields) {
      if (LOG_LEVELS.indexOf(level) < threshold) return;
      gathered += `${JSON.stringify({ level, at: new Date(now()).toISOString(), msg, ...fields })}\n`;
      if (gathered.length > GATHER_LENGTH) flush();
      else timer ??= setTimeout(flush, GATHER_MS).unref();
    },
    flush,
  };
}

/** Warnings about a trouble that lasts: one line at once, then at most one a window, with how often it happened since. */
export interface Warnings {
  /** @param trouble what counts as the same trouble, from our own words alone */
  warn(trouble: string, msg: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** @param windowMs the time in which one trouble is one line, in milliseconds */
export function createWarnings(log: Log, windowMs: number, now: () => number): Warnings {
  const seen = new Map<string, { at: number; unsaid: number }>();
  return {
    warn(trouble, msg, fields) {
      const last = seen.get(trouble);
      if (last !== undefined && now() - last.at < windowMs) {
        last.unsaid += 1;
        return;
      }
      const since = last === undefined || last.unsaid === 0 ? {} : { unsaid: last.unsaid };
      seen.set(trouble, { at: now(), unsaid: 0 });
      log.write('warn', msg, { ...fields, ...since });
    },
  };
}
