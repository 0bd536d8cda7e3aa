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
  let [instant, at] = [0, ''];

  /** Many lines are of one millisecond. */
  function nowText(): string {
    const current = now();
    if (current !== instant || at === '') [instant, at] = [current, new Date(current).toISOString()];
    return at;
  }

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
      gathered += lineOf(level, nowText(), msg, fields);
      if (gathered.length > GATHER_LENGTH) flush();
      else timer ??= setTimeout(flush, GATHER_MS).unref();
    },
    flush,
  };
}

/** What is ours has nothing to escape, and the fields follow it: a copy of them all would cost more than the text. */
function lineOf(
  level: LogLevel,
  at: string,
  msg: string,
  fields: Readonly<Record<string, unknown>> | undefined,
): string {
  const own = `{"level":"${level}","at":"${at}","msg":${JSON.stringify(msg)}`;
  const text = fields === undefined ? '{}' : JSON.stringify(fields);
  return text === '{}' ? `${own}}\n` : `${own},${text.slice(1)}\n`;
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
