/** An incident from its report to its end: what the audit finds, the clocks of the law, reminders, and the assessment. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { remindOfIncidents } from '../../../src/operations/incidents/reminders.ts';
import type { AuditEntry } from '../../../src/ports/audit.ts';
import { EVERYTHING } from '../../../src/ports/query.ts';
import { WORK_ITEM_SYSTEM } from '../../../src/resources/work-item-code.ts';
import { agreement } from '../../agreements.ts';
import { buildWrite } from '../../contract/delivery-world.ts';
import * as make from '../../resources.ts';
import { administrator, callerOf, openWorld, refOf, resourcesOf, type World } from '../../world.ts';
import { AUDIT_ROW } from '../../audit-row.ts';

const A: Ref = 'Organization/initiator';
const VENDOR: Ref = 'Organization/billing';
const DAY = 86_400_000;
const START = Date.parse('2026-06-01T08:00:00Z');
const clock = { at: START, now: () => clock.at };
const officer = callerOf('initiator', {
  serverScopes: ['closeloop/compliance'],
  user: 'Practitioner/officer',
});

let world: World;
let own: Ref;
let others: Ref;
beforeAll(async () => {
  world = await openWorld({ store: { clock }, engine: { clock } });
  await world.seedDirectory('initiator', 'billing', 'stranger');
  own = refOf(await world.create(callerOf('initiator'), make.patient()));
  others = refOf(await world.create(callerOf('stranger'), make.patient()));
  const contract = { id: 'billing', principal: A, associate: VENDOR };
  await put('Contract/billing', agreement(contract));
  await deliver('1-0', 'Patient/before');
  clock.at += DAY;
  const reason = { code: 'material-breach', effective: '2026-06-01' } as const;
  await put('Contract/billing', agreement({ ...contract, status: 'revoked', reason }));
  for (const [entry, patient] of [
    ['2-0', 'Patient/one'],
    ['3-0', 'Patient/two'],
    ['4-0', 'Patient/two'],
  ] as const) {
    clock.at += DAY;
    await deliver(entry, patient);
  }
  await deliver('5-0', 'Patient/three', { outcome: '4', issue: 'agreement-not-active' });
  await deliver('6-0', 'Patient/four', {}, 'Organization/stranger');
  clock.at += DAY;
});
afterAll(() => world.close());

const ROW: AuditEntry = { ...AUDIT_ROW, event: 'deliver', action: 'R', viewers: [A] };

/** A resource as it stands in the store, whatever led there. */
async function put(ref: Ref, resource: Resource): Promise<void> {
  const current = await world.store.snapshot().read(ref, EVERYTHING);
  const text = JSON.stringify({ ...resource, id: ref.split('/')[1] });
  await world.store.commit({
    writes: [{ ...buildWrite(ref, current?.seq ?? 0, text), custodian: A }],
    preconditions: [],
    expects: [],
    audit: [{ ...ROW, event: 'update', action: 'U' }],
    outbox: [],
    deliveryOutcomes: [],
  });
}

const deliver = (entry: string, patient: Ref, more: Partial<AuditEntry> = {}, to: Ref = VENDOR) =>
  world.store.record({
    ...ROW,
    entities: [`${patient}/_history/1`],
    patients: [patient],
    delivery: { entry, rail: 'capture', receiver: 'Endpoint/e', attempts: 1, from: A, to },
    ...more,
  });

const instant = (ms: number): string => new Date(ms).toISOString();

interface Part {
  readonly name: string;
  readonly part?: readonly Part[];
  readonly [value: string]: unknown;
}
const valueOf = ({ part, ...one }: Part): unknown =>
  part === undefined
    ? Object.entries(one).find(([name]) => name.startsWith('value'))?.[1]
    : Object.fromEntries(part.map((one) => [one.name, valueOf(one)]));

