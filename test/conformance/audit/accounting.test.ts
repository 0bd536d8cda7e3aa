/** The accounting of disclosures and the report of accesses (audit-compliance AU20 to AU27, AU35; 45 CFR 164.528). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Bundle, Ref, Resource } from '../../../src/fhir/types.ts';
import { ACCOUNTING } from '../../../src/policies/accounting.ts';
import type { AuditEntry } from '../../../src/ports/store.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { refOf } from '../../world.ts';

const KEEPER = 'Organization/initiator';
let server: TestServer;
let patient: Ref;
let officer: Readonly<Record<string, string>>;

beforeAll(async () => {
  server = await openServer();
  patient = refOf(await server.create('initiator', make.patient()));
  officer = await tokenOf({ scope: 'system/*.cruds closeloop/privacy closeloop/compliance' });
});
afterAll(() => server.close());

async function tokenOf(more: {
  readonly scope: string;
  readonly patient?: string;
  readonly claims?: object;
}) {
  const asked = { subject: 'officer', client: 'ehr', organization: KEEPER, ...more };
  const token = await server.running.devIssuer?.sign(asked as never); // the claims of a demonstration
  return { authorization: `Bearer ${token ?? ''}` };
}

const ask = (query: string, headers = officer, about: Ref = patient) =>
  server.ask('initiator', 'GET', `${about}/$accounting-of-disclosures${query}`, undefined, { headers });

type Line = Readonly<Record<string, string | number | undefined>>;
interface Part {
  readonly name: string;
  readonly valueString?: string;
  readonly valueInteger?: number;
  readonly part?: readonly Part[];
  readonly resource?: Resource;
}
const partsOf = (json: Resource): readonly Part[] => (json['parameter'] ?? []) as readonly Part[]; // Parameters
const linesOf = (json: Resource, named = 'disclosure'): readonly Line[] =>
  partsOf(json)
    .filter(({ name }) => name === named)
    .map(({ part = [] }) =>
      Object.fromEntries(
        part.map(({ name, valueString, valueInteger }) => [name, valueString ?? valueInteger]),
      ),
    );

/** A row as one of these disclosures leaves it. */
const rowOf = (more: Partial<AuditEntry>): AuditEntry => ({
  event: 'deliver',
  action: 'R',
  outcome: '0',
  agent: { organization: '', client: 'closeloop', subject: '' },
  requestId: '',
  entities: [],
  patients: [patient],
  viewers: [KEEPER],
  ...more,
});
const delivered = (entry: string, to: Ref, more: Partial<AuditEntry>): AuditEntry =>
  rowOf({
    entities: [`${patient}/_history/1`, 'Endpoint/e'],
    delivery: { entry, rail: 'capture', receiver: 'Endpoint/e', attempts: 1, from: KEEPER, to },
    ...more,
  });

async function newPatient(): Promise<Ref> {
  const ref = refOf(await server.create('initiator', make.patient()));
  patient = ref;
  return ref;
}

describe('(audit-compliance AU22) (audit-compliance AU23) each basis', () => {
  test('is listed where the law owes it, and there alone', async () => {
    await newPatient();
    for (const [at, basis] of Object.keys(ACCOUNTING).entries())
      await server.running.store.record(
        rowOf({
          event: 'disclose-elsewhere',
          elsewhere: { at: '2026-03-02', recipient: `R ${at} ${basis}`, what: 'a report', basis },
        }),
      );
    const owed = Object.entries(ACCOUNTING)
      .filter(([, row]) => !('leftOutBy' in row))
      .map(([basis]) => basis);
    const told = linesOf((await ask('')).json).map(({ recipient }) => String(recipient).split(' ')[2]);
    expect(new Set(told)).toEqual(new Set(owed));
    // Those of 45 CFR 164.528(a)(1) (i), (ii), (iv), (v), (vii) and (viii) are not owed.
    const all = linesOf((await ask('?scope=all')).json);
    expect(all).toHaveLength(Object.keys(ACCOUNTING).length);
    const treatment = all.find(({ recipient }) => recipient === 'R 1 treatment');
    expect(treatment?.['owed']).toBe('not owed: 45 CFR 164.528(a)(1)(i)');
  });

  test('of Part 2 is what went with a statement, three years back', async () => {
    const about = await newPatient();
    await server.running.store.record(
      delivered('900-1', 'Organization/recipient', { basis: 'treatment', notice: 1 }),
    );
    await server.running.store.record(delivered('900-2', 'Organization/recipient', { basis: 'treatment' }));
    expect(linesOf((await ask('?scope=part2', officer, about)).json).map(({ times }) => times)).toEqual([1]);
    expect(linesOf((await ask('', officer, about)).json)).toEqual([]);
    expect((await ask('?scope=part2&from=2020-01-01')).code).toBe('parameter-invalid');
  });
});

