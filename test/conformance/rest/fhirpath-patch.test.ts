/** FHIRPath Patch over HTTP (http://hl7.org/fhir/R4/fhirpatch.html), through every way a patch may take. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  BEYOND,
  FROM_HL7,
  move,
  parametersOf,
  remove,
  replace,
  add,
  type Part,
} from '../../fixtures/fhirpath-patch.ts';
import * as make from '../../resources.ts';
import type { Stored } from '../../world.ts';
import { openRest, type Rest } from './client.ts';

let rest: Rest;
beforeAll(async () => {
  rest = await openRest();
});
afterAll(() => rest.close());

let made = 0;
const unique = (): string => `patched-${(made += 1)}`;
const patient = (value = unique()): Promise<Stored> =>
  rest.create(make.patient({ identifier: [{ system: make.MRN_SYSTEM, value }] }));
const patch = (...operations: readonly (readonly Part[])[]) => parametersOf(operations);

/** As a client wrote it: without what the server adds. */
function bare({ id: _id, meta: _meta, ...rest }: Record<string, unknown>): object {
  return rest;
}

describe('by id', () => {
  test.each(
    [...FROM_HL7, ...BEYOND]
      .filter(({ before }) => Object.keys(before).length > 1)
      .map((one) => [one.says, one] as const),
  )('%s', async (_says, { before, operations, after }) => {
    const { id } = await rest.create(before as { resourceType: string });
    const answer = await rest.must(`PATCH Patient/${id}`, { body: parametersOf(operations) });
    expect([answer.status, bare(answer.json)]).toEqual([200, after]);
    expect((await rest.must(`GET Patient/${id}`)).json).toEqual(answer.json);
  });

  test('a decimal beside keeps its literal', async () => {
    const { id: subject } = await patient();
    const text = JSON.stringify(make.observation(`Patient/${subject}`, { valueQuantity: { value: 1 } }));
    const { json } = await rest.must('POST Observation', {
      body: text.replace('"value":1}', '"value":1.50}'),
    });
    const body = patch(replace('Observation.status', { valueCode: 'amended' }));
    expect((await rest.must(`PATCH Observation/${json.id}`, { body })).text).toContain('"value":1.50');
  });

  test('what the outcome is is validated', async () => {
    const { id } = await patient();
    const wrong = patch(add('Patient', 'contact', { part: [{ name: 'gender', valueCode: 'male' }] }));
    const { status, code, issues } = await rest.send(`PATCH Patient/${id}`, { body: wrong });
    expect([status, code, issues[0]?.expression]).toEqual([422, 'structure-invalid', ['Patient.contact[0]']]);
  });

  test.each([
    ['an id', replace('Patient.id', { valueId: 'other' })],
    ['a move beyond the list', move('Patient.name', 0, 1)],
  ])('%s is refused, and nothing is written', async (_says, operation) => {
    const { id } = await patient();
    const fine = add('Patient', 'active', { valueBoolean: true });
    const { status, code, text } = await rest.send(`PATCH Patient/${id}`, { body: patch(fine, operation) });
    expect([status, code]).toEqual([422, 'patch-invalid']);
    expect(text).not.toContain('Chalmers');
    expect((await rest.must(`GET Patient/${id}`)).json['active']).toBeUndefined();
  });

  test.each([
    ['another resource', { resourceType: 'Basic' }, 400, 'json-invalid'],
    ['another resource as a resource', make.patient(), 400, 'resource-type-mismatch'],
    [
      'too many operations',
      patch(...Array.from({ length: 201 }, () => remove('Patient.photo'))),
      422,
      'patch-invalid',
    ],
    ['no list', { resourceType: 'Parameters', parameter: {} }, 422, 'patch-invalid'],
  ])('%s is refused', async (_says, body, status, code) => {
    const { id } = await patient();
    const headers = { 'content-type': 'application/fhir+json' };
    const text = code === 'json-invalid' ? '[' : JSON.stringify(body);
    const answer = await rest.send(`PATCH Patient/${id}`, { body: text, headers });
    expect([answer.status, answer.code]).toEqual([status, code]);
  });
});

