/** What operators see of each link: connected, last message, counts by fate. No word of any message. */
import type { Fate } from '../../hl7v2/received.ts';

export interface LinkStatus {
  readonly link: string;
  /** Connections open now. */
  readonly connected: number;
  /** Milliseconds since 1970 of the last message; 0 for none since the start. */
  readonly lastMessageAt: number;
  readonly fates: Readonly<Partial<Record<Fate, number>>>;
  /** Frames that were no message: garbage, oversize, broken off. */
  readonly faults: number;
}

export interface Board {
  connected(link: string, by: 1 | -1): void;
  decided(link: string, fate: Fate, atMs: number): void;
  faulted(link: string): void;
  status(): readonly LinkStatus[];
}

interface Counts {
  connected: number;
  lastMessageAt: number;
  faults: number;
  readonly fates: Partial<Record<Fate, number>>;
}

export function createBoard(links: readonly string[]): Board {
  const counts = new Map<string, Counts>(
    links.map((link) => [link, { connected: 0, lastMessageAt: 0, faults: 0, fates: {} }]),
  );
  const of = (link: string): Counts => {
    const found = counts.get(link);
    if (found === undefined) throw new Error(`there is no link ${link}`);
    return found;
  };
  return {
    connected(link, by) {
      of(link).connected += by;
    },
    decided(link, fate, atMs) {
      const { fates } = of(link);
      fates[fate] = (fates[fate] ?? 0) + 1;
      of(link).lastMessageAt = atMs;
    },
    faulted(link) {
      of(link).faults += 1;
    },
    status: () => [...counts].map(([link, count]) => ({ link, ...count, fates: { ...count.fates } })),
  };
}
