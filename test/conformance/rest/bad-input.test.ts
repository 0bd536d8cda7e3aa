/**
 * What bad input gets: the status of its row in the table of refusals, an OperationOutcome with the code, the place and
 * the way out, and never half a write.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../src/server/config.ts';
import { ISSUES } from '../../../src/fhir/issue.ts';
import type { OperationOutcome, Resource } from '../../../src/fhir/types.ts';
import { createLog } from '../../../src/http/log.ts';
import { start } from '../../../src/server/compose.ts';
import * as make from '../../resources.ts';
import { basic, BODY_BYTES_MAX, ENTRIES_MAX, TABLE } from './bad-input.ts';
import { clientOf, entriesOf, openRest, versionsKept, type Rest, type Sending } from './client.ts';

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
        text: expect.stringContaining(ISSUES[code].solve),
      },
    });
    // The fact stands before the way out.
    expect(issue?.details?.text?.startsWith(issue.diagnostics ?? '')).toBe(true);
    expect(issue?.expression).toEqual(expression ?? issue?.expression);
    expect(answer.text).not.toMatch(/node_modules|\.ts[:)]|TypeError|\bat \w+ \(/);
    expect(await versionsKept(rest)).toBe(kept);
  });
});

const entry = (parts: object) => ({ resourceType: 'Bundle', type: 'batch', entry: [parts] });
const about = (reference: string) => ({ ...make.observation('Patient/x'), subject: { reference } });

describe('what is said', () => {
  test.each<readonly [line: string, body: object | undefined, says: string | RegExp]>([
    ['GET task/1', undefined, 'did you mean Task?'],
    ['GET TASK', undefined, 'TASK is not served; did you mean Task?'],
    ['GET Tasks', undefined, 'did you mean Task?'],
    ['GET Patient/{patient}/observation', undefined, 'nothing at this address'],
    ['GET Patient/{patient}/Observations', undefined, 'did you mean Observation?'],
    [
      'POST Task',
      { resourceType: 'task' },
      'the address is of Task, the resourceType of the body is not one of R4; did you mean Task? The',
    ],
    [
      'POST Task/$validate',
      { resourceType: 'task' },
      'the address is of Task, the resourceType of the body is not one of R4; did you mean Task? The',
    ],
    ['POST Observation', about('patient/1'), 'did you mean Patient?'],
    [
      'POST Bundle',
      { ...entry({ resource: { resourceType: 'patient' } }), type: 'collection' },
      'did you mean Patient?',
    ],
    ['POST ', entry({ resource: basic('x') }), '(bdl-3)'],
    ['POST ', { ...entry({ resource: basic('x') }), type: 'transaction' }, '(bdl-3)'],
    ['DELETE Patient?_id={patient},{twin}', undefined, '2 resources of type Patient match the condition'],
    [
      'POST Observation',
      about('Patient?_id={patient},{twin}'),
      '2 resources of type Patient match the condition',
    ],
    ['PUT Task/{task}', { status: 'ready' }, 'may, from'],
    ['PUT Task/{task}', { status: 'completed' }, 'may, from'],
  ])('%s: %#', async (line, body, says) => {
    const task = line.includes('{task}') ? await theTask() : undefined;
    const sent = task === undefined ? body : { ...task, ...body };
    const at = filled(line.replace('{task}', task?.id ?? ''));
    const answer = await rest.send(at, { ...(sent && { body: fillBody(sent) }) } as Sending);
    const issue =
      answer.issues[0] ?? (entriesOf(answer)[0]?.response?.outcome as OperationOutcome | undefined)?.issue[0];
    expect(issue?.details?.text).toContain(says);
  });
});

/** The Task that a new order has opened. */
async function theTask(): Promise<Resource> {
  const order = make.serviceRequest({
    subject: `Patient/${names.get('patient')}`,
    requester: 'PractitionerRole/initiator',
    performer: 'PractitionerRole/recipient',
  });
  const { id } = await rest.create(order);
  const found = await rest.must(`GET Task?focus=ServiceRequest/${id}`);
  return entriesOf(found)[0]?.resource as unknown as Resource; // the server sends resources
}

test('a body that ends early leaves nothing', async () => {
  const kept = await versionsKept(rest);
  const { port } = rest.server.running;
  const authorization = `Bearer ${await rest.sign({})}`;
  const headers = { authorization, 'content-type': 'application/fhir+json', 'content-length': '1000' };
  await new Promise<void>((resolve) => {
    const sent = httpRequest({ port, path: '/fhir/Basic', method: 'POST', headers });
    sent.on('error', () => resolve());
    sent.write(JSON.stringify(basic('cut')));
    sent.flushHeaders();
    setTimeout(() => sent.destroy(), 50);
  });
  await rest.must('GET Basic?_id=none');
  expect(await versionsKept(rest)).toBe(kept);
});

test('a search that takes too long is ended: 503, when to try again, and what to do', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-costly-'));
  const config = readConfig(['--demo', '--port', '0', '--data-dir', folder], {});
  const log = createLog(
    'error',
    (lines) => process.stderr.write(lines),
    () => Date.now(),
  );
  // Shorter than the settings allow, so that a little is too much.
  const running = await start({ ...config, searchTimeoutMs: 1 }, log);
  const { send, must } = await clientOf(running);
  const as = 'administrator';
  const entry = Array.from({ length: 1000 }, (_none, index) => ({
    resource: make.organization(`o${index}`, { alias: [`the long way round ${index}`] }),
    request: { method: 'PUT', url: `Organization/o${index}` },
  }));
  await must('POST ', { as, body: { resourceType: 'Bundle', type: 'transaction', entry } });
  const costly = `GET Organization?${'name:contains=o&'.repeat(40)}_sort=name&_total=accurate&_count=1000`;
  const ask = () => send(costly, { as });
  let answer = await ask();
  // It waits no longer than it may run: where a thread is not free at once it is refused as busy, and asked again.
  while (answer.code === 'busy') answer = await ask();
  expect([answer.status, answer.code]).toEqual([503, 'search-too-costly']);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(answer.issues[0]?.details?.text).toContain('Add a selective parameter');
  await running.stop();
  rmSync(folder, { recursive: true });
});
