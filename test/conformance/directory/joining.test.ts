/** What a listed organization sees when it becomes a member: what runs, and no old chart (docs/directory.md). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import { DERIVATION } from '../../../src/operations/values.ts';
import { verifyDerived } from '../../../src/stores/embedded/verify/derived-proof.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';

const JOINER = 'Organization/joiner';

let server: TestServer;
let patient: Ref;

beforeAll(async () => {
  server = await openServer(['initiator']);
  await server.ask('administrator', 'PUT', JOINER, make.organization('joiner'));
  patient = `Patient/${(await server.create('initiator', make.patient())).id}`;
});
afterAll(() => server.close());

async function refer(): Promise<string> {
  const order = make.serviceRequest({
    subject: patient,
    requester: 'PractitionerRole/initiator',
    performer: JOINER,
  });
  return (await server.ask('initiator', 'POST', 'ServiceRequest', order)).link ?? '';
}
const file = (task: string) =>
  server.ask('initiator', 'PATCH', task, [{ op: 'add', path: '/note', value: [{ text: 'filed' }] }]);
const end = (task: string) =>
  server.ask('initiator', 'PATCH', task, [
    { op: 'replace', path: '/status', value: 'entered-in-error' },
    { op: 'add', path: '/statusReason', value: { text: 'Another patient was meant' } },
  ]);

test('(directory DR4) a listed organization that joins reads the referrals that run, and no ended one', async () => {
  const open = await refer();
  const ended = await refer();
  expect((await end(ended)).status).toBe(200);
  const token = await server.running.devIssuer?.sign({
    subject: 'somebody',
    client: 'joiner',
    scope: 'system/*.rs',
    organization: JOINER,
  });
  const headers = { authorization: `Bearer ${token}` };
  const status = async (ref: string) =>
    (await server.ask('initiator', 'GET', ref, undefined, { headers })).status;
  expect(await status(open)).toBe(403);
  expect((await server.ask('administrator', 'POST', `${JOINER}/$admit`)).status).toBe(200);
  expect([await status(open), await status(patient), await status(ended)]).toEqual([200, 200, 404]);
  expect(await status(`${ended}/_history`)).toBe(404);
  // Nor does an edit of what ended open it; what runs goes on.
  expect([(await file(ended)).status, (await file(open)).status]).toEqual([200, 200]);
  expect([await status(open), await status(ended)]).toEqual([200, 404]);
  expect((await end(open)).status).toBe(200);
  expect((await file(open)).status).toBe(200);
  expect(await status(open)).toBe(200);
  await server.running.stop();
  const { folder } = server.running.store as unknown as { readonly folder: string };
  expect(verifyDerived(folder, DERIVATION).faults).toEqual([]);
});
