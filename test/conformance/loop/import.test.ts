/** Referrals that run already are brought in by an administrator, in the state that they have (rules 1.16). */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../src/server/config.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import { createLog } from '../../../src/http/log.ts';
import { start, type Running } from '../../../src/server/compose.ts';
import { childEnv } from '../../child-env.ts';
import { endpoint, to } from '../../resources.ts';
import { initiatorLink, openWire, saysOf } from '../hl7v2-mllp/linked.ts';
import { clientOf, type Rest } from '../rest/client.ts';

const ROOT = join(import.meta.dirname, '../../..');
const CUSTODIAN = 'https://closeloop.dev/fhir/StructureDefinition/custodian';
const V2_0203 = 'http://terminology.hl7.org/CodeSystem/v2-0203';

const kept = (by: string) => ({ extension: [{ url: CUSTODIAN, valueReference: to(`Organization/${by}`) }] });

/** A referral that was accepted and has a visit, as another system had it. */
function running(
  id: string,
  more: { readonly task?: object; readonly order?: object } = {},
): readonly Resource[] {
  return [
    {
      resourceType: 'Patient',
      id: `${id}-patient`,
      meta: kept('initiator'),
      identifier: [
        {
          system: 'urn:oid:2.999.360.1.5',
          value: `MRN-${id}`,
          type: { coding: [{ system: V2_0203, code: 'MR' }] },
        },
      ],
      name: [{ family: 'Quill', given: ['Petra'] }],
      birthDate: '1966-11-03',
    },
    {
      resourceType: 'ServiceRequest',
      id: `${id}-order`,
      meta: kept('initiator'),
      identifier: [
        {
          system: 'urn:oid:2.999.360.1.15',
          value: `R-${id}`,
          type: { coding: [{ system: V2_0203, code: 'PLAC' }] },
        },
      ],
      status: 'active',
      intent: 'order',
      code: { text: 'Foot clinic' },
      subject: to(`Patient/${id}-patient`),
      authoredOn: '2026-09-01T10:00:00Z',
      requester: to('Organization/initiator'),
      performer: [to('Organization/recipient')],
      ...more.order,
    },
    {
      resourceType: 'Task',
      id: `${id}-task`,
      meta: kept('initiator'),
      status: 'in-progress',
      businessStatus: {
        coding: [{ system: 'http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS', code: '5.1.1' }],
      },
      intent: 'order',
      code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
      focus: to(`ServiceRequest/${id}-order`),
      for: to(`Patient/${id}-patient`),
      authoredOn: '2026-09-01T10:00:00Z',
      lastModified: '2026-09-05T08:00:00Z',
      requester: to('Organization/initiator'),
      owner: to('Organization/recipient'),
      ...more.task,
    },
    {
      resourceType: 'Appointment',
      id: `${id}-visit`,
      meta: kept('recipient'),
      status: 'booked',
      basedOn: [to(`ServiceRequest/${id}-order`)],
      start: '2026-12-07T09:00:00Z',
      end: '2026-12-07T09:30:00Z',
      participant: [{ actor: to(`Patient/${id}-patient`), status: 'accepted' }],
    },
  ];
}

const pastStep = (id: string, name: string, occurredDateTime: string): Resource => ({
  resourceType: 'Provenance',
  meta: kept('initiator'),
  target: [to(`ServiceRequest/${id}-order`), to(`Task/${id}-task`)],
  occurredDateTime,
  activity: { text: name },
});

const folder = mkdtempSync(join(tmpdir(), 'closeloop-import-'));
const dataDir = join(folder, 'data');
const links = join(folder, 'links.json');
const recipientLink = initiatorLink({
  name: 'recipient-engine',
  senders: [{ facility: '2.999.360.2', organization: 'Organization/recipient' }],
  receivers: [{ facility: '2.999.360.1', organization: 'Organization/initiator' }],
});
let imported: { readonly code: number; readonly text: string };
let inFile = 0;
const PARTLY = 'resources imported in one commit; the others are here already, and stay as they are\n';
let server: Running | undefined;
let client: Omit<Rest, 'server' | 'close'>;

function admin(...argv: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  return new Promise((resolve) => {
    const args = [
      join(ROOT, 'tools/admin.ts'),
      ...argv,
      '--demo',
      '--data-dir',
      dataDir,
      '--hl7-links',
      links,
    ];
    execFile(process.execPath, args, { env: childEnv() }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), text: `${out}${err}` }),
    );
  });
}

async function open(): Promise<Running> {
  const log = createLog(
    'error',
    () => undefined,
    () => Date.now(),
  );
  const argv = ['--demo', '--port', '0', '--data-dir', dataDir, '--hl7-links', links];
  server = await start(readConfig(argv, {}), log);
  client = await clientOf(server);
  return server;
}

