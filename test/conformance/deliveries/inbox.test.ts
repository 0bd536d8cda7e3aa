/** `$deliveries` over the real server: the inbox, who reads it, who answers, and who may ask (routing RL3, section 3). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { validateResource } from '../../../src/resources/validate.ts';
import { answer, openReceiver, type Receiver } from '../../contract/receiver.ts';
import * as make from '../../resources.ts';
import { refOf } from '../../world.ts';
import { openRest, type Rest } from '../rest/client.ts';
import { nextOf, shownIn, waysOf, type ShownDelivery } from './shown.ts';

let rest: Rest;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await openReceiver([answer(200)]);
  rest = await openRest('--subscription-allow-list', `127.0.0.1:${receiver.port}`);
});
afterAll(async () => {
  await rest.close();
  await receiver.close();
});

interface Referral {
  readonly order: string;
  readonly task: string;
  readonly patient: string;
}

async function refer(): Promise<Referral> {
  const patient = refOf(await rest.create(make.patient()));
  const order = refOf(
    await rest.create(
      make.serviceRequest({
        subject: patient,
        requester: 'PractitionerRole/initiator',
        performer: 'PractitionerRole/recipient',
      }),
    ),
  );
  const { bundle } = await rest.must(`GET Task?focus=${order}`);
  return { order, patient, task: `Task/${bundle.entry?.[0]?.resource?.id}` };
}

const accept = ({ task }: Referral) =>
  rest.must(`PATCH ${task}`, {
    as: 'recipient',
    body: [
      { op: 'replace', path: '/status', value: 'accepted' },
      { op: 'remove', path: '/businessStatus' },
    ],
  });

const deliveries = async (ref: string, as = 'initiator', query = ''): Promise<readonly ShownDelivery[]> =>
  shownIn((await rest.must(`GET ${ref}/$deliveries${query}`, { as })).json);

/** The first delivery, once its ways are these. */
async function first(
  ref: string,
  ways: readonly string[],
  as = 'initiator',
): Promise<ShownDelivery | undefined> {
  for (let tries = 0; ; tries += 1) {
    const [delivery] = await deliveries(ref, as);
    if (tries === 100 || (delivery && waysOf(delivery).join() === ways.join())) return delivery;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A read by a person of an organization, whose token names a Practitioner. */
async function readAsPerson(
  ref: string,
  organization: 'recipient' | 'stranger',
  user: string,
): Promise<number> {
  const token = await rest.sign({
    subject: 'dr-vale',
    client: 'portal',
    scope: 'user/*.cruds',
    organization: `Organization/${organization}`,
    claims: { fhirUser: user, roles: 'coordinator' },
  });
  const response = await fetch(`${rest.at}/${ref}`, { headers: { authorization: `Bearer ${token}` } });
  await response.text();
  return response.status;
}

describe('(routing 3) the inbox', () => {
  test('received in the commit that addresses it, opened by a person, acknowledged by a move', async () => {
    const referral = await refer();
    const { order, task } = referral;
    const received = await first(order, ['inbox received', 'capture sent']);
    expect(received).toMatchObject({
      event: 'send-referral-package',
      counterparty: 'Organization/recipient',
      state: 'received',
      rank: 3,
      words: expect.stringMatching(/^received: /),
    });
    expect(received?.ways[0]).toMatchObject({ evidence: ['committed'], awaits: ['read'] });

    await rest.must(`GET ${task}`, { as: 'recipient' });
    expect((await first(order, ['inbox received', 'capture sent']))?.ways[0]?.evidence).toEqual([
      'committed',
      'fetched',
    ]);

    expect(await readAsPerson(task, 'recipient', 'Practitioner/vale')).toBe(200);
    const opened = await first(order, ['inbox opened', 'capture sent']);
    expect(opened).toMatchObject({ state: 'opened', rank: 4 });
    expect(opened?.ways[0]).toMatchObject({
      evidence: ['committed', 'fetched', 'read'],
      awaits: ['answered'],
    });

    await accept(referral);
    const [acknowledged, acceptance] = await deliveries(order);
    expect(acknowledged).toMatchObject({ state: 'acknowledged', rank: 5 });
    // What the initiator is told of shows what reached it.
    expect(acceptance).toMatchObject({ event: 'send-acceptance', counterparty: 'Organization/initiator' });
  });

  test('(routing RL16) a patient who reads with the recipient’s application is no person of theirs', async () => {
    const { order, task } = await refer();
    await readAsPerson(task, 'recipient', 'Patient/p');
    const delivery = await first(order, ['inbox received', 'capture sent']);
    expect(delivery?.ways[0]?.evidence).toEqual(['committed', 'fetched']);
  });

  test('a message about the referral is an event of its own, for the other party', async () => {
    const { order } = await refer();
    await rest.create(make.communication([order], { basedOn: [make.to(order)] }), 'recipient');
    const [request, message] = await deliveries(order);
    expect(message).toMatchObject({
      event: 'communication',
      counterparty: 'Organization/initiator',
      state: 'received',
      ways: [{ rail: 'inbox', evidence: ['committed'] }],
    });
    expect(request?.state).toBe('acknowledged');
  });

  test('own reads, and those before the event, show nothing', async () => {
    const referral = await refer();
    await readAsPerson(referral.task, 'recipient', 'Practitioner/vale');
    await rest.must(`GET ${referral.task}`);
    await accept(referral);
    const [, acceptance] = await deliveries(referral.order, 'recipient');
    expect(acceptance).toMatchObject({ event: 'send-acceptance', counterparty: 'Organization/initiator' });
    expect(acceptance?.ways[0]).toMatchObject({ rail: 'inbox', state: 'received', evidence: ['committed'] });
  });
});

describe('(routing RL3) who may ask', () => {
  test('the parties and administrators; for everybody else there is none', async () => {
    const { order, task } = await refer();
    for (const as of ['initiator', 'administrator']) {
      expect((await deliveries(order, as)).map(({ event }) => event)).toEqual(['send-referral-package']);
      expect((await deliveries(task, as)).map(({ event }) => event)).toEqual(['send-referral-package']);
    }
    for (const ref of [order, task]) {
      const refused = await rest.send(`GET ${ref}/$deliveries`, { as: 'stranger' });
      expect([refused.status, refused.code]).toEqual([404, 'not-found']);
      expect(
        (await rest.send(`GET ${ref.replace(/\/.*/, '/none')}/$deliveries`, { as: 'stranger' })).status,
      ).toBe(404);
    }
  });

  test('who is told sees what reached it, and no failure of the other side’s', async () => {
    const { order } = await refer();
    const delivery = await first(order, ['inbox received'], 'recipient');
    expect(delivery).toMatchObject({ counterparty: 'Organization/recipient', state: 'received' });
  });

  test('a work item has none', async () => {
    const item = { resourceType: 'Task', status: 'requested', intent: 'order', code: { text: 'call them' } };
    const created = await rest.send('POST Task', { body: item });
    expect(created.status).toBe(201);
    const refused = await rest.send(`GET Task/${created.json.id}/$deliveries`);
    expect([refused.status, refused.code]).toEqual([404, 'not-found']);
  });
});

describe('what is not told yet', () => {
  test('is queued and held with its reason, for who tells it alone (directory DR28)', async () => {
    const subject = refOf(await rest.create(make.patient()));
    const { id: _id, ...nobody } = make.organization('nobody', { name: 'Nobody Known' });
    const performer = refOf(await rest.create(nobody));
    const order = refOf(
      await rest.create(make.serviceRequest({ subject, requester: 'PractitionerRole/initiator', performer })),
    );
    const [held] = await deliveries(order);
    expect(held).toMatchObject({
      event: 'send-referral-package',
      counterparty: performer,
      state: 'queued',
      rank: 0,
      held: 'recipient not identified',
      ways: [],
    });
    expect((await rest.send(`GET ${order}/$deliveries`, { as: 'recipient' })).status).toBe(404);
  });
});

describe('rest-hook', () => {
  const subscribe = (payload: string | undefined, endpoint: string) =>
    rest.create(
      {
        resourceType: 'Subscription',
        status: 'requested',
        reason: 'new referrals',
        criteria: 'Task?status=requested,received',
        channel: { type: 'rest-hook', endpoint, ...(payload !== undefined && { payload }) },
      },
      'recipient',
    );
  const remove = (ref: string) => rest.must(`DELETE ${ref}`, { as: 'recipient' });

  test.each([
    ['with the resource, 2xx is received', 'application/fhir+json', 'rest-hook received', ['http-2xx']],
    ['without content, 2xx is sent', undefined, 'rest-hook sent', ['http-2xx-empty']],
  ])('%s', async (_name, payload, state, evidence) => {
    const subscription = refOf(await subscribe(payload, `http://127.0.0.1:${receiver.port}/hook`));
    const { order, task } = await refer();
    const delivery = await first(order, ['inbox received', state, 'capture sent']);
    await remove(subscription);
    const way = delivery?.ways.find(({ rail }) => rail === 'rest-hook');
    expect(way).toMatchObject({ state: state.split(' ')[1], outcome: 'accepted', evidence });
    // No record is kept of it: the outbox says it all (harmony Z42).
    expect(await rest.server.running.store.snapshot().records('delivery', 'task', task)).toEqual([]);
  });

  test('(directory DR48) no address of anybody is told', async () => {
    const subscription = refOf(await subscribe(undefined, `http://127.0.0.1:${receiver.port}/secret-path`));
    const { order } = await refer();
    await first(order, ['inbox received', 'rest-hook sent', 'capture sent']);
    const { text, json } = await rest.must(`GET ${order}/$deliveries`);
    await remove(subscription);
    expect(text).not.toMatch(/secret-path|127\.0\.0\.1/);
    expect(validateResource(json).filter(({ severity }) => severity === 'error')).toEqual([]);
  });
});

test('pages by _count, as of the first page', async () => {
  const referral = await refer();
  await accept(referral);
  const page = await rest.must(`GET ${referral.order}/$deliveries?_count=1`);
  expect(shownIn(page.json).map(({ event }) => event)).toEqual(['send-referral-package']);
  const next = nextOf(page.json) ?? '';
  const mark = next.slice(next.indexOf(referral.order));
  const second = await rest.must(`GET ${mark}`);
  expect(shownIn(second.json).map(({ event }) => event)).toEqual(['send-acceptance']);
  expect(nextOf(second.json)).toBeUndefined();
});
