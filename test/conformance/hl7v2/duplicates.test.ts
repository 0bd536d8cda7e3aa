import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openStore } from '../../../src/stores/index.ts';
import { createFhirEngine } from '../../../src/server/fhir-engine.ts';
import { WORK_ITEM_SYSTEM } from '../../../src/resources/work-item-code.ts';
import { SETTINGS } from '../../world.ts';
import {
  accept,
  FROM_LARKSPUR,
  FROM_TIDEWATER,
  MESSAGE_SETTINGS,
  openExchange,
  outcome,
  request,
  stateOf,
  type Exchange,
} from './exchange.ts';

let exchange: Exchange;
beforeEach(async () => {
  exchange = await openExchange();
});
afterEach(() => exchange.close());

const count = async (): Promise<number> => (await exchange.all('DocumentReference')).length;

describe('a message that was here before', () => {
  const first = request({ at: 0, id: 'L-1' });

  test.each([
    ['the same bytes', first],
    ['written at another time', request({ at: 7, id: 'L-1' })],
    ['with a time to the tenth of a second', first.replace('20250314090000', '20250314090000.1')],
    ['without a time', first.replace('20250314090000+0000', '')],
  ])('%s is told the first answer again, and writes nothing', async (_name, again) => {
    const answer = await exchange.say(first);
    const { seq } = exchange.store.status();
    expect(await exchange.say(again)).toEqual({ ...answer, fate: 'repeated' });
    expect(exchange.store.status().seq).toBe(seq);
  });

  test.each([
    ['quarantined', outcome({ at: 5, id: 'T-5', patient: 'MQ-2' })],
    ['a work item', outcome({ at: 5, id: 'T-5', referral: 'R-0' })],
    ['parked', outcome({ at: 5, id: 'T-5' })],
    ['no message at all', 'garbage'],
  ])('what was %s is told so again, and asks nobody twice', async (_name, message) => {
    await exchange.say(first);
    const answer = await exchange.say(message, FROM_TIDEWATER);
    const items = await exchange.workItems();
    expect(items).toHaveLength(1);
    expect(await exchange.say(message, FROM_TIDEWATER)).toEqual({ ...answer, fate: 'repeated' });
    expect(await exchange.workItems()).toEqual(items);
  });

  test('other content under its number is refused by that number, and kept apart', async () => {
    await exchange.say(first);
    const other = request({ at: 0, id: 'L-1', referral: 'R-2' });
    const answer = await exchange.say(other);
    expect(answer).toMatchObject({ fate: 'quarantine', code: 'AE', remarks: [{ code: '205' }] });
    expect(await exchange.all('ServiceRequest')).toHaveLength(1);
    expect((await exchange.workItems()).map(({ kind }) => kind)).toEqual(['message-quarantined']);
    expect(await exchange.say(other)).toEqual({ ...answer, fate: 'repeated' });
    expect(await count()).toBe(2);
  });

  describe('(rules 7.3) a refusal leaves its number to corrected content', () => {
    const wrong = outcome({ at: 5, id: 'T-5', patient: 'MQ-2' });

    test.each([
      ['corrected', accept({ at: 5, id: 'T-5' })],
      ['corrected with another time', accept({ at: 9, id: 'T-5' })],
    ])('%s, it is a new message; what was refused stays so', async (_name, corrected) => {
      await exchange.say(first);
      const refused = await exchange.say(wrong);
      expect(refused.code).toBe('AE');
      expect((await exchange.say(corrected)).fate).toBe('applied');
      expect(stateOf(await exchange.referral())).toBe('accepted 3.0');
      expect(await exchange.say(wrong)).toEqual({ ...refused, fate: 'repeated' });
      expect((await exchange.say(corrected)).fate).toBe('repeated');
    });

    test('many wrong ones in a row are each refused on their own account, none by 205', async () => {
      await exchange.say(first);
      for (const patient of ['MQ-2', 'MQ-3', 'MQ-4']) {
        const { code, remarks } = await exchange.say(outcome({ at: 5, id: 'T-5', patient }));
        expect([code, remarks.map((one) => one.code)]).toEqual(['AE', expect.not.arrayContaining(['205'])]);
      }
      expect((await exchange.say(accept({ at: 5, id: 'T-5' }))).fate).toBe('applied');
    });

    test('a work item that its link answers with AE is a refusal as well', async () => {
      const strict = { ...FROM_TIDEWATER, workItemAcknowledged: 'AE' } as const;
      await exchange.say(first);
      const unknown = outcome({ at: 5, id: 'T-5', referral: 'R-0' });
      expect((await exchange.say(unknown, strict)).code).toBe('AE');
      expect((await exchange.say(accept({ at: 5, id: 'T-5' }), strict)).fate).toBe('applied');
    });

    test('whose acceptance closes the work items of what was refused', async () => {
      await exchange.say(first);
      for (const patient of ['MQ-2', 'MQ-3']) await exchange.say(outcome({ at: 5, id: 'T-5', patient }));
      await exchange.say(outcome({ at: 5, id: 'T-6', patient: 'MQ-2' }));
      expect(await exchange.workItems()).toHaveLength(3);
      await exchange.say(accept({ at: 5, id: 'T-5' }));
      const items = await exchange.all('Task', `code=${WORK_ITEM_SYSTEM}|message-quarantined`);
      expect(items.filter((one) => one['status'] === 'completed').map((one) => one['statusReason'])).toEqual([
        { text: expect.stringContaining('its sender corrected it') as unknown },
        { text: expect.stringContaining('its sender corrected it') as unknown },
      ]);
      const open = (await exchange.workItems()).map(({ kind }) => kind);
      expect(open.filter((kind) => kind === 'message-quarantined')).toHaveLength(1);
    });

    test('not those of what was refused before the number was forgotten', async () => {
      await exchange.say(first);
      await exchange.say(wrong);
      exchange.clock.now += MESSAGE_SETTINGS.duplicateWindowMs - 1000;
      await exchange.say(outcome({ at: 5, id: 'T-5', patient: 'MQ-3' }));
      exchange.clock.now += 2000;
      await exchange.say(accept({ at: 5, id: 'T-5' }));
      const items = await exchange.all('Task', `code=${WORK_ITEM_SYSTEM}|message-quarantined`);
      expect(items.map((one) => String(one['status'])).toSorted()).toEqual(['completed', 'requested']);
    });

    test('also when both come at the same moment', async () => {
      await exchange.say(first);
      const [refused] = await Promise.all([exchange.say(wrong), exchange.say(accept({ at: 5, id: 'T-5' }))]);
      const isLater = refused.remarks.some(({ code }) => code === '205');
      const items = await exchange.all('Task', `code=${WORK_ITEM_SYSTEM}|message-quarantined`);
      expect(items.map((one) => one['status'])).toEqual([isLater ? 'requested' : 'completed']);
    });

    test('not those of what came under the number of an accepted message', async () => {
      await exchange.say(first);
      await exchange.say(accept({ at: 5, id: 'T-5' }));
      exchange.clock.now += MESSAGE_SETTINGS.duplicateWindowMs - 2000;
      await exchange.say(outcome({ at: 6, id: 'T-5' }));
      exchange.clock.now += 4000;
      expect((await exchange.say(outcome({ at: 7, id: 'T-5' }))).fate).toBe('applied');
      const items = await exchange.all('Task', `code=${WORK_ITEM_SYSTEM}|message-quarantined`);
      expect(items.map((one) => one['status'])).toEqual(['requested']);
    });

    test('once the number is taken, other content is refused by it', async () => {
      await exchange.say(first);
      await exchange.say(wrong);
      await exchange.say(accept({ at: 5, id: 'T-5' }));
      const other = await exchange.say(outcome({ at: 6, id: 'T-5' }));
      expect(other).toMatchObject({ code: 'AE', remarks: [{ code: '205' }] });
      expect(stateOf(await exchange.referral())).toBe('accepted 3.0');
    });
  });

  test('the same number from another link, application or facility is another message', async () => {
    await exchange.say(first);
    const { fate } = await exchange.say(first.replace('|^~\\&||', '|^~\\&|APP|'));
    expect(fate).toBe('applied');
    await exchange.say(accept({ at: 1, id: 'L-1' }));
    expect(stateOf(await exchange.referral())).toBe('accepted 3.0');
  });

  test('after the window its number is a new message', async () => {
    await exchange.say(first);
    exchange.clock.now += MESSAGE_SETTINGS.duplicateWindowMs - 2000;
    expect((await exchange.say(first)).fate).toBe('repeated');
    exchange.clock.now += 2001;
    const other = request({ at: 0, id: 'L-1', referral: 'R-2' });
    expect((await exchange.say(other)).fate).toBe('applied');
    expect(await exchange.all('ServiceRequest')).toHaveLength(2);
  });

  test('sixteen at once have one effect', async () => {
    const answers = await Promise.all(Array.from({ length: 16 }, () => exchange.say(first)));
    expect(answers.map(({ fate }) => fate).toSorted()).toEqual([
      'applied',
      ...Array.from({ length: 15 }, () => 'repeated'),
    ]);
    expect(await exchange.all('ServiceRequest')).toHaveLength(1);
    expect(await exchange.all('Patient')).toHaveLength(1);
  });
});

test('a server that crashed before it could answer tells the first answer', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-again-'));
  const message = new TextEncoder().encode(
    outcome({ at: 0, id: 'T-1', referral: 'R-0' }).replaceAll('\n', '\r'),
  );
  const hear = async () => {
    const store = await openStore({ folder, reserveBytes: 0, writer: 'turn' });
    let made = 0;
    const { messages } = createFhirEngine({
      store,
      clock: { now: () => Date.now() },
      newId: () => `id-${(made += 1)}`,
      selectRecipients: async () => [],
      committed: () => undefined,
      admitAddress: async () => 'admitted',
      settings: SETTINGS,
      messages: { settings: MESSAGE_SETTINGS, links: () => [FROM_LARKSPUR], log: () => undefined },
    });
    const { signal } = new AbortController();
    const answer = await messages.receive({
      link: FROM_TIDEWATER,
      bytes: message,
      address: undefined,
      signal,
    });
    const { seq } = store.status();
    await store.close();
    return { answer, seq };
  };
  try {
    const first = await hear();
    expect(first.answer.fate).toBe('work-item');
    expect(await hear()).toEqual({ answer: { ...first.answer, fate: 'repeated' }, seq: first.seq });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
