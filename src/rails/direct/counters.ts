/** What the Direct rail counts since the start, for /metrics: words of our tables, never of what a peer wrote. */
import { SMTP_EVENTS, type SmtpEvent } from './smtp-port.ts';

/** The counts, as metrics read them. */
export interface DirectStatus {
  /** Mails received, by what became of them. */
  readonly received: Readonly<Record<string, number>>;
  /** Mails handed out, by kind (package, notification) and answer. */
  readonly sent: readonly { readonly kind: string; readonly answer: string; readonly count: number }[];
  /** Notifications received, by their word and what became of them. */
  readonly dispositions: readonly { readonly word: string; readonly fate: string; readonly count: number }[];
  /** What happened at the SMTP port beside mails that were taken. */
  readonly smtp: Readonly<Record<SmtpEvent, number>>;
  /** Notifications that are owed now, and the age of the oldest in milliseconds. */
  readonly owed: number;
  readonly owedAgeMs: number;
  /** Mailboxes: 1 while the last look succeeded. */
  readonly mailboxes: readonly {
    readonly mailbox: string;
    readonly isWell: boolean;
    readonly lookedAt: number;
  }[];
}

export interface DirectCounters {
  received(fate: string): void;
  sent(kind: 'package' | 'notification', answer: string): void;
  disposition(word: string, fate: string): void;
  smtp(event: SmtpEvent): void;
  owes(count: number, oldestMs: number): void;
  mailbox(name: string, isWell: boolean, at: number): void;
  status(): DirectStatus;
}

export function createDirectCounters(): DirectCounters {
  const received: Record<string, number> = {};
  const pairs = () => new Map<string, { readonly words: readonly [string, string]; count: number }>();
  const [sent, dispositions] = [pairs(), pairs()];
  const smtp = Object.fromEntries(SMTP_EVENTS.map((event) => [event, 0])) as Record<SmtpEvent, number>; // all of them
  const mailboxes = new Map<string, DirectStatus['mailboxes'][number]>();
  let [owed, owedAgeMs] = [0, 0];
  const add = (to: ReturnType<typeof pairs>, first: string, second: string): void => {
    const one = to.get(`${first} ${second}`) ?? { words: [first, second], count: 0 };
    one.count += 1;
    to.set(`${first} ${second}`, one);
  };
  return {
    received: (fate) => void (received[fate] = (received[fate] ?? 0) + 1),
    sent: (kind, answer) => add(sent, kind, answer),
    disposition: (word, fate) => add(dispositions, word, fate),
    smtp: (event) => void (smtp[event] += 1),
    owes(count, oldestMs) {
      [owed, owedAgeMs] = [count, oldestMs];
    },
    mailbox: (name, isWell, lookedAt) => void mailboxes.set(name, { mailbox: name, isWell, lookedAt }),
    status: () => ({
      received,
      smtp,
      owed,
      owedAgeMs,
      sent: [...sent.values()].map(({ words: [kind, answer], count }) => ({ kind, answer, count })),
      dispositions: [...dispositions.values()].map(({ words: [word, fate], count }) => ({
        word,
        fate,
        count,
      })),
      mailboxes: [...mailboxes.values()],
    }),
  };
}
