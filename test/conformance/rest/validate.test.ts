/** `$validate` over HTTP (http://hl7.org/fhir/R4/resource-operation-validate.html), and the levels of the setting. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { OperationOutcomeIssue, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { entriesOf, openRest, type Answer, type Rest } from './client.ts';

const BSER = 'http://hl7.org/fhir/us/bser/StructureDefinition';
const TASK = `${BSER}/BSeR-ReferralTask`;
const WEIGHT = 'http://hl7.org/fhir/StructureDefinition/bodyweight';

let rest: Rest;
beforeAll(async () => {
  rest = await openRest();
});
afterAll(() => rest.close());

const parametersOf = (resource: Resource | undefined, values: Record<string, string> = {}): Resource => ({
  resourceType: 'Parameters',
  parameter: [
    ...(resource === undefined ? [] : [{ name: 'resource', resource }]),
    ...Object.entries(values).map(([name, value]) =>
      name === 'mode' ? { name, valueCode: value } : { name, valueUri: value },
    ),
  ],
});

const told = ({ issues }: Answer, ...severities: readonly string[]) =>
  issues
    .filter(({ severity }) => severities.length === 0 || severities.includes(severity))
    .map(({ severity, code, expression }: OperationOutcomeIssue) =>
      [severity, code, ...(expression ?? [])].join(' '),
    );

const versionsOf = async (type: string): Promise<number> =>
  (await rest.must(`GET ${type}?_summary=count`)).bundle.total ?? -1;

describe('the content alone', () => {
  test('a sound resource, bare or in Parameters: 200 and information', async () => {
    for (const body of [make.patient(), parametersOf(make.patient())]) {
      const answer = await rest.send('POST Patient/$validate', { body });
      expect(answer.status).toBe(200);
      expect(answer.json.resourceType).toBe('OperationOutcome');
      expect(new Set(answer.issues.map(({ severity }) => severity))).toEqual(new Set(['information']));
    }
  });

  test('every fault is told, each at its place, and the answer is 200', async () => {
    const body = {
      resourceType: 'Patient',
      birthDate: '2020-02-31',
      gender: 'unknowable',
      contact: [{}],
      colour: 'red',
      link: [{ type: 'refer' }],
    };
    const answer = await rest.send('POST Patient/$validate', { body });
    expect(answer.status).toBe(200);
    expect(told(answer).toSorted()).toEqual([
      'error code-invalid Patient.gender',
      'error invariant Patient.contact[0]',
      'error required Patient.link[0].other',
      'error structure Patient.colour',
      'error value Patient.birthDate',
    ]);
    for (const issue of answer.issues) expect(issue.details?.coding?.[0]?.code).toEqual(expect.any(String));
  });

  test('nothing is stored, whatever the mode', async () => {
    const before = await versionsOf('Patient');
    for (const mode of ['create', 'profile'])
      await rest.must('POST Patient/$validate', {
        body: parametersOf(make.patient(), {
          mode,
          profile: 'http://hl7.org/fhir/StructureDefinition/actualgroup',
        }),
      });
    expect(await versionsOf('Patient')).toBe(before);
  });

  test('a resource of another type than the address is refused', async () => {
    const answer = await rest.send('POST Task/$validate', { body: parametersOf(make.patient()) });
    expect([answer.status, answer.code]).toEqual([400, 'resource-type-mismatch']);
  });

  test('without a resource there is nothing to judge on a type', async () => {
    expect(
      (await rest.send('POST Patient/$validate', { body: parametersOf(undefined, { mode: 'create' }) })).code,
    ).toBe('field-missing');
  });

  test('absent must-support elements are information here, and nothing on a write', async () => {
    const subject = await rest.create(make.patient());
    const body = {
      resourceType: 'Observation',
      meta: { profile: [WEIGHT] },
      status: 'final',
      category: [
        {
          coding: [
            { system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' },
          ],
        },
      ],
      code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] },
      subject: make.to(`Patient/${subject.id}`),
      effectiveDateTime: '2026-01-01',
      dataAbsentReason: { text: 'refused' },
    };
    const answer = await rest.must('POST Observation/$validate', { body });
    expect(told(answer, 'error', 'warning')).toEqual([]);
    expect(told(answer)).toContain('information informational Observation.value');
    const written = await rest.must('POST Observation', { body });
    expect(written.headers.get('warning')).toBeNull();
  });

  test('an extension that nobody knows is information', async () => {
    const body = make.patient({ extension: [{ url: 'http://example.org/x', valueString: 'x' }] });
    expect(told(await rest.must('POST Patient/$validate', { body }))).toContain(
      'information extension Patient.extension[0]',
    );
  });
});

describe('profile', () => {
  test('a nominated profile is asked for, whatever is claimed', async () => {
    const body = parametersOf({ resourceType: 'Task', status: 'draft', intent: 'plan' }, { profile: TASK });
    expect(told(await rest.must('POST Task/$validate', { body }), 'error')).toEqual(
      expect.arrayContaining(['error invariant Task.intent', 'error invariant Task.focus']),
    );
  });

  test('in the query string, too', async () => {
    const body = { resourceType: 'Task', status: 'draft', intent: 'plan' };
    const answer = await rest.must(`POST Task/$validate?profile=${encodeURIComponent(TASK)}`, { body });
    expect(told(answer, 'error')).toContain('error invariant Task.intent');
  });

  test('one that is not known is an error', async () => {
    const body = parametersOf(make.patient(), { profile: 'http://example.org/unknown' });
    const answer = await rest.send('POST Patient/$validate', { body });
    expect([answer.status, answer.code]).toEqual([422, 'profile-unknown']);
  });

  test('a stored resource is judged by GET, within what its reader may see', async () => {
    const stored = await rest.create(make.patient());
    const address = `Patient/${stored.id}/$validate?mode=profile&profile=${encodeURIComponent(TASK)}`;
    expect(told(await rest.must(`GET ${address}`), 'error')).toEqual(['error invariant Patient']);
    expect((await rest.send(`GET ${address}`, { as: 'stranger' })).status).toBe(404);
  });
});

describe('create', () => {
  test('says what would be refused: a reference to what the caller may not see', async () => {
    const hidden = await rest.create(make.patient(), 'stranger');
    const body = parametersOf(make.condition(`Patient/${hidden.id}`), { mode: 'create' });
    const answer = await rest.must('POST Condition/$validate', { body });
    expect(told(answer, 'error')).toEqual(['error not-found Condition.subject.reference']);
  });

  test('says that it would succeed', async () => {
    const body = parametersOf(make.patient(), { mode: 'create' });
    const answer = await rest.must('POST Patient/$validate', { body });
    expect(answer.issues.at(-1)?.diagnostics).toBe('This create would be expected to succeed.');
  });
});

describe('update', () => {
  test('needs an id in the address', async () => {
    const body = parametersOf(make.patient(), { mode: 'update' });
    expect((await rest.send('POST Patient/$validate', { body })).code).toBe('parameter-invalid');
  });

  test('checks the id, the custodian, the version and the rules', async () => {
    const stored = await rest.create(make.patient());
    const at = `POST Patient/${stored.id}/$validate`;
    const ask = (resource: Resource, sending: object = {}) =>
      rest.must(at, { body: parametersOf(resource, { mode: 'update' }), ...sending });
    expect(told(await ask(make.patient({ id: 'other' })), 'error')).toEqual(['error invalid Patient.id']);
    expect(told(await ask(make.patient({ id: stored.id }), { as: 'stranger' }), 'error')).toEqual([
      'error not-found',
    ]);
    expect(
      told(await ask(make.patient({ id: stored.id }), { headers: { 'If-Match': 'W/"1"' } }), 'error'),
    ).toEqual(['error conflict']);
    expect(told(await ask(make.patient({ id: stored.id })), 'error', 'warning')).toEqual([]);
  });

  test('a move that the table does not have is told, and not made', async () => {
    const { id } = await rest.create(make.patient());
    const order = make.serviceRequest({
      subject: `Patient/${id}`,
      requester: 'PractitionerRole/initiator',
      performer: 'PractitionerRole/recipient',
    });
    const request = await rest.create(order);
    const [entry] = (await rest.must(`GET Task?focus=ServiceRequest/${request.id}`)).bundle.entry ?? [];
    const opened = entry?.resource as unknown as Resource; // the Task that opened itself
    const moved = { ...opened, status: 'completed' };
    const body = parametersOf(moved, { mode: 'update' });
    const answer = await rest.must(`POST Task/${opened.id}/$validate`, { body });
    expect(told(answer, 'error')).toHaveLength(1);
    expect((await rest.must(`GET Task/${opened.id}`)).json.meta?.versionId).toBe(opened.meta?.versionId);
  });
});

describe('delete', () => {
  test('would be allowed, refused, or have nothing to do', async () => {
    const stored = await rest.create(make.patient());
    const ask = (id: string, as: string) =>
      rest.must(`POST Patient/${id}/$validate`, { body: parametersOf(undefined, { mode: 'delete' }), as });
    expect((await ask(stored.id, 'initiator')).issues[0]?.diagnostics).toContain('expected to succeed');
    expect((await ask(stored.id, 'stranger')).issues[0]?.diagnostics).toContain('nothing here');
    expect((await rest.send(`GET Patient/${stored.id}`)).status).toBe(200);
    const directory = await rest.must('POST Organization/recipient/$validate', {
      body: parametersOf(undefined, { mode: 'delete' }),
    });
    expect(told(directory, 'error')).toHaveLength(1);
  });
});

describe('who asks, and what is left behind', () => {
  test('a scope that does not permit the write is told', async () => {
    const token = await rest.sign({ scope: 'system/*.rs' });
    const body = parametersOf(make.patient(), { mode: 'create' });
    const answer = await rest.send('POST Patient/$validate', {
      body,
      headers: { authorization: `Bearer ${token}` },
    });
    expect(told(answer, 'error')).toEqual(['error forbidden']);
  });

  test('one row of the audit, and nothing else', async () => {
    const versions = await versionsOf('Patient');
    const { headers } = await rest.must('POST Patient/$validate', {
      body: parametersOf(make.patient(), { mode: 'create' }),
    });
    const query = `entity:identifier=${headers.get('x-request-id')}`;
    const events = entriesOf(await rest.must(`GET AuditEvent?${query}`, { as: 'administrator' }));
    expect(events.map(({ resource }) => resource)).toMatchObject([
      { subtype: [{ code: 'operation' }], action: 'E', outcome: '0' },
    ]);
    expect(await versionsOf('Patient')).toBe(versions);
  });
});
