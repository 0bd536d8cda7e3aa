/**
 * What an organization kept back, counted (compliance I6; 45 CFR 171): by who asked, on which exception, by which way and of
 * which class of content; how long those waited who were answered later; and whether somebody is refused more often than
 * others. Pure: it counts what is handed in.
 */

/** One time that somebody asked, or was to be told. */
export interface Inquiry {
  readonly counterparty: string;
  /** The resource that was asked for, without a version. */
  readonly what: string;
  readonly class: string;
  readonly rail: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The exception on which it was kept back; undefined: it was told. */
  readonly exception: string | undefined;
}

interface DenialLine {
  readonly counterparty: string;
  readonly exception: string;
  readonly rail: string;
  readonly class: string;
  readonly count: number;
}

interface RateLine {
  readonly counterparty: string;
  readonly class: string;
  readonly asks: number;
  readonly denials: number;
  /** It is refused more than twice as often as the median of the others who asked often. */
  readonly biased: boolean;
}

interface AnswerLine {
  readonly counterparty: string;
  readonly answeredLater: number;
  readonly open: number;
  /** Milliseconds from the first denial to the answer; undefined where nothing was answered later. */
  readonly medianMs: number | undefined;
}

interface BlockingReport {
  readonly denials: readonly DenialLine[];
  readonly rates: readonly RateLine[];
  readonly answers: readonly AnswerLine[];
}

/** Whose rate counts in a comparison has asked this often. */
const ASKS_MIN = 20;

interface Counts {
  asks: number;
  denials: number;
}

/** @param asked in the order of time */
export function createBlockingReport() {
  const denied = new Map<string, number>();
  const rates = new Map<string, Counts>();
  const waiting = new Map<string, number>();
  const answered = new Map<string, number[]>();
  return {
    take({ counterparty, what, class: kind, rail, at, exception }: Inquiry): void {
      const rate = rates.get(keyOf(counterparty, kind)) ?? { asks: 0, denials: 0 };
      rate.asks += 1;
      if (exception !== undefined) rate.denials += 1;
      rates.set(keyOf(counterparty, kind), rate);
      const wait = keyOf(counterparty, what);
      if (exception === undefined) {
        const since = waiting.get(wait);
        if (since === undefined) return;
        waiting.delete(wait);
        answered.set(counterparty, [...(answered.get(counterparty) ?? []), at - since]);
        return;
      }
      const line = keyOf(counterparty, exception, rail, kind);
      denied.set(line, (denied.get(line) ?? 0) + 1);
      if (!waiting.has(wait)) waiting.set(wait, at);
    },
    report: (): BlockingReport => ({
      denials: denialLines(denied),
      rates: rateLines(rates),
      answers: answerLines(waiting, answered),
    }),
  };
}

const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);
const partsOf = (key: string): readonly string[] => JSON.parse(key) as readonly string[]; // made by keyOf

const denialLines = (denied: ReadonlyMap<string, number>): readonly DenialLine[] =>
  [...denied]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, count]) => {
      const [counterparty = '', exception = '', rail = '', kind = ''] = partsOf(key);
      return { counterparty, exception, rail, class: kind, count };
    });

function rateLines(rates: ReadonlyMap<string, Counts>): readonly RateLine[] {
  const lines = [...rates]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { asks, denials }]) => {
      const [counterparty = '', kind = ''] = partsOf(key);
      return { counterparty, class: kind, asks, denials };
    });
  return lines.map((line) => ({ ...line, biased: isBiased(line, lines) }));
}

type Rate = Omit<RateLine, 'biased'>;
const rateOf = ({ asks, denials }: Rate): number => denials / asks;

function isBiased(line: Rate, lines: readonly Rate[]): boolean {
  const others = lines.filter(
    (other) =>
      other.class === line.class && other.counterparty !== line.counterparty && other.asks >= ASKS_MIN,
  );
  return others.length > 0 && rateOf(line) > 2 * medianOf(others.map(rateOf));
}

function answerLines(
  waiting: ReadonlyMap<string, number>,
  answered: ReadonlyMap<string, readonly number[]>,
): readonly AnswerLine[] {
  const open = new Map<string, number>();
  for (const key of waiting.keys()) {
    const [counterparty = ''] = partsOf(key);
    open.set(counterparty, (open.get(counterparty) ?? 0) + 1);
  }
  return [...new Set([...open.keys(), ...answered.keys()])].toSorted().map((counterparty) => {
    const times = answered.get(counterparty) ?? [];
    return {
      counterparty,
      answeredLater: times.length,
      open: open.get(counterparty) ?? 0,
      medianMs: times.length === 0 ? undefined : medianOf(times),
    };
  });
}

/** Of two in the middle, their mean. */
function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}
