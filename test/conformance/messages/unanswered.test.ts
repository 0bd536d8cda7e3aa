/** Messages that ask for an answer by a time (baa-messaging MS17). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { askAboutUnanswered } from '../../../src/operations/messages/unanswered.ts';
import { openServer, type TestServer } from '../../server.ts';
import { refOf } from '../../world.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient', 'stranger']);
});
afterAll(() => server.close());

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const AT = 'https://closeloop.dev/fhir/StructureDefinition';
const to = (reference: string) => ({ reference });

const run = (aheadMs: number): Promise<void> =>
  askAboutUnanswered(
    {
      store: server.running.store,
      clock: { now: () => Date.now() + aheadMs },
      newId: randomUUID,
      committed: () => undefined,
    },
    new AbortController().signal,
  );

const openThread = async (owner?: string): Promise<Ref> =>
  refOf(
    await server.create('initiator', {
      resourceType: 'Communication',
      status: 'in-progress',
      sender: to('Organization/initiator'),
      recipient: [to('Organization/initiator'), to('Organization/recipient')],
      ...(owner !== undefined && { extension: [{ url: `${AT}/thread-owner`, valueReference: to(owner) }] }),
    }),
  );

const say = async (who: 'initiator' | 'recipient', thread: Ref, more: object = {}): Promise<Ref> =>
  refOf(
    await server.create(who, {
      resourceType: 'Communication',
      status: 'in-progress',
      partOf: [to(thread)],
      sender: to(`Organization/${who}`),
      recipient: [to(`Organization/${who === 'initiator' ? 'recipient' : 'initiator'}`)],
      payload: [{ contentString: 'Which day suits you?' }],
      ...more,
    }),
  );

const withinAnHour = (): object => ({
  extension: [{ url: `${AT}/respond-by`, valueInstant: new Date(Date.now() + 60 * MINUTE).toISOString() }],
});

const itemsOf = async (who: string, message: Ref): Promise<readonly Resource[]> => {
  const items = await server.search(
    who,
    'Task?code=https://closeloop.dev/fhir/CodeSystem/work-item|message-unanswered',
  );
  return items.filter(({ focus }) => (focus as { reference?: string } | undefined)?.reference === message);
};

describe('(baa-messaging MS17) past its time', () => {
  test('the recipient is asked once, and urgently a day later', async () => {
    const message = await say('initiator', await openThread(), withinAnHour());
    await run(59 * MINUTE);
    expect(await itemsOf('recipient', message)).toEqual([]);
    await run(61 * MINUTE);
    await run(62 * MINUTE);
    expect(await itemsOf('recipient', message)).toMatchObject([
      { status: 'requested', owner: to('Organization/recipient') },
    ]);
    expect(await itemsOf('initiator', message)).toEqual([]);
    await run(61 * MINUTE + DAY);
    await run(61 * MINUTE + 3 * DAY);
    expect(await itemsOf('recipient', message)).toMatchObject([
      { priority: 'stat', meta: { versionId: expect.anything() } },
    ]);
    expect(JSON.stringify(await itemsOf('recipient', message))).not.toContain('Which day');
  });

  test('the owner of the thread is asked, where there is one', async () => {
    const message = await say('initiator', await openThread('Organization/initiator'), withinAnHour());
    await run(61 * MINUTE);
    expect(await itemsOf('initiator', message)).toHaveLength(1);
    expect(await itemsOf('recipient', message)).toEqual([]);
  });

  test.each<[string, (thread: Ref, message: Ref) => Promise<unknown>, number]>([
    ['was answered', (thread) => say('recipient', thread), 0],
    ['was only followed up by its sender', (thread) => say('initiator', thread), 1],
    [
      'was retracted',
      (_thread, message) =>
        server.ask('initiator', 'PATCH', message, [
          { op: 'replace', path: '/status', value: 'entered-in-error' },
          { op: 'add', path: '/statusReason', value: { text: 'wrong thread' } },
        ]),
      0,
    ],
  ])('of a message that %s', async (_what, meanwhile, asked) => {
    const thread = await openThread();
    const message = await say('initiator', thread, withinAnHour());
    await meanwhile(thread, message);
    await run(61 * MINUTE);
    expect(await itemsOf('recipient', message)).toHaveLength(asked);
  });

  test('two servers ask once', async () => {
    const message = await say('initiator', await openThread(), withinAnHour());
    await Promise.all([run(61 * MINUTE), run(61 * MINUTE), run(61 * MINUTE)]);
    expect(await itemsOf('recipient', message)).toHaveLength(1);
  });

  test('a draft waits for nobody until it is sent', async () => {
    const thread = await openThread();
    const draft = await say('initiator', thread, { status: 'preparation', ...withinAnHour() });
    await run(61 * MINUTE);
    expect(await itemsOf('recipient', draft)).toEqual([]);
    await server.ask('initiator', 'PATCH', draft, [{ op: 'replace', path: '/status', value: 'in-progress' }]);
    await run(61 * MINUTE);
    expect(await itemsOf('recipient', draft)).toHaveLength(1);
  });
});
