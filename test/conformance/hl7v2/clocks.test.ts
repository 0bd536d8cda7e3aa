/** Clocks that disagree: a time ahead of its receipt orders nothing and is told, and no right event is lost to it (rules 7.5). */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { listeningOf } from '../../../src/rails/hl7v2-mllp/settings.ts';
import { to } from '../../resources.ts';
import { administrator, resourcesOf, type Stored } from '../../world.ts';
import {
  accept,
  book,
  decline,
  FROM_TIDEWATER,
  larkspur,
  note,
  openExchange,
  outcome,
  request,
  stateOf,
  tidewater,
  type Exchange,
} from './exchange.ts';

let exchange: Exchange;
beforeEach(async () => {
  exchange = await openExchange();
});
afterEach(() => exchange.close());

/** DTM of so many seconds from now, by the server's clock. */
const inSeconds = (seconds: number): string =>
  `${new Date(exchange.clock.now + seconds * 1000).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}+0000`;
const FAR = '20991129081000-0500';

const dateOf = (text: unknown): number => Date.parse(String(text));
const isSound = ({ authoredOn, lastModified }: Stored): boolean =>
  lastModified === undefined || dateOf(lastModified) >= dateOf(authoredOn);

describe('(rules 7.5) MSH-7 ahead of the receipt', () => {
  test.each([
    ['years', FAR],
    ['an hour', 3600],
  ])('by %s orders nothing, is told, and later right events count', async (_name, at) => {
    const when = typeof at === 'string' ? at : inSeconds(at);
    await exchange.say(request({ at: 0, id: 'L-0' }));
    const ahead = await exchange.say(accept({ at: when, id: 'T-1' }));
    expect(ahead).toMatchObject({ fate: 'applied', code: 'AA' });
    expect(ahead.remarks).toContainEqual(expect.objectContaining({ location: 'MSH-7', severity: 'W' }));
    const next = await exchange.say(decline({ at: inSeconds(0), id: 'T-2' }));
    expect(next.fate).toBe('applied');
    expect(stateOf(await exchange.referral())).toBe('rejected 4.0');
  });

  test('is recorded nowhere as when it happened', async () => {
    await exchange.say(request({ at: 0, id: 'L-0' }));
    await exchange.say(accept({ at: FAR, id: 'T-1' }));
    await exchange.say(book({ at: FAR, id: 'T-2' }));
    await exchange.say(note({ at: FAR, id: 'T-3' }));
    const all = await Promise.all(
      ['Provenance', 'DocumentReference', 'Appointment', 'Task', 'ServiceRequest'].map((type) =>
        exchange.all(type),
      ),
    );
    expect(JSON.stringify(all)).not.toContain('2099');
  });

  test('within the tolerance orders as written, and nothing is said', async () => {
    await exchange.say(request({ at: 0, id: 'L-0' }));
    const { remarks } = await exchange.say(accept({ at: inSeconds(60), id: 'T-1' }));
    expect(remarks.filter(({ location }) => location === 'MSH-7')).toEqual([]);
    expect((await exchange.say(book({ at: inSeconds(120), id: 'T-2' }))).fate).toBe('applied');
    expect((await exchange.say(decline({ at: inSeconds(-3600), id: 'T-3' }))).fate).toBe('late');
  });

  test('a clock that was put right in between: a person is asked, and their word applies it', async () => {
    await exchange.say(request({ at: 0, id: 'L-0' }));
    await exchange.say(accept({ at: inSeconds(240), id: 'T-1' }));
    exchange.clock.now += 30_000;
    const next = await exchange.say(decline({ at: inSeconds(0), id: 'T-2' }));
    expect(next).toMatchObject({ fate: 'work-item', code: 'AA' });
    const [item] = await exchange.workItems();
    expect(item).toMatchObject({ kind: 'message-unfit', owner: 'Organization/larkspur' });
    const tried = await exchange.ask(larkspur, 'POST', `Task/${item?.task.id}/$replay-message`);
    expect(tried.status).toBe(200);
    expect(stateOf(await exchange.referral())).toBe('rejected 4.0');
    expect(await exchange.workItems()).toEqual([]);
  });

  test.each([
    ['a day alone', '20250314'],
    ['nothing', ''],
  ])('%s in MSH-7 orders nothing, and is told', async (_name, at) => {
    await exchange.say(request({ at: 0, id: 'L-0' }));
    await exchange.say(accept({ at: 10, id: 'T-1' }));
    const { fate, remarks } = await exchange.say(decline({ at, id: 'T-2' }));
    expect(fate).toBe('applied');
    expect(remarks).toContainEqual(expect.objectContaining({ location: 'MSH-7', severity: 'W' }));
  });
});