/** Parameters, each by its name with `value[x]`; a list is given several times. */
const asParameters = (given: Readonly<Record<string, object | readonly object[]>>) => ({
  resourceType: 'Parameters',
  parameter: Object.entries(given).flatMap(([name, value]) =>
    [value].flat().map((one) => ({ name, ...one })),
  ),
});

type Given = Parameters<typeof asParameters>[0];
const WHAT = { valueString: 'Files were sent after the agreement had ended.' };
const reporting = (given: Given, who = officer) =>
  world.ask(who, 'POST', `${A}/$report-incident`, asParameters({ what: WHAT, ...given }));
const assessing = (incident: Ref, given: Given, who = officer) =>
  world.ask(who, 'POST', `${incident}/$assess-incident`, asParameters(given));
const discoveredNow = () => ({ discovered: { valueInstant: instant(clock.at) } });
const vendor = { vendor: { valueReference: { reference: VENDOR } } };

/** The work item that an answer names. */
function incidentIn(json: Resource | undefined): Ref {
  const [first] = (json?.['parameter'] ?? []) as readonly { valueReference?: { reference?: string } }[];
  return (first?.valueReference?.reference ?? 'Task/none') as Ref;
}

/** Opens an incident, and what the answer says of it. */
async function report(given: Given) {
  const { status, json } = await reporting(given);
  expect(status).toBe(200);
  const parts = (json?.['parameter'] ?? []) as readonly Part[];
  const of = (name: string) => parts.filter((one) => one.name === name).map(valueOf);
  const [{ reference }] = of('incident') as [{ reference: Ref }];
  const clocks = of('clock') as readonly { tells: string; by: string }[];
  return {
    incident: reference,
    patients: of('patients')[0],
    deliveries: of('deliveries')[0],
    clocks: Object.fromEntries(clocks.map(({ tells, by }) => [tells, by])),
  };
}
const read = async (ref: Ref): Promise<Resource> =>
  (await world.ask(officer, 'GET', ref)).json ?? { resourceType: 'Basic' };
const reminders = async (status = 'requested'): Promise<readonly Resource[]> => {
  const { json } = await world.ask(
    officer,
    'GET',
    `Task?code=${WORK_ITEM_SYSTEM}|incident-clock&status=${status}&_count=100`,
  );
  return resourcesOf(json as never);
};
const remind = () =>
  remindOfIncidents(
    {
      store: world.store,
      clock,
      newId: randomUUID,
      selectRecipients: async () => [],
      committed: () => undefined,
    },
    new AbortController().signal,
  );
/** The codes of the vendor's risk. */
async function riskRows(): Promise<string> {
  const { json } = await world.ask(officer, 'GET', `${A}/$vendor-register`);
  return JSON.stringify(json?.['parameter'] ?? []);
}
const NO_BREACH = { result: { valueCode: 'no-breach' }, note: { valueString: 'Nobody opened it.' } };
const BREACH = { result: { valueCode: 'breach' }, note: { valueString: 'The files were opened.' } };
const told = (...whom: readonly string[]) => ({
  told: whom.map((code) => ({ part: [{ name: 'whom', valueCode: code }] })),
});