async function close(): Promise<number> {
  const { seq } = server!.store.status();
  await server!.stop();
  return seq;
}

const names = ['initiator', 'recipient'];
const directory: readonly Resource[] = names.map((id) => ({
  resourceType: 'Organization',
  id,
  active: true,
  name: id,
}));
const steps = [
  pastStep('one', 'accepted', '2026-09-03T08:00:00Z'),
  pastStep('one', 'sent', '2026-09-01T10:00:00Z'),
];
const file = join(folder, 'running.ndjson');

beforeAll(async () => {
  writeFileSync(links, JSON.stringify([{ links: [initiatorLink(), recipientLink] }]));
  const all = [...directory, endpoint('recipient'), endpoint('initiator'), ...running('one'), ...steps];
  writeFileSync(file, all.map((one) => JSON.stringify(one)).join('\n'));
  inFile = all.length;
  imported = await admin('import', file);
  await open();
  for (const id of names)
    await client.must(`POST Organization/${id}/$admit`, {
      as: 'administrator',
      body: { resourceType: 'Parameters' },
    });
}, 60_000);
afterAll(async () => {
  await close();
  rmSync(folder, { recursive: true });
});

describe('by the command', () => {
  test('it says how much it imported', () => {
    expect(imported).toEqual({ code: 0, text: `${inFile} resources imported in one commit\n` });
  });

  test('the referral is there in its state, with its own dates, and each record is its custodian’s', async () => {
    const { json: task } = await client.must('GET Task/one-task', { as: 'recipient' });
    expect(task).toMatchObject({
      status: 'in-progress',
      businessStatus: { coding: [{ code: '5.1.1' }] },
      authoredOn: '2026-09-01T10:00:00Z',
      lastModified: '2026-09-05T08:00:00Z',
    });
    expect(JSON.stringify(task)).not.toContain(CUSTODIAN);
    const [visit, patient] = ['Appointment/one-visit', 'Patient/one-patient'] as const;
    expect((await server!.store.snapshot().read(visit, { everything: true }))?.custodian).toBe(
      'Organization/recipient',
    );
    expect((await server!.store.snapshot().read(patient, { everything: true }))?.custodian).toBe(
      'Organization/initiator',
    );
  });

  test('nobody is told, and no work item opens', async () => {
    expect(server!.store.status().outboxWaiting).toBe(0);
    const { bundle } = await client.must(
      'GET Task?code=https://closeloop.dev/fhir/CodeSystem/work-item|&_summary=count',
      { as: 'administrator' },
    );
    expect(bundle['total']).toBe(0);
  });

  test('the timeline begins with the steps of the past, in their order, recorded now by the administrator', async () => {
    const { bundle } = await client.must('GET ServiceRequest/one-order/$timeline', { as: 'initiator' });
    const told = (bundle.entry ?? []).map(({ resource }) => resource as Resource);
    expect(told.map((one) => one['occurredDateTime']).slice(0, 2)).toEqual([
      '2026-09-01T10:00:00Z',
      '2026-09-03T08:00:00Z',
    ]);
    expect(told[0]).toMatchObject({
      activity: { text: 'sent' },
      agent: [{ who: { display: 'Administrator' } }],
      entity: [
        { role: 'source', what: { identifier: { value: expect.stringMatching(/^running\.ndjson:\d+$/) } } },
      ],
    });
    expect(Date.parse(String(told[0]?.['recorded']))).toBeGreaterThan(Date.now() - 600_000);
    const urls = (bundle.entry ?? []).map(({ fullUrl }) => fullUrl);
    expect(new Set(urls).size).toBe(urls.length);
  });

  test('the same file again changes nothing, also when the referral has moved on', async () => {
    const { json: visit } = await client.must('GET Appointment/one-visit', { as: 'recipient' });
    await client.must('PUT Appointment/one-visit', { as: 'recipient', body: { ...visit, status: 'noshow' } });
    const before = await close();
    const ended = await admin('import', file);
    // Their organizations have become members since, which their Endpoints say.
    expect(ended).toEqual({ code: 0, text: `2 of ${inFile} ${PARTLY}` });
    const again = await admin('import', file);
    expect(again).toEqual({ code: 0, text: `Nothing changed: all ${inFile} resources are here already\n` });
    await open();
    expect(server!.store.status().seq).toBeLessThanOrEqual(before + 2);
    const { json: task } = await client.must('GET Task/one-task', { as: 'recipient' });
    expect(task).toMatchObject({ businessStatus: { coding: [{ code: '5.1.2' }] } });
  }, 60_000);

  test('a file of which a part is here already counts what is new', async () => {
    await close();
    const more = join(folder, 'more.ndjson');
    const all = [...running('one'), ...running('four').slice(0, 1)];
    writeFileSync(more, all.map((one) => JSON.stringify(one)).join('\n'));
    const ended = await admin('import', more);
    expect(ended).toEqual({ code: 0, text: `1 of ${all.length} ${PARTLY}` });
    await open();
  }, 60_000);

  test('the next message finds its referral by its number', async () => {
    const wire = await openWire(server!.mllp[0]!.port);
    const at = new Date().toISOString().replaceAll(/[-:T]|\..*/g, '');
    const message = [
      `MSH|^~\\&||^2.999.360.2^ISO||^2.999.360.1^ISO|${at}+0000||OSU^O51^OSU_O51|IMP-1|P|2.5.1|||||||||360X`,
      'PID|1||MRN-one^^^&2.999.360.1.5&ISO^MR||Quill^Petra^^^^^L||19661103|F',
      `ORC|CA|R-one^^2.999.360.1.15^ISO|||CA||||${at}+0000`,
    ].join('\r');
    const answer = await wire.ask(message.replace('ORC|CA', 'ORC|UA'));
    wire.close();
    expect(saysOf(answer)).toBe('AA IMP-1');
    const { json: task } = await client.must('GET Task/one-task', { as: 'initiator' });
    expect(task['status']).toBe('rejected');
  });

  test.each([
    ['no custodian', (one: Resource): Resource => ({ ...one, meta: {} }), 'field-missing'],
    [
      'a custodian that is not here',
      (one: Resource): Resource => ({ ...one, meta: kept('nobody') as never }),
      'reference-not-found',
    ],
  ])(
    '%s: nothing is imported, and the line says why',
    async (_what, change, code) => {
      await close();
      const faulty = join(folder, 'faulty.json');
      writeFileSync(faulty, JSON.stringify(running('faulty').map(change)));
      const ended = await admin('import', faulty);
      expect(ended).toEqual({ code: 1, text: expect.stringContaining(code) });
      await open();
      expect((await client.send('GET Patient/faulty-patient', { as: 'administrator' })).status).toBe(404);
    },
    60_000,
  );
});

