import { expect, test } from '@jest/globals';
import type { OutboxEntry } from '../../../src/ports/store.ts';
import { entryText, parseEntry } from '../../../src/stores/log/entry-text.ts';

const ENTRY: OutboxEntry = {
  rail: 'rest-hook',
  receiver: 'Subscription/s',
  orderingKey: 'Task/t',
  subject: 'Task/t',
  event: 'accept-referral',
  sight: { everything: false, organization: 'Organization/o' },
  traceparent: '00-1-2-01',
};

const STORED =
  '{"rail":"rest-hook","receiver":"Subscription/s","order":"Task/t","subject":"Task/t","event":"accept-referral",' +
  '"sight":{"everything":false,"organization":"Organization/o"},"traceparent":"00-1-2-01"}';

test('the text of an outbox entry is the one that format 2 has always held (house-2 3)', () => {
  expect(entryText(ENTRY)).toBe(STORED);
});

test('an outbox entry that an earlier version stored reads back as an entry with its ordering key', () => {
  expect(parseEntry(STORED)).toEqual(ENTRY);
});
