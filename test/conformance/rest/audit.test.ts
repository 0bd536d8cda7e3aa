/** Each request leaves exactly its AuditEvents, and nothing in the log that names a patient (rules 4, 2.8, 5.1). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AuditEvent, Resource } from '../../../src/fhir/types.ts';
import { searchParameters } from '../../../src/resources/search-parameters.ts';
import { validateResource } from '../../../src/resources/validate.ts';
import * as make from '../../resources.ts';
import { BASE, type Stored } from '../../world.ts';
import { clientOf, entriesOf, idsOf, openRest, type Rest, type Sending } from './client.ts';
import { hitOf, missOf } from './search-terms.ts';

let rest: Rest;
let patient: Stored;
let observation: Stored;
beforeAll(async () => {
  rest = await openRest();
  patient = await rest.create(make.patient());
  observation = await rest.create(make.observation(`Patient/${patient.id}`));
});
afterAll(() => rest.close());

let asked = 0;

/** What a request left in the audit, oldest first, as its caller is told. */
async function auditOf(line: string, sending: Sending = {}): Promise<readonly AuditEvent[]> {
  const id = `audited-${(asked += 1)}`;
  await rest.send(line, { ...sending, headers: { ...sending.headers, 'x-request-id': id } });
  return eventsOf(id, sending.as);
}

async function eventsOf(requestId: string, as = 'initiator'): Promise<readonly AuditEvent[]> {
  const found = await rest.must(`GET AuditEvent?entity:identifier=${requestId}`, { as });
  return entriesOf(found)
    .map(({ resource }) => resource as AuditEvent)
    .toReversed();
}

/** An event as a row of a table. */
interface Told {
  readonly event: string | undefined;
  readonly action: string | undefined;
  readonly outcome: string | undefined;
  /** Our code of a refusal. */
  readonly issue?: string | undefined;
  /** `Type/id` of what was touched. */
  readonly objects: readonly string[];
  readonly patients: readonly string[];
  readonly query?: string | undefined;
}

function tell({ subtype, action, outcome, outcomeDesc, entity = [] }: AuditEvent): Told {
  const roleOf = (code: string) => entity.filter(({ role }) => role?.code === code);
  const refsOf = (code: string) =>
    roleOf(code).map(({ what }) => what?.reference?.replace(/\/_history\/\d+$/, '') ?? '');
  const query = roleOf('24')[0]?.query;
  return {
    event: subtype?.[0]?.code,
    action,
    outcome,
    ...(outcomeDesc !== undefined && { issue: outcomeDesc.split(':')[0] }),
    objects: refsOf('4'),
    patients: refsOf('1'),
    ...(query !== undefined && { query: Buffer.from(query, 'base64').toString('utf8') }),
  };
}

const done = (
  event: string,
  action: string,
  objects: readonly string[],
  patients: readonly string[] = [],
): Told => ({
  event,
  action,
  outcome: '0',
  objects,
  patients,
});
const refused = (event: string, action: string, issue: string, objects: readonly string[] = []): Told => ({
  event,
  action,
  outcome: '4',
  issue,
  objects,
  patients: [],
});
const subject = () => `Patient/${patient.id}`;
const seen = () => `Observation/${observation.id}`;
const filled = (line: string): string => line.replaceAll('{p}', patient.id).replaceAll('{o}', observation.id);

