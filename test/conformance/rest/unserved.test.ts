/** References to types that are not served (http://hl7.org/fhir/R4/references.html): told as such, and allowed by a setting. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as make from '../../resources.ts';
import { idsOf, openRest, type Rest } from './client.ts';

let rest: Rest;
let allowing: Rest;
beforeAll(async () => {
  rest = await openRest();
  allowing = await openRest('--validation', '*:claimed,OperationOutcome:referable');
});
afterAll(async () => {
  await rest.close();
  await allowing.close();
});

const about = (reference: string): object => ({
  resourceType: 'Basic',
  code: { text: 'x' },
  subject: { reference },
});

test.each([
  ['OperationOutcome/1', 'reference-not-served', 'OperationOutcome is not served here'],
  ['OperationOutcome?_id=x', 'reference-not-served', 'OperationOutcome is not served here'],
])('%s: %s', async (reference, code, says) => {
  const byContent = reference.includes('?') ? [] : ['POST Basic/$validate'];
  for (const line of ['POST Basic', 'POST Basic/$validate?mode=create', ...byContent]) {
    const answer = await rest.send(line, { body: about(reference) });
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
  const reference = 'https://other.example/fhir/OperationOutcome/1';
  const made = await rest.must('POST Basic', { body: about(reference) });
  expect(made.json['subject']).toEqual({ reference });
});

test('the setting allows it, for the types that it names', async () => {
  const made = await allowing.must('POST Basic', { body: about('OperationOutcome/1') });
  expect(made.json['subject']).toEqual({ reference: 'OperationOutcome/1' });
  const judged = await allowing.must('POST Basic/$validate', { body: about('OperationOutcome/1') });
  expect(judged.issues.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(idsOf(await allowing.must('GET Basic?subject=OperationOutcome/1'))).toEqual([made.json.id]);
  const other = await allowing.send('POST Basic', { body: about('Parameters/1') });
  expect(other.code).toBe('reference-not-served');
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
