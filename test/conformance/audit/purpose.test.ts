/** The purpose of use: from the token to the audit (compliance D4, V1, V2). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AuditEvent, Ref } from '../../../src/fhir/types.ts';
import { PARTY_KIND_SYSTEM } from '../../../src/resources/parties/kinds.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { refOf } from '../../world.ts';

let server: TestServer;
let patient: Ref;

beforeAll(async () => {
  server = await openServer(undefined, '--token-cache-max', '0', '--client-purposes', 'registry=PUBHLTH');
  patient = refOf(await server.create('initiator', make.patient()));
});
afterAll(() => server.close());

/** Headers of another token of the initiator. */
async function claiming(claims: Readonly<Record<string, unknown>>, client = 'ehr') {
  const { devIssuer } = server.running;
  const asked = { subject: client, client, scope: 'system/*.cruds', organization: 'Organization/initiator' };
  const token = await devIssuer?.sign({ ...asked, organization: 'Organization/initiator', claims });
  return { headers: { authorization: `Bearer ${token ?? ''}` } };
}

const purposesIn = ({ purposeOfEvent = [] }: AuditEvent): readonly string[] =>
  purposeOfEvent.flatMap(({ coding = [] }) => coding.map(({ code = '' }) => code));

/** The purposes of the newest event about the patient. */
async function newest(): Promise<readonly string[]> {
  const [event] = await server.auditOf('initiator', patient);
  return event === undefined ? [] : purposesIn(event);
}

test.each<[string, Readonly<Record<string, unknown>>, string, readonly string[]]>([
  ['claimed', { purpose_of_use: 'HPAYMT' }, 'ehr', ['HPAYMT']],
  ['a kind of another', { purpose_of_use: 'CAREMGT' }, 'ehr', ['CAREMGT']],
  ['two', { purpose_of_use: ['TREAT', 'HPAYMT'] }, 'ehr', ['TREAT', 'HPAYMT']],
  ['of a client that the settings name', { purpose_of_use: 'PUBHLTH' }, 'registry', ['PUBHLTH']],
  ['of a provider', {}, 'ehr', ['TREAT']],
  ['of the patient', { fhirUser: 'Patient/1' }, 'ehr', ['PATRQT']],
])('(compliance D4, V2) an AuditEvent has the purpose: %s', async (_says, claims, client, purposes) => {
  const sending = await claiming(claims, client);
  expect((await server.ask('initiator', 'GET', patient, undefined, sending)).status).toBe(200);
  expect(await newest()).toEqual(purposes);
  const change = [{ op: 'add', path: '/active', value: purposes.length === 1 }];
  expect((await server.ask('initiator', 'PATCH', patient, change, sending)).status).toBe(200);
  expect(await newest()).toEqual(purposes);
});

test('(compliance D4) who is no provider asks for its operations', async () => {
  const type = [{ coding: [{ system: PARTY_KIND_SYSTEM, code: 'health-plan' }] }];
  const plan = { ...(await server.read('administrator', 'Organization/initiator')), type };
  expect((await server.ask('administrator', 'PUT', 'Organization/initiator', plan)).status).toBe(200);
  await server.read('initiator', patient);
  expect(await newest()).toEqual(['HOPERAT']);
});

test('(compliance D4) a purpose that its client may not act for is refused', async () => {
  const sending = await claiming({ purpose_of_use: 'BTG' });
  const refused = await server.ask('initiator', 'GET', patient, undefined, sending);
  expect([refused.status, refused.code, refused.says]).toEqual([
    403,
    'purpose-not-allowed',
    'This client may not act for purpose BTG.',
  ]);
});