describe('reads and searches', () => {
  test.each<[line: string, sending: Sending, expected: () => Told]>([
    ['GET Observation/{o}', {}, () => done('read', 'R', [seen()], [subject()])],
    ['HEAD Observation/{o}', {}, () => done('read', 'R', [seen()], [subject()])],
    [
      'GET Observation/{o}',
      { headers: { 'if-none-match': '*' } },
      () => done('read', 'R', [seen()], [subject()]),
    ],
    ['GET Patient/{p}', {}, () => done('read', 'R', [subject()], [subject()])],
    ['GET Observation/{o}/_history', {}, () => done('history-instance', 'R', [seen()], [subject()])],
    ['GET Organization/recipient', {}, () => done('read', 'R', ['Organization/recipient'])],
    [
      'GET Observation?subject=Patient/{p}&_include=Observation:subject',
      {},
      () => ({
        ...done('search-type', 'E', [seen(), subject()], [subject()]),
        query: filled('subject=Patient/{p}&_include=Observation:subject'),
      }),
    ],
    [
      'POST Patient/_search?gender=male',
      { body: 'family=Chalmers&birthdate=1974-12-25' },
      () => ({
        ...done('search-type', 'E', [subject()], [subject()]),
        query: 'gender=male&family=Chalmers&birthdate=1974-12-25',
      }),
    ],
    ['GET Patient?_id=unused', {}, () => ({ ...done('search-type', 'E', []), query: '_id=unused' })],
  ])('%s', async (line, sending, expected) => {
    expect((await auditOf(filled(line), sending)).map(tell)).toEqual([expected()]);
  });

  test('a version, and the histories of a type and of everything', async () => {
    const line = `GET ${seen()}/_history/${observation.meta?.versionId}`;
    expect((await auditOf(line)).map(tell)).toEqual([done('vread', 'R', [seen()], [subject()])]);
    const type = await auditOf('GET Observation/_history');
    expect(type.map(tell)).toEqual([done('history-type', 'R', [seen()], [subject()])]);
    const system = await auditOf('GET _history?_count=2');
    expect(system.map(tell)).toEqual([
      { ...done('history-system', 'R', [seen(), subject()], [subject()]), query: '_count=2' },
    ]);
  });

  test('of the audit itself: once', async () => {
    const [event] = await auditOf(`GET ${seen()}`);
    const read = await auditOf(`GET AuditEvent/${event?.id}`);
    expect(read.map(tell)).toEqual([done('read', 'R', [`AuditEvent/${event?.id}`])]);
    const query = `entity=${seen()}&_count=3`;
    expect((await auditOf(`GET AuditEvent?${query}`)).map(tell)).toEqual([
      { ...done('search-type', 'E', []), query },
    ]);
  });

  test.each(['GET metadata', 'GET .well-known/smart-configuration', 'OPTIONS Patient'])(
    '%s: none',
    async (line) => {
      expect(await auditOf(line)).toEqual([]);
    },
  );
});

describe('writes', () => {
  test('create, update, patch, delete, and what comes to nothing', async () => {
    const id = `written-${(asked += 1)}`;
    const headers = { 'x-request-id': id };
    const made = await rest.must('POST Observation', { body: make.observation(subject()), headers });
    const ref = `Observation/${made.json.id}`;
    expect((await eventsOf(id)).map(tell)).toEqual([done('create', 'C', [ref], [subject()])]);
    const version = (await eventsOf(id))[0]?.entity?.find(({ role }) => role?.code === '4')?.what?.reference;
    expect(version).toBe(`${ref}/_history/${made.version}`);
    const lines: readonly (readonly [string, Sending, Told])[] = [
      [`PUT ${ref}`, { body: { ...made.json, language: 'de' } }, done('update', 'U', [ref], [subject()])],
      [
        `PATCH ${ref}`,
        { body: [{ op: 'remove', path: '/language' }] },
        done('patch', 'U', [ref], [subject()]),
      ],
      [`DELETE ${ref}`, {}, done('delete', 'D', [ref], [subject()])],
      [`DELETE ${ref}`, {}, done('delete', 'D', [ref])],
      ['DELETE Patient?_id=unused', {}, { ...done('delete', 'D', []), query: '_id=unused' }],
    ];
    for (const [line, sending, expected] of lines)
      expect((await auditOf(line, sending)).map(tell)).toEqual([expected]);
  });

  test('a conditional create that finds one has shown it', async () => {
    const headers = { 'if-none-exist': `_id=${patient.id}` };
    const events = await auditOf('POST Patient', { body: make.patient(), headers });
    expect(events.map(tell)).toEqual([done('read', 'R', [subject()], [subject()])]);
  });

  test('a transaction: an event for each write and each read; a batch: one for each entry', async () => {
    const entry = [
      { resource: make.observation(subject()), request: { method: 'POST', url: 'Observation' } },
      { request: { method: 'GET', url: seen() } },
      { request: { method: 'GET', url: 'Patient?_id=unused' } },
    ];
    for (const type of ['transaction', 'batch']) {
      const events = await auditOf('POST ', { body: { resourceType: 'Bundle', type, entry } });
      const told = events.map(tell).toSorted((a, b) => (a.event ?? '').localeCompare(b.event ?? ''));
      expect(told.map(({ event, objects }) => [event, objects.length])).toEqual([
        ['create', 1],
        ['read', 1],
        ['search-type', 0],
      ]);
      expect(told[1]).toEqual(done('read', 'R', [seen()], [subject()]));
    }
  });

  test('a move of a referral names the row of the table; the peer sees the organization, not the user', async () => {
    const request = await rest.must('POST ServiceRequest', {
      body: make.serviceRequest({
        subject: subject(),
        requester: 'Organization/initiator',
        performer: 'Organization/recipient',
      }),
    });
    const task = /Task\/[^>]+/.exec(request.headers.get('link') ?? '')?.[0] ?? '';
    const headers = { 'x-request-id': `moved-${(asked += 1)}` };
    const body = [{ op: 'replace', path: '/status', value: 'accepted' }];
    await rest.must(`PATCH ${task}`, { as: 'recipient', body, headers });
    const [own] = await eventsOf(headers['x-request-id'], 'recipient');
    expect(own?.subtype?.map(({ code }) => code)).toEqual(['patch', '02']);
    expect(JSON.stringify(own?.agent)).toMatch(/subject-recipient.*client-recipient/);
    const [peer] = await eventsOf(headers['x-request-id']);
    expect(peer?.id).toBe(own?.id);
    expect(peer?.agent.some(({ who }) => who?.reference === 'Organization/recipient')).toBe(true);
    expect(JSON.stringify(peer)).not.toMatch(/subject-recipient|client-recipient|127\.0\.0\.1/);
    expect(await eventsOf(headers['x-request-id'], 'stranger')).toEqual([]);
  });

  test('an administrator who acts for an organization is told as one', async () => {
    const as = 'administrator for recipient';
    const [event] = await auditOf('GET Organization/recipient', { as });
    expect(
      event?.agent.find(({ who }) => who?.reference === 'Organization/recipient')?.role?.[0]?.text,
    ).toContain('administrator');
  });
});

