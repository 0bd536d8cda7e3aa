/** References to types that are not served (http://hl7.org/fhir/R4/references.html): told as such, and allowed by a setting. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as make from '../../resources.ts';
import { idsOf, openRest, type Rest } from './client.ts';

let rest: Rest;
let allowing: Rest;
beforeAll(async () => {
  rest = await openRest();
  allowing = await openRest('--validation', '*:claimed,Account:referable');
});
afterAll(async () => {
  await rest.close();
  await allowing.close();
});

const encounter = (reference: string): object => ({
  resourceType: 'Encounter',
  status: 'finished',
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
  account: [{ reference }],
});

test.each([
  ['Account/1', 'reference-not-served', 'Account is not served here'],
  ['Account?identifier=x', 'reference-not-served', 'Account is not served here'],
])('%s: %s', async (reference, code, says) => {
  const byContent = reference.includes('?') ? [] : ['POST Encounter/$validate'];
  for (const line of ['POST Encounter', 'POST Encounter/$validate?mode=create', ...byContent]) {
    const answer = await rest.send(line, { body: encounter(reference) });
    const [issue] = answer.issues;
    expect(issue?.details?.coding?.[0]?.code).toBe(code);
    expect(issue?.details?.text).toContain(says);
  }
});

test('what is served is told as before', async () => {
  const answer = await rest.send('POST Observation', { body: make.observation('Patient/unused') });
  expect(answer.code).toBe('reference-not-found');
});

test('an absolute reference to it is taken', async () => {
  const reference = 'https://other.example/fhir/Account/1';
  const made = await rest.must('POST Encounter', { body: encounter(reference) });
  expect(made.json['account']).toEqual([{ reference }]);
});

test('the setting allows it, for the types that it names', async () => {
  const made = await allowing.must('POST Encounter', { body: encounter('Account/1') });
  expect(made.json['account']).toEqual([{ reference: 'Account/1' }]);
  const judged = await allowing.must('POST Encounter/$validate', { body: encounter('Account/1') });
  expect(judged.issues.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(idsOf(await allowing.must('GET Encounter?account=Account/1'))).toEqual([made.json.id]);
  const procedure = {
    ...make.observation('Patient/unused'),
    subject: undefined,
    device: { reference: 'DeviceMetric/1' },
  };
  expect((await allowing.send('POST Observation', { body: procedure })).code).toBe('reference-not-served');
});

test('the capability says how references are treated', async () => {
  const { json } = await rest.must('GET metadata');
  const [{ resource }] = json['rest'] as readonly [
    { resource: readonly { type: string; referencePolicy: string[] }[] },
  ];
  for (const { type, referencePolicy } of resource)
    expect([type, referencePolicy]).toEqual([
      type,
      type === 'AuditEvent' ? ['literal', 'logical'] : ['literal', 'logical', 'enforced'],
    ]);
});