describe('(baa-messaging VR7) a report', () => {
  test('finds the three deliveries that reached a vendor whose agreement was revoked, and whom they are about', async () => {
    const { incident, patients, deliveries, clocks } = await report({ ...discoveredNow(), ...vendor });
    expect([patients, deliveries]).toEqual([2, 3]);
    expect(Object.keys(clocks)).toEqual(['individuals', 'secretary', 'covered-entity']);
    expect(clocks['individuals']).toBe(instant(clock.at + 60 * DAY));
    expect(clocks['secretary']).toBe('2027-03-02T00:00:00.000Z');
    const item = await read(incident);
    expect(item).toMatchObject({
      status: 'requested',
      description: WHAT.valueString,
      owner: { reference: A },
      restriction: { period: { end: Object.values(clocks).toSorted()[0] } },
    });
    const inputs = (item['input'] as readonly { type: { text?: string }; valueString?: string }[]).filter(
      ({ valueString }) => valueString !== undefined,
    );
    expect(inputs.map(({ valueString }) => valueString)).toEqual([
      'Patient/one',
      'Patient/two',
      '2-0',
      '3-0',
      '4-0',
    ]);
    expect(await riskRows()).toContain('open-incident');
    expect((await assessing(incident, NO_BREACH)).status).toBe(200);
    expect(await riskRows()).not.toContain('open-incident');
  });

  test('with a period has everything that reached the vendor in it', async () => {
    const period = { from: { valueDateTime: instant(START - DAY) } };
    const { incident, patients, deliveries } = await report({ ...discoveredNow(), ...vendor, ...period });
    expect([patients, deliveries]).toEqual([3, 4]);
    await assessing(incident, NO_BREACH);
  });

  test('is added to, with an earlier discovery and what was found since', async () => {
    const first = await report({ ...discoveredNow(), patient: { valueReference: { reference: own } } });
    expect([first.patients, first.deliveries]).toEqual([1, 0]);
    const before = clock.at - DAY;
    const more = await report({
      incident: { valueReference: { reference: first.incident } },
      discovered: { valueInstant: instant(before) },
      delivery: [{ valueString: '2-0' }, { valueString: '6-0' }],
      ...vendor,
      from: { valueDateTime: instant(clock.at) },
    });
    expect(more).toMatchObject({ incident: first.incident, patients: 3, deliveries: 2 });
    expect(more.clocks['individuals']).toBe(instant(before + 60 * DAY));
    await assessing(first.incident, NO_BREACH);
  });

  test.each<[string, Given, string]>([
    ['a discovery to come', { discovered: { valueInstant: '2030-01-01T00:00:00Z' } }, 'parameter-invalid'],
    ['no discovery', {}, 'field-missing'],
    ['no words', { what: { valueString: ' ' } }, 'parameter-invalid'],
    ['a delivery that is not its own', { delivery: { valueString: '99-0' } }, 'parameter-invalid'],
    [
      'a vendor that is none',
      { vendor: { valueReference: { reference: 'Patient/x' } } },
      'parameter-invalid',
    ],
    [
      'a vendor that is not here',
      { vendor: { valueReference: { reference: 'Organization/x' } } },
      'reference-not-found',
    ],
    ['a Task that is no incident', { incident: { valueReference: { reference: 'Task/x' } } }, 'not-found'],
  ])('is refused with %s', async (name, given, code) => {
    const dated = name.includes('discovery') ? {} : { discovered: { valueInstant: instant(START) } };
    expect((await reporting({ ...dated, ...given })).code).toBe(code);
  });

  test('that is sent again opens nothing again, and has the same answer', async () => {
    const given = asParameters({ what: WHAT, ...discoveredNow(), ...vendor });
    const again = () =>
      world.ask(officer, 'POST', `${A}/$report-incident`, given, { idempotencyKey: 'report-1' });
    const [first, second] = [await again(), await again()];
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.json).toEqual(first.json);
    await assessing(incidentIn(first.json), NO_BREACH);
    const open = await world.ask(officer, 'GET', `Task?code=${WORK_ITEM_SYSTEM}|incident&status=requested`);
    expect(resourcesOf(open.json as never)).toEqual([]);
  });

  test('needs the role of a compliance officer, who has logged in a short while ago', async () => {
    const as = (role: 'compliance' | 'coordinator', authenticatedAt: number) => ({
      ...officer,
      roles: [role],
      authenticatedAt,
    });
    expect((await reporting(discoveredNow(), as('coordinator', clock.at))).code).toBe('role-insufficient');
    expect((await reporting(discoveredNow(), as('compliance', clock.at - DAY))).code).toBe('step-up-needed');
    const { status, json } = await reporting(discoveredNow(), as('compliance', clock.at));
    expect(status).toBe(200);
    const incident = incidentIn(json);
    expect((await world.ask(as('compliance', clock.at), 'GET', incident)).status).toBe(200);
    expect((await assessing(incident, NO_BREACH, as('compliance', clock.at - DAY))).code).toBe(
      'step-up-needed',
    );
    expect((await assessing(incident, NO_BREACH, as('compliance', clock.at))).status).toBe(200);
  });

  test('is for the compliance officer of that organization, about its own patients', async () => {
    const patient = { patient: { valueReference: { reference: others } } };
    expect((await reporting({ ...discoveredNow(), ...patient })).code).toBe('reference-not-found');
    expect((await reporting(discoveredNow(), callerOf('initiator'))).code).toBe('scope-insufficient');
    const stranger = callerOf('stranger', { serverScopes: ['closeloop/compliance'], user: 'Practitioner/s' });
    expect((await reporting(discoveredNow(), stranger)).code).toBe('scope-insufficient');
    const { incident } = await report(discoveredNow());
    expect((await assessing(incident, NO_BREACH, stranger)).code).toBe('not-found');
    expect((await world.ask(stranger, 'GET', incident)).status).toBe(404);
    await assessing(incident, NO_BREACH);
  });
});