describe('refusals', () => {
  test.each<[line: string, sending: Sending, expected: Told]>([
    ['GET Patient/unused', {}, refused('read', 'R', 'not-found', ['Patient/unused'])],
    [
      'GET Patient?shoe-size=46',
      {},
      { ...refused('search-type', 'E', 'search-parameter-unknown'), query: 'shoe-size=46' },
    ],
    [
      'POST Patient',
      { body: { resourceType: 'Patient', x: 1 } },
      refused('create', 'C', 'structure-invalid'),
    ],
    [
      'PUT Patient/unused',
      { body: make.patient({ id: 'unused' }) },
      refused('update', 'U', 'not-found', ['Patient/unused']),
    ],
    [
      'PUT Organization/recipient',
      { body: make.organization('recipient') },
      refused('update', 'U', 'not-custodian', ['Organization/recipient']),
    ],
    // the door's own
    ['POST Patient', { body: '{' }, refused('create', 'C', 'json-invalid')],
    ['PATCH Patient/x', { body: '[' }, refused('patch', 'U', 'json-invalid', ['Patient/x'])],
    ['POST ', { body: '{}' }, refused('transaction', 'E', 'json-invalid')],
    [
      'POST Patient',
      { body: make.patient(), headers: { 'idempotency-key': 'a b' } },
      refused('create', 'C', 'header-invalid'),
    ],
    ['GET Accounts/1', {}, refused('operation', 'E', 'type-unknown')],
    ['DELETE Patient', {}, refused('operation', 'E', 'method-not-allowed')],
    ['GET Patient/a_b', {}, refused('operation', 'E', 'id-invalid')],
    ['GET Patient?_format=ttl', {}, { ...refused('operation', 'E', 'not-acceptable'), query: '_format=ttl' }],
  ])('%s: once', async (line, sending, expected) => {
    expect((await auditOf(line, sending)).map(tell)).toEqual([expected]);
  });

  test('for want of scope', async () => {
    const authorization = `Bearer ${await rest.sign({ scope: 'system/Task.rs' })}`;
    const events = await auditOf('GET Patient/unused', { headers: { authorization } });
    expect(events.map(tell)).toEqual([refused('read', 'R', 'scope-insufficient', ['Patient/unused'])]);
  });

  test('under an Idempotency-Key: kept once, told again', async () => {
    const headers = { 'idempotency-key': 'refused-1', 'x-request-id': 'refused-under-key' };
    const sending = { headers, body: make.observation('Patient/unused') };
    await rest.send('POST Observation', sending);
    const events = await eventsOf('refused-under-key');
    expect(new Set(events.map((event) => JSON.stringify(tell(event))))).toEqual(
      new Set([JSON.stringify(refused('create', 'C', 'reference-not-found'))]),
    );
  });
});