describe('with conditions', () => {
  const body = patch(add('Patient', 'active', { valueBoolean: true }));

  test('If-Match names the version that is patched', async () => {
    const { id, meta } = await patient();
    const stale = await rest.send(`PATCH Patient/${id}`, { body, headers: { 'if-match': 'W/"1"' } });
    expect([stale.status, stale.code]).toEqual([412, 'version-conflict']);
    const headers = { 'if-match': `W/"${meta?.versionId}"` };
    expect((await rest.must(`PATCH Patient/${id}`, { body, headers })).json['active']).toBe(true);
  });

  test('one match, none, several', async () => {
    const value = unique();
    const { id } = await patient(value);
    const line = `PATCH Patient?identifier=${make.MRN_SYSTEM}|${value}`;
    expect((await rest.must(line, { body })).json).toMatchObject({ id, active: true });
    await patient(value);
    expect((await rest.send(line, { body })).code).toBe('condition-ambiguous');
    expect((await rest.send(`${line}x`, { body })).status).toBe(404);
  });

  test('another organization may not', async () => {
    const { id } = await patient();
    expect((await rest.send(`PATCH Patient/${id}`, { as: 'stranger', body })).status).toBe(404);
  });
});

describe('in a Bundle', () => {
  test.each(['transaction', 'batch'])('%s', async (type) => {
    const value = unique();
    const [one, other] = [await patient(), await patient(value)];
    const entry = [
      { request: { method: 'PATCH', url: `Patient/${one.id}` }, resource: patch(remove('Patient.gender')) },
      {
        request: { method: 'PATCH', url: `Patient?identifier=${value}` },
        resource: patch(replace('Patient.gender', { valueCode: 'other' })),
      },
    ];
    const { bundle } = await rest.must('POST ', { body: { resourceType: 'Bundle', type, entry } });
    expect(bundle.entry?.map(({ response }) => response?.status.slice(0, 3))).toEqual(['200', '200']);
    expect((await rest.must(`GET Patient/${one.id}`)).json['gender']).toBeUndefined();
    expect((await rest.must(`GET Patient/${other.id}`)).json['gender']).toBe('other');
  });

  test('a transaction whose patch fails writes nothing', async () => {
    const { id } = await patient();
    const entry = [
      {
        request: { method: 'PATCH', url: `Patient/${id}` },
        resource: patch(remove('Patient.gender'), remove('Patient')),
      },
    ];
    const answer = await rest.send('POST ', { body: { resourceType: 'Bundle', type: 'transaction', entry } });
    expect([answer.status, answer.code]).toEqual([422, 'patch-invalid']);
    expect(answer.issues[0]?.expression).toEqual(['Bundle.entry[0]', 'Parameters.parameter[1]']);
  });
});

test('the rules of the referral hold as in every write', async () => {
  const { id: subject } = await patient();
  const order = await rest.create(
    make.serviceRequest({
      subject: `Patient/${subject}`,
      requester: 'PractitionerRole/initiator',
      performer: 'PractitionerRole/recipient',
    }),
  );
  const { bundle } = await rest.must(`GET Task?focus=ServiceRequest/${order.id}`);
  const at = `Task/${bundle.entry?.[0]?.resource?.id}`;
  const frozen = patch(replace('Task.intent', { valueCode: 'plan' }));
  expect((await rest.send(`PATCH ${at}`, { body: frozen })).code).toBe('field-frozen');
  const accept = patch(replace('Task.status', { valueCode: 'accepted' }), remove('Task.businessStatus'));
  expect((await rest.send(`PATCH ${at}`, { body: accept })).status).toBe(403);
  const accepted = await rest.must(`PATCH ${at}`, { as: 'recipient', body: accept });
  expect(accepted.json).toMatchObject({ status: 'accepted', businessStatus: { coding: [{ code: '3.0' }] } });
});
