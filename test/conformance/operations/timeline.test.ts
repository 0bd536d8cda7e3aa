/** ServiceRequest/$timeline: one referral as both sides see it, with their own tokens (rules 8), by FHIR and by HL7 v2. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Bundle, Extension, Provenance } from '../../../src/fhir/types.ts';
import { STEP_URL } from '../../../src/operations/timeline/render.ts';
import { validateResource } from '../../../src/resources/validate.ts';
import * as make from '../../resources.ts';
import { refOf } from '../../world.ts';
import {
  accept as acceptance,
  larkspur,
  note,
  openExchange,
  outcome,
  outsider,
  request,
  tidewater,
  type Exchange,
} from '../hl7v2/exchange.ts';
import { openRest, type Rest } from '../rest/client.ts';

type Who = 'initiator' | 'recipient' | 'stranger' | 'administrator';

/** A step as a user interface reads it. */
interface Drawn {
  readonly kind: string | undefined;
  readonly tid: string | undefined;
  readonly event: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly who: string | undefined;
  readonly role: string | undefined;
  readonly types: string;
}

const provenances = (bundle: Bundle): readonly Provenance[] =>
  (bundle.entry ?? []).map(({ resource }) => resource as Provenance); // what a timeline holds

const partsOf = ({ extension = [] }: Provenance): readonly Extension[] =>
  extension.find(({ url }) => url === STEP_URL)?.extension ?? [];

function draw(step: Provenance): Drawn {
  const part = (url: string): string | undefined => {
    const found = partsOf(step).find((one) => one.url === url);
    return found?.valueCode ?? found?.valueString;
  };
  const [agent] = step.agent;
  return {
    kind: part('kind'),
    tid: part('tid'),
    event: part('event'),
    from: part('from'),
    to: part('to'),
    who: agent?.who?.reference,
    role: agent?.role?.[0]?.coding?.[0]?.code,
    types: step.target.map(({ reference }) => reference?.split('/')[0]).join(' '),
  };
}

const drawAll = (bundle: Bundle): readonly Drawn[] => provenances(bundle).map(draw);

