/** PUT to an id that may not be seen is answered exactly as PUT to one that nobody used, under both settings (rules 2.7). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';

describe.each(['administrator', 'everyone'])('putToUnusedId=%s', (setting) => {
  let server: TestServer;
  let asked = 100;
  /** Of the initiator: in its own range, anywhere, and deleted since. */
  const INVISIBLE: readonly Ref[] = ['Patient/initiator.1', 'Patient/anywhere', 'Patient/deleted'];
  /** Never used, as long as the others. */
  const UNUSED: readonly Ref[] = ['Patient/initiator.2', 'Patient/nowhere1', 'Patient/neverrr'];

  beforeAll(async () => {
    server = await openServer(['initiator', 'stranger'], '--put-to-unused-id', setting);
    for (const ref of INVISIBLE) {
      const resource = { ...make.patient(), id: ref.slice('Patient/'.length) };
      await server.ask('administrator for initiator', 'PUT', ref, resource);
    }
    await server.ask('initiator', 'DELETE', INVISIBLE[2] ?? '');
  });
  afterAll(() => server.close());

  test('what shall be invisible is here', async () => {
    const statuses = INVISIBLE.map(async (ref) => (await server.ask('initiator', 'GET', ref)).status);
    expect(await Promise.all(statuses)).toEqual([200, 200, 410]);
  });

  const idOf = (ref: Ref): string => ref.slice('Patient/'.length);
  const patientOf = (ref: Ref, more: object = {}) => ({ ...make.patient(), id: idOf(ref), ...more });

  type Put = (ref: Ref) => readonly [url: string, body: object, headers?: Record<string, string>];
  const entry = (ref: Ref, more: object = {}) => ({
    method: 'PUT' as const,
    url: ref,
    resource: patientOf(ref),
    ...more,
  });
  test.each<[string, Put]>([
    ['by itself', (ref) => [ref, patientOf(ref)]],
    ['what is not valid', (ref) => [ref, patientOf(ref, { gender: 'x' })]],
    ['if-match', (ref) => [ref, patientOf(ref), { 'if-match': 'W/"3"' }]],
    ['if-none-match', (ref) => [ref, patientOf(ref), { 'if-none-match': '*' }]],
    ['minimal', (ref) => [ref, patientOf(ref), { prefer: 'return=minimal' }]],
    ['by a condition', (ref) => [`Patient?identifier=none-such`, patientOf(ref)]],
    ['in a batch', (ref) => ['', make.batch(entry(ref))]],
    ['in a transaction', (ref) => ['', make.transaction(entry(ref))]],
    ['in a batch, with ifMatch', (ref) => ['', make.batch(entry(ref, { ifMatch: 'W/"3"' }))]],
  ])('%s', async (_way, put) => {
    for (const [i, invisible] of INVISIBLE.entries()) {
      const told = await toldOf(put, invisible);
      expect(told).toEqual(await toldOf(put, UNUSED[i] ?? 'Patient/none'));
      expect(told).toMatch(/not-found|version-conflict/);
    }
  });

  /** The answer as sent, and the AuditEvents that either side sees of it; without the id and what is each request's own. */
  async function toldOf(put: Put, ref: Ref): Promise<string> {
    const [url, body, headers = {}] = put(ref);
    const requestId = `request-${(asked += 1)}`;
    const sending = { headers: { ...headers, 'x-request-id': requestId } };
    const answer = await server.ask('stranger', url === '' ? 'POST' : 'PUT', url, body, sending);
    const events: unknown[] = [];
    for (const who of ['stranger', 'initiator'])
      for (const event of await server.search(who, 'AuditEvent?_count=20')) {
        const { id: _id, meta: _meta, ...rest } = event;
        if (JSON.stringify(event).includes(requestId)) events.push([who, rest]);
      }
    expect(events.length).toBeGreaterThan(0);
    return JSON.stringify([answer.status, answer.text, answer.headers, events])
      .replaceAll(idOf(ref), '{id}')
      .replaceAll(/request-\d+/g, '{request}')
      .replaceAll(/"(date|recorded)":"[^"]*"/g, '');
  }

  test('an organization names its own within its range, with the setting', async () => {
    const { status } = await server.ask(
      'stranger',
      'PUT',
      'Patient/stranger.1',
      patientOf('Patient/stranger.1'),
    );
    expect(status).toBe(setting === 'everyone' ? 201 : 404);
    const deep: Ref = 'Patient/stranger.x.1';
    expect((await server.ask('stranger', 'PUT', deep, patientOf(deep))).status).toBe(404);
  });
});
