/** The status of each link for operators: connected, last message, counts by fate. It holds no content of a message. */
import type { MessageFate } from '../../ports/inbound.ts';

export interface LinkStatus {
  readonly link: string;
  /** Connections open now. */
  readonly connected: number;
  /** Milliseconds since 1970 of the last message; 0 for none since the start. */
  readonly lastMessageAt: number;
  readonly fates: Readonly<Partial<Record<MessageFate, number>>>;
  /** Frames that were no message: garbage, too long, broken off. */
  readonly faults: number;
  /** Messages that the link did not take, by MSH-9. */
  readonly notTaken: readonly NotTaken[];
}

interface NotTaken {
  /** `ORU^R01`; `other` for a text that is no such name, and for kinds beyond the first {@link KINDS_MAX}. */
  readonly kind: string;
  readonly fate: Extract<MessageFate, 'rejected' | 'ignored'>;
  readonly count: number;
}

export interface LinkCounters {
  connected(link: string, by: 1 | -1): void;
  /** `kind` is MSH-9.1 and MSH-9.2. */
  decided(link: string, fate: MessageFate, atMs: number, kind: string): void;
  faulted(link: string): void;
  status(): readonly LinkStatus[];
}

interface Counts {
  connected: number;
  lastMessageAt: number;
  faults: number;
  readonly fates: Partial<Record<MessageFate, number>>;
  readonly notTaken: Map<string, NotTaken>;
}

/** The number of kinds that are counted by name for one link, so that a peer cannot fill the memory with names. */
const KINDS_MAX = 100;
const KIND = /^[A-Z0-9]{3}(?:\^[A-Z0-9]{3})?$/;

export function createLinkCounters(links: readonly string[]): LinkCounters {
  const counts = new Map<string, Counts>(
    links.map((link) => [
      link,
      { connected: 0, lastMessageAt: 0, faults: 0, fates: {}, notTaken: new Map() },
    ]),
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
    decided(link, fate, atMs, kind) {
      const { fates, notTaken } = of(link);
      if (fate === 'rejected' || fate === 'ignored') countKind(notTaken, kind, fate);
      fates[fate] = (fates[fate] ?? 0) + 1;
      of(link).lastMessageAt = atMs;
    },
    faulted(link) {
      of(link).faults += 1;
    },
    status: () =>
      [...counts].map(([link, count]) => ({
        link,
        ...count,
        fates: { ...count.fates },
        notTaken: [...count.notTaken.values()],
      })),
  };
}

function countKind(counts: Map<string, NotTaken>, named: string, fate: NotTaken['fate']): void {
  const isCounted = KIND.test(named) && (counts.has(`${fate} ${named}`) || counts.size < KINDS_MAX);
  const kind = isCounted ? named : 'other';
  const key = `${fate} ${kind}`;
  counts.set(key, { kind, fate, count: (counts.get(key)?.count ?? 0) + 1 });
}