describe('failed logins', () => {
  test('are counted per source and told as one event, to administrators', async () => {
    const own = await openRest();
    for (const headers of [{}, { authorization: 'Bearer a.b.c' }, { authorization: 'Basic YTpi' }])
      expect((await own.send('GET Patient', { as: 'nobody', headers })).status).toBe(401);
    const headers = { 'x-on-behalf-of': 'Organization/recipient' };
    expect((await own.send('GET Patient', { headers })).status).toBe(403);
    await own.server.restart(); // what was counted is written at the latest when the server stops
    const { must } = await clientOf(own.server.running);
    const found = entriesOf(await must('GET AuditEvent?type=110114', { as: 'administrator' }));
    expect(found.map(({ resource }) => resource)).toMatchObject([
      { action: 'E', outcome: '4', outcomeDesc: expect.stringContaining('4 times') },
    ]);
    expect(JSON.stringify(found)).toContain('127.0.0.1');
    expect(idsOf(await must('GET AuditEvent?type=110114'))).toEqual([]);
    await own.close();
  });
});

const all = async (as: string): Promise<readonly AuditEvent[]> =>
  entriesOf(await rest.must('GET AuditEvent?_count=1000', { as })).map(
    ({ resource }) => resource as AuditEvent,
  );

const found = async (query: string): Promise<readonly string[]> =>
  idsOf(await rest.must(`GET AuditEvent?${query}&_count=1000`));

describe('AuditEvents', () => {
  test.each(['initiator', 'recipient', 'administrator'])('all that the %s sees are valid', async (as) => {
    const events = await all(as);
    expect(events.length).toBeGreaterThan(3);
    for (const event of events) {
      const issues = validateResource(event as unknown as Resource);
      expect(issues.filter(({ severity = 'error' }) => severity === 'error')).toEqual([]);
    }
  });

  test('in pages: each once, newest first', async () => {
    const until = new Date().toISOString();
    const whole = idsOf(await rest.must(`GET AuditEvent?date=lt${until}&_count=1000`));
    const paged: string[] = [];
    let next: string | undefined = `AuditEvent?date=lt${until}&_count=7`;
    while (next !== undefined) {
      const page = await rest.must(`GET ${next}`);
      paged.push(...idsOf(page));
      next = page.bundle.link?.find(({ relation }) => relation === 'next')?.url.split('/fhir/')[1];
    }
    expect(paged).toEqual(whole);
    expect(paged.length).toBeGreaterThan(14);
  });

  /** What this server never has to say of an event; its own name is an identifier, not a reference. */
  const UNSAID = ['agent-name', 'agent-role', 'altid', 'entity-name', 'site', 'tab'];
  const SAID = [...searchParameters('AuditEvent').keys()].filter(
    (name) => !name.startsWith('_') && !UNSAID.includes(name) && name !== 'source',
  );
  test.each(SAID)('are found by %s', async (name) => {
    const events = (await all('initiator')) as unknown as readonly Stored[];
    const event = events.find((one) => hitOf('AuditEvent', name, one) !== undefined);
    if (event === undefined) throw new Error(`no event has a value of ${name}`);
    const [hit = '', miss] = [hitOf('AuditEvent', name, event), missOf('AuditEvent', name, event)];
    expect(await found(`${name}=${encodeURIComponent(hit)}`)).toContain(event.id);
    expect(await found(`${name}=${encodeURIComponent(miss)}`)).not.toContain(event.id);
  });

  test('are found by what they never say, as missing it; and by their source', async () => {
    const [event] = await all('initiator');
    for (const name of UNSAID) {
      expect([name, (await found(`${name}:missing=true`)).includes(event?.id ?? '')]).toEqual([name, true]);
      expect([name, await found(`${name}:missing=false`)]).toEqual([name, []]);
    }
    expect(await found(`source:identifier=${BASE}`)).toContain(event?.id);
    expect(await found('source:identifier=another')).toEqual([]);
  });

  test('what cannot be asked of them is refused, not ignored', async () => {
    for (const query of [
      '_sort=outcome',
      '_sort=date,-_lastUpdated',
      '_include=AuditEvent:patient',
      '_total=accurate',
    ])
      expect([query, (await rest.send(`GET AuditEvent?${query}`)).code]).toEqual([
        query,
        'search-parameter-unknown',
      ]);
    for (const query of ['_sort=-date', '_sort=date', '_total=none', '_sort=-_lastUpdated', '_summary=count'])
      expect([query, (await rest.send(`GET AuditEvent?${query}`)).status]).toEqual([query, 200]);
    const [short] = entriesOf(await rest.must('GET AuditEvent?_elements=recorded&_count=1'));
    expect(short?.resource).not.toHaveProperty('entity');
  });
});
