/** Reports of failed delivery are unsigned: only an id that left makes one ours (direct-xdm 6, 11; routing RL13). */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { messageIdOf } from '../../../../src/direct/message-id.ts';
import type { DispositionReading } from '../../../../src/direct/mdn/read.ts';
import { createMessageKey } from '../../../../src/operations/packages/message-key.ts';
import { auditedCommit } from '../../../../src/ports/commit.ts';
import { noteDispositions } from '../../../../src/rails/direct/dispositions.ts';
import { writeSent } from '../../../../src/rails/direct/sent.ts';
import { AUDIT_ROW } from '../../../audit-row.ts';
import { openWorld, type World } from '../../../contract/delivery-world.ts';

const MAIL = {
  entry: '4-0',
  attempt: 1,
  from: 'a@direct.alder.example.org',
  to: 'b@tarn.example.org',
} as const;
const AT = '2026-03-01T10:00:00.000Z';

let world: World;
let id: string;
beforeEach(async () => {
  world = await openWorld();
  id = messageIdOf(await createMessageKey({ store: world.store, random: randomBytes })(), MAIL);
  const { entry, from, to } = MAIL;
  const more = { mails: 1, isRepeated: false, uniqueId: '2.25.1', hash: '00', at: AT, dueBy: AT } as const;
  const sent = {
    entry,
    from,
    to,
    messageId: id,
    receiver: 'Endpoint/b',
    waitsFor: 'processed',
    ...more,
  } as const;
  await world.store.commit(auditedCommit([AUDIT_ROW], { records: [writeSent(sent, 'any', Date.now())] }));
});
afterEach(() => world.close());

const fateOf = async (
  kind: DispositionReading['kind'],
  originalMessageId: string | undefined,
): Promise<string | undefined> => {
  const parts = {
    store: world.store,
    noteEvidence: async () => 'noted' as const,
    clock: { now: () => Date.parse(AT) },
    times: { processedMs: 1000, dispatchedMs: 1000 },
  };
  const reading = {
    kind,
    outcome: kind === 'dsn' ? ('failed' as const) : ('processed' as const),
    originalMessageId,
    references: [],
    finalRecipient: MAIL.to,
    word: '',
    modifiers: [],
    failure: undefined,
    status: undefined,
  } satisfies DispositionReading;
  const [fate] = await noteDispositions(parts, {
    readings: [reading],
    from: MAIL.to,
    to: MAIL.from,
    messageId: 'n1@tarn.example.org',
    bytes: Buffer.from('x'),
    voice: kind === 'dsn' ? { kind: 'relay' } : { kind: 'mailbox' },
  });
  return fate;
};

test.each<[string, DispositionReading['kind'], () => string | undefined, string]>([
  ['names the id that left', 'dsn', () => id, 'noted'],
  ['names an id that somebody made', 'dsn', () => messageIdOf(randomBytes(32), MAIL), 'unmatched'],
  ['names no id', 'dsn', () => undefined, 'unmatched'],
  ['names an id that somebody made', 'mdn', () => messageIdOf(randomBytes(32), MAIL), 'unmatched'],
  ['names no id, for the only open mail', 'mdn', () => undefined, 'noted'],
])('one that %s (%s)', async (_what, kind, named, fate) => {
  expect(await fateOf(kind, named())).toBe(fate);
});