describe('(baa-messaging VR7) the boundary of 500', () => {
  /** A delivery about so many patients whom nobody has an address of. */
  const about = async (entry: string, count: number) => {
    const patients = Array.from({ length: count }, (_, at): Ref => `Patient/${entry}-${at}`);
    await deliver(entry, 'Patient/x', { patients });
    clock.at += 1000;
    return { ...discoveredNow(), delivery: { valueString: entry } };
  };
  const SAME = () => instant(clock.at + 60 * DAY);

  test.each([
    [499, '2027-03-02T00:00:00.000Z', false],
    [500, 'same', false],
    [501, 'same', true],
  ] as const)('of %i individuals the Secretary is told by %s', async (count, by, media) => {
    const { incident, patients, clocks } = await report(await about(`10${count}-0`, count));
    expect(patients).toBe(count);
    expect(clocks['secretary']).toBe(by === 'same' ? SAME() : by);
    expect('media' in clocks).toBe(media);
    await assessing(incident, NO_BREACH);
  });

  test('of 501 who do not live in one state, no media are told', async () => {
    const live = async (state: string) =>
      refOf(await world.create(callerOf('initiator'), make.patient({ address: [{ state }] })));
    const given = await about('2000-0', 499);
    const patients = [await live('MA'), await live('NH')];
    const both = patients.map((reference) => ({ valueReference: { reference } }));
    const { incident, patients: count, clocks } = await report({ ...given, patient: both });
    expect([count, 'media' in clocks]).toEqual([501, false]);
    const more = await report({
      ...discoveredNow(),
      incident: { valueReference: { reference: incident } },
      patient: { valueReference: { reference: await live(' ma ') } },
    });
    expect([more.patients, 'media' in more.clocks]).toEqual([502, true]);
    await assessing(incident, NO_BREACH);
  });
});