describe('by FHIR', () => {
  let rest: Rest;
  let order: string;
  let task: string;

  beforeAll(async () => {
    rest = await openRest();
    const subject = refOf(await rest.create(make.patient()));
    order = refOf(
      await rest.create(
        make.serviceRequest({
          subject,
          requester: 'PractitionerRole/initiator',
          performer: 'PractitionerRole/recipient',
        }),
      ),
    );
    const { bundle } = await rest.must(`GET Task?focus=${order}`);
    task = `Task/${bundle.entry?.[0]?.resource?.id}`;
    const patch = (as: Who, ...operations: readonly object[]) =>
      rest.must(`PATCH ${task}`, { as, body: operations });
    const state = (value: string) => ({ op: 'replace', path: '/status', value });
    await patch('initiator', { op: 'add', path: '/note', value: [{ text: 'please hurry' }] });
    await patch('recipient', state('accepted'), { op: 'remove', path: '/businessStatus' });
    const visit = make.appointment(order, subject);
    await rest.create(visit, 'recipient');
    const output = { type: { text: 'Outcome' }, valueString: 'all well' };
    await patch(
      'recipient',
      state('completed'),
      { op: 'remove', path: '/businessStatus' },
      {
        op: 'add',
        path: '/output',
        value: [output],
      },
    );
  });
  afterAll(() => rest.close());

  /** Once everything that is to be told has been told. */
  const timeline = async (as: Who, query = ''): Promise<Bundle> => {
    for (let tries = 0; ; tries += 1) {
      const { bundle } = await rest.must(`GET ${order}/$timeline${query}`, { as });
      if (tries > 50 || !JSON.stringify(bundle).includes('"waiting"')) return bundle;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  test('each step has a name of its own, the same for both', async () => {
    const names = async (as: Who) => (await timeline(as)).entry?.map(({ fullUrl }) => fullUrl) ?? [];
    const [mine, theirs] = [await names('initiator'), await names('recipient')];
    expect(new Set(mine).size).toBe(mine.length);
    for (const name of mine) expect(name).toMatch(/^urn:uuid:[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/);
    expect(theirs.every((name) => mine.includes(name))).toBe(true);
  });

  test('each step: the move, the row, from where to where, by whom in which role', async () => {
    const [initiator, recipient] = ['Organization/initiator', 'Organization/recipient'];
    expect(drawAll(await timeline('initiator'))).toMatchObject([
      {
        kind: 'move',
        tid: '01',
        event: 'send-referral-package',
        to: 'received',
        who: initiator,
        role: 'initiator',
        types: 'ServiceRequest Task',
      },
      { kind: 'edit', tid: undefined, who: initiator, role: 'initiator', types: 'Task' },
      {
        kind: 'move',
        tid: '02',
        from: 'received',
        to: 'accepted',
        who: recipient,
        role: 'recipient',
        types: 'Task',
      },
      { kind: 'move', tid: '06', to: 'in-progress/5.1.1', who: recipient, types: 'Task Appointment' },
      { kind: 'move', tid: '16', to: 'completed', who: recipient, types: 'ServiceRequest Task' },
    ]);
  });

  test('both sides see the same steps, and nobody the other’s users', async () => {
    const [mine, theirs] = [await timeline('initiator'), await timeline('recipient')];
    expect(provenances(theirs)).toEqual(provenances(mine));
    expect(provenances(await timeline('administrator')).map(({ id }) => id)).toEqual(
      provenances(mine).map(({ id }) => id),
    );
    expect(JSON.stringify([mine, theirs])).not.toMatch(/subject-|client-/);
    for (const { target } of provenances(theirs))
      for (const { reference } of target) await rest.must(`GET ${reference}`, { as: 'recipient' });
  });

  test('who was told of a step, and what came of it', async () => {
    const told = provenances(await timeline('initiator')).map((step) =>
      partsOf(step)
        .filter(({ url }) => url === 'delivery')
        .map(({ extension = [] }) => [
          extension.find(({ url }) => url === 'to')?.valueReference?.reference,
          extension.find(({ url }) => url === 'fate')?.valueCode,
        ]),
    );
    expect(told[0]).toContainEqual(['Organization/recipient', 'accepted']);
    expect(told[1]).toEqual([]);
    expect(told.at(-1)).toContainEqual(['Organization/initiator', 'accepted']);
  });

  test('who sees no order sees no timeline', async () => {
    const { status, code } = await rest.send(`GET ${order}/$timeline`, { as: 'stranger' });
    expect([status, code]).toEqual([404, 'not-found']);
    expect((await rest.send('GET ServiceRequest/none/$timeline')).status).toBe(404);
  });

  test('each step is a sound Provenance, in the order of time', async () => {
    const steps = provenances(await timeline('initiator'));
    for (const step of steps) {
      const wrong = validateResource(JSON.parse(JSON.stringify(step)), { profiles: 'none' });
      expect(wrong.filter(({ severity = 'error' }) => severity === 'error')).toEqual([]);
      expect(step.activity?.text).toMatch(/\w/);
    }
    const times = steps.map(({ recorded }) => recorded);
    expect(times).toEqual(times.toSorted());
  });

  test.each([
    ['system/ServiceRequest.r system/Task.s', 'ServiceRequest Task'],
    ['system/ServiceRequest.r', 'ServiceRequest'],
  ])('with %s, of what the scopes give: %s', async (scope, types) => {
    const headers = { authorization: `Bearer ${await rest.sign({ scope })}` };
    const { bundle } = await rest.must(`GET ${order}/$timeline`, { headers });
    expect(drawAll(bundle)[0]?.types).toBe(types);
    expect(drawAll(bundle).some((one) => one.types.includes('Appointment'))).toBe(false);
  });

  test('not without the right to read the order', async () => {
    const headers = { authorization: `Bearer ${await rest.sign({ scope: 'system/Task.rs' })}` };
    expect((await rest.send(`GET ${order}/$timeline`, { headers })).code).toBe('scope-insufficient');
  });

  test.each([1, 2, 3])('pages of %d neither repeat nor miss a step', async (count) => {
    const whole = provenances(await timeline('recipient')).map(({ id }) => id);
    const seen: (string | undefined)[] = [];
    let next: string | undefined = `${order}/$timeline?_count=${count}`;
    while (next !== undefined) {
      const { bundle } = await rest.must(`GET ${next}`, { as: 'recipient' });
      expect(bundle.total).toBe(whole.length);
      seen.push(...provenances(bundle).map(({ id }) => id));
      next = bundle.link
        ?.find(({ relation }) => relation === 'next')
        ?.url.replace(/^.*?\/(?=ServiceRequest\/)/, '');
    }
    expect(seen).toEqual(whole);
  });

  test('reading it is one AuditEvent', async () => {
    await timeline('recipient');
    const { bundle } = await rest.must(`GET AuditEvent?entity=${order}&_count=1`, { as: 'recipient' });
    expect(JSON.stringify(bundle)).toContain(Buffer.from('$timeline').toString('base64'));
  });
});

describe('by HL7 v2', () => {
  let exchange: Exchange;
  beforeAll(async () => {
    exchange = await openExchange();
  });
  afterAll(() => exchange.close());

  test('messages with their fates, and work for whose it is alone', async () => {
    await exchange.say(request({ at: 0, id: 'L-1' }));
    const { focus } = await exchange.referral();
    const order = (focus as { reference: string }).reference;
    await exchange.say(acceptance({ at: 10, id: 'T-10' }));
    await exchange.say(note({ at: 20, id: 'T-20' }));
    await exchange.say(outcome({ at: 21, id: 'T-21' }));
    const mine = await exchange.bundle(larkspur, `${order}/$timeline`);
    const theirs = await exchange.bundle(tidewater, `${order}/$timeline`);
    const moves = (bundle: Bundle) => drawAll(bundle).filter(({ kind }) => kind === 'move');
    expect(moves(theirs)).toEqual(moves(mine));
    expect(moves(mine).map(({ to, who }) => [to, who])).toEqual([
      ['received', 'Organization/larkspur'],
      ['accepted', 'Organization/tidewater'],
      ['completed', 'Organization/tidewater'],
    ]);
    const fates = provenances(mine).flatMap((step) => partsOf(step).filter(({ url }) => url === 'fate'));
    expect(new Set(fates.map(({ valueCode }) => valueCode))).toEqual(new Set(['applied']));
    expect((await exchange.ask(outsider, 'GET', `${order}/$timeline`)).status).toBe(404);
  });
});
