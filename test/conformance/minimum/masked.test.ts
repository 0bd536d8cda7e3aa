/** The tag of an answer that shows a part of a version (harmony Z6), over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { ofKind, SOCIAL } from './scene.ts';

let server: TestServer;
let patient: Ref;
let version: string;
beforeAll(async () => {
  server = await openServer(['initiator', 'cbo']);
  await server.ask('administrator', 'PUT', 'Organization/cbo', ofKind('cbo', 'community-organization'));
  const created = await server.create('initiator', make.patient());
  patient = `Patient/${created.id}`;
  version = created.meta?.versionId ?? '';
  await server.create(
    'initiator',
    make.serviceRequest(
      { subject: patient, requester: 'PractitionerRole/initiator', performer: 'PractitionerRole/cbo' },
      SOCIAL,
    ),
  );
});
afterAll(() => server.close());

describe('(harmony Z6) an answer that shows a part', () => {
  test('has a tag of its own', async () => {
    const shown = await server.ask('cbo', 'GET', patient);
    const whole = await server.ask('initiator', 'GET', patient);
    expect([shown.headers['etag'], whole.headers['etag']]).toEqual([`W/"${version}m"`, `W/"${version}"`]);
  });

  test('is the same until the version changes, and no whole is', async () => {
    const again = (tag: string) =>
      server.ask('cbo', 'GET', patient, undefined, { headers: { 'if-none-match': tag } });
    expect((await again(`W/"${version}m"`)).status).toBe(304);
    expect((await again(`W/"${version}"`)).status).toBe(200);
  });

  test('is no ground to write the whole', async () => {
    const { json } = await server.ask('cbo', 'GET', patient);
    const put = await server.ask('cbo', 'PUT', patient, json, { headers: { 'if-match': `W/"${version}m"` } });
    expect(put.status).toBe(422);
    expect(put.text).toContain('masked-write');
    const kept = await server.read('initiator', patient);
    expect(kept.meta?.versionId).toBe(version);
  });
});