describe('(audit-compliance AU21) a line', () => {
  test('has date, name and address as they were then, what was told and why; forty reports are one line', async () => {
    await newPatient();
    const county = await server.create('administrator', {
      resourceType: 'Organization',
      name: 'County Health Department',
      address: [{ line: ['1 Main St'], city: 'Elm', state: 'OH', postalCode: '44000' }],
    });
    const report = { basis: 'public-health' } as const;
    for (let i = 0; i < 40; i += 1)
      await server.running.store.record(delivered(`${i}-0`, refOf(county), report));
    await server.ask('administrator', 'PUT', refOf(county), {
      ...county,
      name: 'County Health Agency',
      address: [],
    });
    const today = new Date().toISOString().slice(0, 10);
    expect(linesOf((await ask('')).json)).toEqual([
      {
        on: today,
        recipient: 'County Health Department',
        address: '1 Main St, Elm, OH 44000',
        what: 'patient',
        why: 'report to public health',
        times: 40,
        last: today,
        owed: 'owed by 45 CFR 164.528(a)(1)',
      },
    ]);
  });

  test('(audit-compliance AU20) is the same as parameters, in a sheet and in a letter', async () => {
    await server.running.store.record(
      rowOf({
        event: 'disclose-elsewhere',
        elsewhere: {
          at: '2026-02-01',
          recipient: '=Police & <Co>',
          what: 'a note',
          basis: 'law-enforcement',
          law: 's. 120',
        },
      }),
    );
    const [line = {}] = linesOf((await ask('')).json).filter(({ recipient }) =>
      String(recipient).includes('Police'),
    );
    const raw = async (query: string, accept: string) => {
      const url = `http://127.0.0.1:${server.running.port}/fhir/${patient}/$accounting-of-disclosures${query}`;
      const response = await fetch(url, { headers: { ...officer, accept } });
      return { headers: Object.fromEntries(response.headers), text: await response.text() };
    };
    const csv = await raw('?as=csv', 'text/csv');
    expect(csv.headers['content-type']).toContain('text/csv');
    expect(csv.text).toContain(
      `2026-02-01,'=Police & <Co>,,a note,for a law enforcement purpose (s. 120),1,2026-02-01,`,
    );
    // A browser asks by _format, by name or by the whole type.
    for (const format of ['csv', 'text/csv', 'text%2Fcsv'])
      expect((await raw(`?as=csv&_format=${format}`, '*/*')).text).toBe(csv.text);
    expect((await raw('?as=csv&_format=json', 'text/csv')).text).toMatch(/^\{"resourceType":"Parameters"/);
    for (const [query, accept] of [
      ['?as=csv&_format=pdf', '*/*'],
      ['?as=csv&_format=fhir', '*/*'],
    ] as const)
      expect((await raw(query, accept)).text).toMatch(/not-acceptable.*This address gives text\/csv/);
    const letter = await raw('', 'text/html');
    expect(letter.headers['content-type']).toContain('text/html');
    expect(letter.text).toContain(
      `2026-02-01 · =Police &amp; &lt;Co&gt; · ${String(line['what'])} · ${String(line['why'])}`,
    );
    expect(letter.headers['content-security-policy']).toContain("default-src 'none'");
    const bundle = partsOf((await ask('')).json).find(({ name }) => name === 'events')
      ?.resource as unknown as Bundle;
    expect(bundle.entry).toHaveLength(41);
  });
});

test('(audit-compliance AU21) the first disclosure of a line is the first that was made, not the first that was entered', async () => {
  await newPatient();
  for (const [at, what] of [
    ['2026-05-05', 'the later report'],
    ['2026-01-05', 'the first report'],
  ] as const)
    await server.running.store.record(
      rowOf({
        event: 'disclose-elsewhere',
        elsewhere: { at, recipient: 'County', what, basis: 'public-health' },
      }),
    );
  expect(linesOf((await ask('')).json)).toMatchObject([
    { on: '2026-01-05', what: 'the first report', times: 2, last: '2026-05-05' },
  ]);
});

describe('(audit-compliance AU27) what never arrived', () => {
  test('is not listed, and what was sent twice is listed once', async () => {
    await newPatient();
    const report = { basis: 'public-health' } as const;
    const { store } = server.running;
    await store.record(
      delivered('1-0', 'Organization/recipient', { ...report, outcome: '4', issue: 'disclosure-denied' }),
    );
    await store.record(
      delivered('2-0', 'Organization/recipient', { ...report, outcome: '8', issue: 'delivery-failed' }),
    );
    expect(linesOf((await ask('?scope=all')).json)).toEqual([]);
    await store.record(delivered('3-0', 'Organization/recipient', report));
    await store.record(delivered('3-0', 'Organization/recipient', report));
    expect(linesOf((await ask('')).json).map(({ times }) => times)).toEqual([1]);
  });

  test('a delivery of a real referral, and what its recipient read, are treatment', async () => {
    const about = await newPatient();
    const order = make.serviceRequest({
      subject: about,
      requester: 'PractitionerRole/initiator',
      performer: 'Organization/recipient',
      placer: 'ACC-1',
    });
    const { link = 'Task/0' } = await server.ask('initiator', 'POST', 'ServiceRequest', order);
    await server.sentTo('recipient', link, 1);
    await server.read('recipient', about);
    for (const end = Date.now() + 5000; Date.now() < end;) {
      const [line] = linesOf((await ask('?scope=all')).json);
      if (line?.['times'] === 2) break;
    }
    expect(
      linesOf((await ask('?scope=all')).json).map(({ recipient, why, times }) => [recipient, why, times]),
    ).toEqual([[expect.any(String), 'treatment', 2]]);
    expect(linesOf((await ask('')).json)).toEqual([]);
  });
});

describe('(audit-compliance AU24) a suspension', () => {
  const DAY = 86_400_000;
  const day = (ms: number): string => new Date(ms).toISOString();
  const statement = (code: string, start: number, end: number | undefined, agency: string): Resource =>
    ({
      resourceType: 'DocumentReference',
      status: 'current',
      type: { coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/accounting-suspension', code }] },
      subject: { reference: patient },
      author: [{ display: agency }],
      content: [{ attachment: { title: 'Statement' } }],
      context: { period: { start: day(start), ...(end !== undefined && { end: day(end) }) } },
    }) as Resource;

  test.each<[string, string, number, number | undefined, boolean]>([
    ['written, in its time', 'written', -DAY, DAY, true],
    ['written, over', 'written', -3 * DAY, -DAY, false],
    ['written, not yet', 'written', DAY, 2 * DAY, false],
    ['written without an end', 'written', -DAY, undefined, false],
    ['oral', 'oral', -29 * DAY, undefined, true],
    ['oral, after thirty days', 'oral', -31 * DAY, undefined, false],
    ['oral, after thirty days, whatever its end', 'oral', -31 * DAY, DAY, false],
  ])('%s', async (_says, code, start, end, isHidden) => {
    await newPatient();
    const seized = { at: '2026-02-01', recipient: 'Bureau', what: 'a chart' };
    const { store } = server.running;
    await store.record(
      rowOf({ event: 'disclose-elsewhere', elsewhere: { ...seized, basis: 'law-enforcement' } }),
    );
    await store.record(
      rowOf({ event: 'disclose-elsewhere', elsewhere: { ...seized, basis: 'public-health' } }),
    );
    const before = linesOf((await ask('')).json);
    const now = Date.now();
    await server.create('initiator', statement(code, now + start, end && now + end, 'Bureau'));
    const after = await ask('?scope=all');
    expect([before.length, linesOf(after.json).length]).toEqual([2, isHidden ? 1 : 2]);
    expect(after.text.includes('law enforcement')).toBe(!isHidden);
  });
});

describe('(audit-compliance AU24) a suspension is not announced', () => {
  const statement = (author: object): Resource =>
    ({
      resourceType: 'DocumentReference',
      status: 'current',
      type: {
        coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/accounting-suspension', code: 'written' }],
      },
      subject: { reference: patient },
      author: [author],
      content: [{ attachment: { title: 'Statement' } }],
      context: { period: { start: '2026-01-01', end: '2099-01-01' } },
    }) as Resource;
  const seize = (recipient: string, basis = 'law-enforcement') =>
    server.running.store.record(
      rowOf({
        event: 'disclose-elsewhere',
        elsewhere: { at: '2026-02-01', recipient, what: 'a chart', basis: basis as never },
      }),
    );
  const agency = (name: string) =>
    server.create('administrator', { resourceType: 'Organization', name } as Resource);

  test.each<[string, () => Promise<object>, string]>([
    [
      'by its reference, of what was entered by its name',
      async () => ({ reference: refOf(await agency('Sheriff A')) }),
      'Sheriff A',
    ],
    ['by its name, in other letters', async () => ({ display: ' sheriff  B' }), 'Sheriff B'],
  ])('%s', async (_says, author, name) => {
    await newPatient();
    await seize(name);
    await server.create('initiator', statement(await author()));
    expect(linesOf((await ask('?scope=all')).json)).toEqual([]);
  });

  test('by its name, of what was delivered to it here', async () => {
    await newPatient();
    const here = await agency('Sheriff C');
    await server.running.store.record(delivered('77-0', refOf(here), { basis: 'law-enforcement' }));
    expect(linesOf((await ask('')).json)).toHaveLength(1);
    await server.create('initiator', statement({ display: 'Sheriff C' }));
    expect(linesOf((await ask('')).json)).toEqual([]);
  });

  test.each<[string, object | undefined, boolean]>([
    ['the patient in person', { user: 'Patient' }, false],
    ['a launch that names nobody', undefined, false],
    ['a parent', { user: 'RelatedPerson' }, false],
    ['a clinician', { user: 'Practitioner' }, true],
  ])('%s, by reading the statement or its events', async (_says, who, isTold) => {
    await newPatient();
    await seize('Bureau');
    await seize('County', 'public-health');
    const { id } = await server.create('initiator', statement({ display: 'Bureau' }));
    const fhirUser =
      who && (isTold ? 'Practitioner/1' : `${(who as { user: string }).user}/${patient.slice(8)}`);
    const headers = await tokenOf({
      scope: 'patient/*.rs',
      patient: patient.slice(8),
      ...(fhirUser !== undefined && { claims: { fhirUser, ...(isTold && { roles: 'clinician' }) } }),
    });
    const look = (url: string) => server.ask('initiator', 'GET', url, undefined, { headers });
    const counted = async (url: string) => (await look(`${url}&_summary=count`)).json['total'];
    expect([
      (await look(`DocumentReference/${id}`)).status,
      await counted(`DocumentReference?patient=${patient}`),
      (await look(`${patient}/$everything`)).text.includes('Statement'),
      await counted('AuditEvent?policy=https://closeloop.dev/fhir/basis/law-enforcement'),
      await counted('AuditEvent?policy=https://closeloop.dev/fhir/basis/public-health'),
    ]).toEqual(isTold ? [200, 1, true, 1, 1] : [404, 0, false, 0, 1]);
    const [event] = await server.search(
      'initiator',
      'AuditEvent?policy=https://closeloop.dev/fhir/basis/law-enforcement',
    );
    expect((await look(`AuditEvent/${event?.id}`)).status).toBe(isTold ? 200 : 404);
  });
});

describe('(audit-compliance AU20) who may ask', () => {
  test.each<[string, () => Promise<Readonly<Record<string, string>>>, number]>([
    ['without the duty', () => tokenOf({ scope: 'system/*.cruds' }), 403],
    ['another’s launch', () => tokenOf({ scope: 'patient/*.rs', patient: 'nobody' }), 404],
    ['the patient’s own launch', () => tokenOf({ scope: 'patient/*.rs', patient: patient.slice(8) }), 200],
    [
      'a clinician’s launch',
      () =>
        tokenOf({
          scope: 'patient/*.rs',
          patient: patient.slice(8),
          claims: { fhirUser: 'Practitioner/x', roles: 'clinician' },
        }),
      403,
    ],
  ])('%s', async (_says, token, status) => {
    expect((await ask('', await token())).status).toBe(status);
  });

  test('a peer with the duty is not the keeper', async () => {
    const headers = await tokenOf({ scope: 'system/*.cruds closeloop/privacy' });
    const foreign = refOf(await server.create('recipient', make.patient()));
    expect((await ask('', headers, foreign)).status).toBe(404);
  });
});

test('(audit-compliance AU35) the report of accesses is what brute force over the rows gives', async () => {
  await newPatient();
  const headers = await tokenOf({
    scope: 'system/*.cruds',
    claims: { fhirUser: 'Practitioner/ada', sid: 'one' },
  });
  for (let i = 0; i < 3; i += 1) await server.ask('initiator', 'GET', patient, undefined, { headers });
  await server.ask('initiator', 'GET', patient);
  await server.running.store.record(delivered('5-0', 'Organization/recipient', { basis: 'treatment' }));
  const report = await server.ask('initiator', 'GET', `${patient}/$access-report`, undefined, {
    headers: officer,
  });
  const rows = await server.running.store.snapshot().audit({ viewer: KEEPER, names: [patient], count: 1000 });
  const [, ...before] = rows; // the report itself came behind what it reports on
  const expected = new Map<string, number>();
  for (const { entry } of before) {
    const user = entry.agent.organization === KEEPER ? (entry.agent.user ?? entry.agent.subject) : '';
    const organization = entry.agent.organization === '' ? entry.delivery?.to : entry.agent.organization;
    const key = `${organization} ${user}`;
    expected.set(key, (expected.get(key) ?? 0) + 1);
  }
  const lines = linesOf(report.json, 'access');
  expect(
    new Map(lines.map(({ organization, user = '', count }) => [`${organization} ${user}`, count])),
  ).toEqual(expected);
  expect(lines.find(({ user }) => user === 'Practitioner/ada')).toMatchObject({
    count: 3,
    refused: 0,
    session: 'one',
  });
  expect((await server.ask('initiator', 'GET', `${patient}/$access-report`)).code).toBe('scope-insufficient');
});