describe('(baa-messaging VR7) from the first day to the last', () => {
  test('each clock reminds once 30, 10 and 3 days ahead, until it was told', async () => {
    for (const item of await reminders()) expect(item).toBeUndefined();
    const opened = clock.at;
    const { incident } = await report({
      ...discoveredNow(),
      patient: { valueReference: { reference: own } },
    });
    await remind();
    const mine = async (status?: string) =>
      (await reminders(status)).filter(
        ({ focus }) => (focus as { reference?: string }).reference === incident,
      );
    expect(await mine()).toEqual([]);
    for (const [days, count] of [
      [30, 1],
      [10, 2],
      [3, 3],
    ] as const) {
      clock.at = opened + (60 - days) * DAY - 1;
      await remind();
      expect(await mine()).toHaveLength(count - 1);
      clock.at += 1;
      for (let run = 0; run < 3; run += 1) await remind();
      expect(await mine()).toHaveLength(count);
    }
    expect((await mine()).map((item) => item['owner'])).toEqual(Array(3).fill({ reference: A }));
    expect((await assessing(incident, BREACH)).json).toMatchObject({
      parameter: [
        { name: 'status', valueCode: 'in-progress' },
        { name: 'open', valueCode: 'individuals' },
        { name: 'open', valueCode: 'secretary' },
      ],
    });
    expect((await assessing(incident, told('individuals'))).json).toMatchObject({
      parameter: [
        { name: 'status', valueCode: 'in-progress' },
        { name: 'open', valueCode: 'secretary' },
      ],
    });
    expect([await mine(), (await mine('completed')).length]).toEqual([[], 3]);
    await remind();
    expect(await mine()).toEqual([]);
    expect((await assessing(incident, told('secretary'))).json).toMatchObject({
      parameter: [{ name: 'status', valueCode: 'completed' }],
    });
    expect(await read(incident)).toMatchObject({
      status: 'completed',
      output: [{ valueCode: 'breach' }, {}, {}, {}],
    });
    const rows = await world.store.snapshot().audit({ viewer: A, names: [incident], count: 100 });
    const events = rows.map(({ entry }) => entry.event).filter((event) => event.startsWith('incident-'));
    expect(events.toSorted()).toEqual([
      'incident-assessed',
      'incident-assessed',
      'incident-assessed',
      'incident-reported',
    ]);
  });

  test('nobody ends an incident but by its assessment, and nobody deletes it', async () => {
    const { incident } = await report(discoveredNow());
    const item = await read(incident);
    for (const who of [officer, callerOf('initiator'), administrator]) {
      expect((await world.ask(who, 'PUT', incident, { ...item, status: 'completed' })).code).toBe(
        'field-frozen',
      );
      expect((await world.ask(who, 'DELETE', incident)).code).toBe('deletion-refused');
    }
    const given = async (more: Given, who = officer) => (await assessing(incident, more, who)).code;
    expect(await given({})).toBe('field-missing');
    expect(await given({ result: { valueCode: 'breach' } })).toBe('field-missing');
    expect(await given({ ...NO_BREACH, result: { valueCode: 'nothing' } })).toBe('parameter-invalid');
    expect(await given(told('individuals'))).toBe('parameter-invalid');
    expect(await given({ ...BREACH, ...told('covered-entity') })).toBe('parameter-invalid');
    expect(await given(NO_BREACH, { ...officer, user: undefined })).toBe('scope-insufficient');
    expect(await given(NO_BREACH)).toBeUndefined();
    expect(await given(NO_BREACH)).toBe('field-frozen');
    expect(
      (await reporting({ ...discoveredNow(), incident: { valueReference: { reference: incident } } })).code,
    ).toBe('field-frozen');
  });

  test('one that the server found keeps what it lists, and has clocks when somebody says when it was discovered', async () => {
    await put('Task/found', {
      resourceType: 'Task',
      status: 'requested',
      intent: 'order',
      code: { coding: [{ system: WORK_ITEM_SYSTEM, code: 'incident' }] },
      owner: { reference: A },
      input: [{ type: { text: 'Delivery' }, valueString: 'Task/1/_history/12 to Endpoint/e' }],
    });
    expect((await assessing('Task/found', BREACH)).code).toBe('field-missing');
    const incident = { valueReference: { reference: 'Task/found' } };
    expect((await reporting({ incident })).code).toBe('field-missing');
    const { clocks } = await report({ incident, ...discoveredNow() });
    expect(Object.keys(clocks)).toEqual(['individuals', 'secretary']);
    expect(JSON.stringify(await read('Task/found'))).toContain('Task/1/_history/12 to Endpoint/e');
    expect((await assessing('Task/found', BREACH)).status).toBe(200);
  });
});
