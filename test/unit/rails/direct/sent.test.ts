/** Message-IDs, by which a notification finds the entry that a mail was made from (direct-xdm 6). */
import { expect, test } from '@jest/globals';
import { entryOfMessageId, messageIdOf } from '../../../../src/direct/message-id.ts';

const FROM = 'a@direct.alder.example.org';
const TO = 'b@direct.tarn.example.org';

test('(direct-xdm 6) every attempt has its own, and each leads to the entry', () => {
  const ids = [1, 2, 3].map((attempt) => messageIdOf('812-0', attempt, FROM, TO));
  expect(new Set(ids).size).toBe(3);
  expect(ids.map((id) => entryOfMessageId(id, FROM, TO))).toEqual(['812-0', '812-0', '812-0']);
  expect(ids[0]).toMatch(/^cl-812-0-1-[\da-f]{16}@direct\.alder\.example\.org$/);
});

test.each([
  ['of another recipient', messageIdOf('812-0', 1, FROM, 'x@direct.tarn.example.org')],
  ['of another sender', messageIdOf('812-0', 1, 'x@direct.alder.example.org', TO)],
  ['of another entry', messageIdOf('812-0', 1, FROM, TO).replace('812', '813')],
  ['of another program', 'r1@direct.alder.example.org'],
  ['that is none', ''],
])('(routing RL13) an id %s leads nowhere', (_what, id) => {
  expect(entryOfMessageId(id, FROM, TO)).toBeUndefined();
});
