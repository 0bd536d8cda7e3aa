/**
 * What bad input gets: the status of its row in the table of refusals, an OperationOutcome with the code, the place and
 * the way out, and never half a write.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ISSUES } from '../../../src/fhir/issue.ts';
import * as make from '../../resources.ts';
import { basic, BODY_BYTES_MAX, ENTRIES_MAX, TABLE } from './bad-input.ts';
import { openRest, versionsKept, type Rest, type Sending } from './client.ts';

let rest: Rest;
/** What `{name}` stands for in the rows. */
const names = new Map<string, string>();

beforeAll(async () => {
  rest = await openRest(
    '--body-bytes-max',
    String(BODY_BYTES_MAX),
    '--bundle-entries-max',
    String(ENTRIES_MAX),
    '--json-depth-max',
    '40',
  );
  const patient = await rest.create(make.patient());
  const twin = await rest.create(make.patient());
  const hidden = await rest.create(make.patient(), 'stranger');
  const observation = await rest.create(make.observation(`Patient/${patient.id}`));
  const request = await rest.create(
    make.serviceRequest({
      subject: `Patient/${patient.id}`,
      requester: 'Organization/initiator',
      performer: 'Organization/recipient',
    }),
  );
  for (const [name, { id }] of Object.entries({ patient, twin, hidden, observation, request }))
    names.set(name, id);
  await rest.must(`PUT Patient/${patient.id}`, { body: { ...patient, language: 'de' } });
  const headers = { 'idempotency-key': 'used' };
  await rest.must('POST Basic', { headers, body: basic('the first') });
});
afterAll(() => rest.close());

const filled = (text: string): string =>
  text.replaceAll(/\{(\w+)\}/g, (_all, name: string) => names.get(name) ?? '');
const fillBody = (body: Sending['body']): Sending['body'] => {
  if (body === undefined || body instanceof Uint8Array) return body;
  return typeof body === 'string' ? filled(body) : (JSON.parse(filled(JSON.stringify(body))) as object); // was one
};

describe.each(Object.entries(TABLE))('%s', (_kind, rows) => {
  test.each(rows)('%s', async (_name, ...row) => {
    const [line, sending, code, expression] = row; // named here: a parameter beyond a short row would be Jest's `done`
    const kept = await versionsKept(rest);
    const answer = await rest.send(filled(line), { ...sending, body: fillBody(sending.body) } as Sending);
    expect([answer.code, answer.status]).toEqual([code, ISSUES[code].http]);
    expect(answer.headers.get('content-type')).toBe('application/fhir+json; charset=utf-8');
    const [issue] = answer.issues;
    expect(issue).toMatchObject({
      severity: 'error',
      details: {
        coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/issue', code }],
        text: ISSUES[code].solve,
      },
    });
    expect(issue?.expression).toEqual(expression ?? issue?.expression);
    expect(answer.text).not.toMatch(/node_modules|\.ts[:)]|TypeError|\bat \w+ \(/);
    expect(await versionsKept(rest)).toBe(kept);
  });
});