describe('(rules 7.5) what happened ahead of the receipt', () => {
  const orc9 = (message: string, time: string): string => message.replace('20250314090300-0500', time);

  test('ORC-9 a minute ahead is kept; every later move is stamped no earlier', async () => {
    await exchange.say(orc9(request({ at: inSeconds(60), id: 'L-0' }), inSeconds(60)));
    const told = [
      await exchange.say(accept({ at: inSeconds(1), id: 'T-1' })),
      await exchange.say(book({ at: inSeconds(2), id: 'T-2' })),
      await exchange.say(outcome({ at: inSeconds(3), id: 'T-3' })),
    ];
    expect(told.map(({ fate }) => fate)).toEqual(['applied', 'applied', 'applied']);
    expect(isSound(await exchange.referral())).toBe(true);
  });

  test('ORC-9 years ahead is left out and told; the order is authored when its message was', async () => {
    const { fate, remarks } = await exchange.say(orc9(request({ at: 0, id: 'L-0' }), FAR));
    expect(fate).toBe('applied');
    expect(remarks).toContainEqual(expect.objectContaining({ location: 'ORC-9', severity: 'W' }));
    expect((await exchange.referral())['authoredOn']).toBe('2025-03-14T09:00:00Z');
  });

  test('with MSH-7 as far ahead, the order is authored when it was received', async () => {
    await exchange.say(orc9(request({ at: FAR, id: 'L-0' }), FAR));
    expect((await exchange.referral())['authoredOn']).toBe(new Date(exchange.clock.now).toISOString());
  });
});

describe('times without an offset are in the zone of the link', () => {
  test('MSH-7 and ORC-9 are read there, ordered by it, and told', async () => {
    const chicago = { ...FROM_TIDEWATER, zone: 'America/Chicago' };
    await exchange.say(request({ at: 0, id: 'L-0' }));
    await exchange.say(accept({ at: 60, id: 'T-1' }));
    // Nine in Chicago is fourteen hours UTC, four hours after the acceptance.
    const { fate, remarks } = await exchange.say(decline({ at: '20250314090000', id: 'T-2' }), chicago);
    expect(fate).toBe('applied');
    expect(remarks).toContainEqual(expect.objectContaining({ location: 'MSH-7', severity: 'W' }));
  });

  test.each(['America/Chicgo', '+99:99', '', 5])('a link whose zone is %p is refused by name', (zone) => {
    const link = { name: 'l', zone, addresses: '127.0.0.1', senders: [], receivers: [] };
    expect(() => listeningOf({ links: [link] }, 'links.json')).toThrow(/links\.json\.links\[0\]\.zone/);
  });

  test.each(['America/Chicago', '-0600', '+05:30', 'Z', 'UTC'])('a link may be in %s', (zone) => {
    const link = { name: 'l', zone, addresses: '127.0.0.1', senders: [], receivers: [] };
    expect(listeningOf({ links: [link] }, 'links.json').links[0]?.link.zone).toBe(zone);
  });
});

describe('an order over FHIR whose clock runs ahead', () => {
  const order = async (seconds: number) => {
    const { id } = await exchange.create(larkspur, { resourceType: 'Patient', name: [{ family: 'Quill' }] });
    const written = {
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      authoredOn: new Date(exchange.clock.now + seconds * 1000).toISOString(),
      code: { text: 'Foot clinic' },
      subject: to(`Patient/${id}`),
      requester: to('Organization/larkspur'),
      performer: [to('Organization/tidewater')],
    };
    return exchange.ask(larkspur, 'POST', 'ServiceRequest', written);
  };
  const opened = async (): Promise<Stored> => {
    const [found] = resourcesOf(await exchange.bundle(administrator, 'Task?code=fulfill'));
    if (found === undefined) throw new Error('no Task was opened');
    return found;
  };

  test.each([60, 100 * 365 * 86_400])(
    'by %i seconds: its Task can be moved all the same',
    async (seconds) => {
      expect((await order(seconds)).status).toBe(201);
      const { id } = await opened();
      expect(isSound(await opened())).toBe(true);
      for (const status of ['accepted', 'completed']) {
        const patch = [{ op: 'replace', path: '/status', value: status }];
        expect((await exchange.ask(tidewater, 'PATCH', `Task/${id}`, patch)).status).toBe(200);
        expect(isSound(await opened())).toBe(true);
      }
    },
  );

  test('a Task that a client dates ahead itself is stamped no earlier', async () => {
    const open = {
      ...(await exchange.create(larkspur, { resourceType: 'Patient', name: [{ family: 'Quill' }] })),
    };
    const ahead = new Date(exchange.clock.now + 3_600_000).toISOString();
    const parties = { requester: to('Organization/larkspur'), subject: to(`Patient/${open.id}`) };
    const order = await exchange.create(larkspur, {
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      code: { text: 'Foot clinic' },
      ...parties,
    });
    const sent = await exchange.ask(larkspur, 'POST', 'Task', {
      resourceType: 'Task',
      status: 'requested',
      intent: 'order',
      code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
      focus: to(`ServiceRequest/${order.id}`),
      for: parties.subject,
      requester: parties.requester,
      owner: to('Organization/tidewater'),
      authoredOn: ahead,
    });
    expect(sent).toMatchObject({ status: 201, headers: { Warning: expect.stringContaining('authoredOn') } });
    const declines = [{ op: 'replace', path: '/status', value: 'rejected' }];
    const answer = await exchange.ask(tidewater, 'PATCH', `Task/${sent.json?.id ?? ''}`, declines);
    expect(answer.status).toBe(200);
    expect(isSound(answer.json as Stored)).toBe(true);
  });

  test.each([
    [60, false],
    [7200, true],
  ])('by %i seconds: told is %p', async (seconds, told) => {
    const { Warning = '' } = (await order(seconds)).headers;
    expect(Warning.includes('authoredOn is ahead')).toBe(told);
  });
});
