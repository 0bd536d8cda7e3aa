/** What the Direct rail counts since the start, for /metrics: words of our tables, never of what a peer wrote. */
import type { DirectTraffic } from '../../ports/direct.ts';
import { SMTP_EVENTS, type SmtpEvent } from './smtp-port.ts';

export interface DirectCounters {
  received(fate: string): void;
  sent(kind: 'package' | 'notification', answer: string): void;
  disposition(word: string, fate: string): void;
  smtp(event: SmtpEvent): void;
  owes(count: number, oldestMs: number): void;
  mailbox(name: string, isWell: boolean, at: number): void;
  status(): DirectTraffic;
}

export function createDirectCounters(): DirectCounters {
  const received: Record<string, number> = {};
  const pairs = () => new Map<string, { readonly words: readonly [string, string]; count: number }>();
  const [sent, dispositions] = [pairs(), pairs()];
  const smtp = Object.fromEntries(SMTP_EVENTS.map((event) => [event, 0])) as Record<SmtpEvent, number>; // all of them
  const mailboxes = new Map<string, DirectTraffic['mailboxes'][number]>();
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