describe('by a transaction of an administrator', () => {
  const transaction = (resources: readonly Resource[]): Resource => ({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: resources.map((resource) => ({
      resource,
      request: { method: 'PUT', url: `${resource.resourceType}/${String(resource.id)}` },
    })),
  });
  const as = 'administrator';

  test.each([
    ['received', '2.0', 'active'],
    ['accepted', '3.0', 'active'],
    ['rejected', '4.0', 'revoked'],
    ['in-progress', '5.1.4', 'active'],
    ['in-progress', '5.2', 'active'],
    ['cancelled', '6.0', 'revoked'],
    ['completed', '7.0', 'completed'],
  ])('a referral in %s %s, and its order is %s', async (status, code, orderStatus) => {
    const id = `tx-${code.replaceAll('.', '')}`;
    const coding = [{ system: 'http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS', code }];
    await client.must('POST ', {
      as,
      body: transaction(running(id, { task: { status, businessStatus: { coding } } })),
    });
    const { json: task } = await client.must(`GET Task/${id}-task`, { as: 'recipient' });
    expect(task).toMatchObject({
      status,
      businessStatus: { coding: [{ code }] },
      lastModified: '2026-09-05T08:00:00Z',
    });
    const { json: order } = await client.must(`GET ServiceRequest/${id}-order`, { as: 'initiator' });
    expect(order['status']).toBe(orderStatus);
    expect(server!.store.status().outboxWaiting).toBe(0);
  });

  test('a state that is none is refused, and the states are named', async () => {
    const faulty = running('bad', { task: { status: 'on-hold', businessStatus: undefined } });
    const answer = await client.send('POST ', { as, body: transaction(faulty) });
    expect([answer.status, answer.code]).toEqual([422, 'transition-not-allowed']);
    expect(answer.text).toContain('accepted (3.0)');
  });

  test('whoever is no administrator cannot bring a Task in a state of its own', async () => {
    const answer = await client.send('POST ', { as: 'initiator', body: transaction(running('mine')) });
    expect(answer.status).toBeGreaterThanOrEqual(400);
  });

  test('an administrator who acts for an organization makes moves like it', async () => {
    const body = transaction(running('for'));
    const answer = await client.send('POST ', { as: 'administrator for initiator', body });
    expect(answer.status).toBe(422);
  });
});
