/** Refused reads in the books of both (audit-compliance AU4; compliance I1). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AuditEvent, Ref } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { refOf } from '../../world.ts';

let server: TestServer;
let patient: Ref;
beforeAll(async () => {
  server = await openServer();
  patient = refOf(await server.create('initiator', make.patient()));
  const order = make.serviceRequest({
    subject: patient,
    requester: 'PractitionerRole/initiator',
    performer: 'Organization/recipient',
    placer: 'D-1',
  });
  const { link = 'Task/0' } = await server.ask('initiator', 'POST', 'ServiceRequest', order);
  await server.sentTo('recipient', link, 1);
  for (const end = Date.now() + 5000; Date.now() < end;)
    if ((await server.outboxOf(link)).every(({ state }) => state === 'accepted')) break;
  await server.create('initiator', make.consent(patient, { provision: { type: 'deny' } }));
});
afterAll(() => server.close());

const refused = async (who: string): Promise<readonly AuditEvent[]> =>
  (await server.auditOf(who, patient)).filter(({ outcome }) => outcome === '4');
const textOf = (events: readonly AuditEvent[]): string => JSON.stringify(events);

test('(audit-compliance AU4) a denied read is told its keeper with organization and outcome, and no more', async () => {
  expect((await server.ask('recipient', 'GET', patient)).code).toBe('disclosure-denied');
  const [told, ...others] = await refused('initiator');
  expect(others).toEqual([]);
  expect(told?.outcomeDesc).toMatch(/^disclosure-denied/);
  expect(told?.agent[0]).toMatchObject({ who: { reference: 'Organization/recipient' }, requestor: true });
  expect(textOf([told!])).not.toMatch(/subject-recipient|client-recipient|audit-session|127\.0\.0\.1/);
});

test('(compliance I1) its asker has the exception of 45 CFR 171 on record', async () => {
  expect(textOf(await refused('recipient'))).toContain('privacy-individual-request');
});

test('a guess of somebody whom no referral brings it to is in nobody else’s books', async () => {
  expect((await server.ask('stranger', 'GET', patient)).code).toBe('not-found');
  expect(textOf(await refused('initiator'))).not.toContain('Organization/stranger');
});

test('(audit-compliance AU4) (compliance L6) of what must not be told the keeper learns, and the asker nothing', async () => {
  const ours = refOf(await server.create('initiator', make.patient()));
  const security = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: '42CFRPart2' }];
  const note = await server.create('initiator', make.condition(ours));
  const order = make.serviceRequest(
    {
      subject: ours,
      requester: 'PractitionerRole/initiator',
      performer: 'Organization/recipient',
      placer: 'D-2',
    },
    { supportingInfo: [make.to(refOf(note))] },
  );
  await server.create('initiator', order);
  // Labelled after the referral: an order that told it would need the patient's consent.
  const labelled = { ...(await server.read('initiator', refOf(note))), meta: { security } };
  expect((await server.ask('initiator', 'PUT', refOf(note), labelled)).status).toBe(200);
  expect((await server.ask('recipient', 'GET', refOf(note))).code).toBe('not-found');
  expect((await server.ask('recipient', 'GET', 'Condition/never-was')).code).toBe('not-found');
  const told = (await server.auditOf('initiator', refOf(note))).filter(({ outcome }) => outcome === '4');
  expect(told.map(({ subtype }) => subtype?.[0]?.code)).toContain('AuthZ-Consent'); // 'gate-denied'
  expect(textOf(told)).toContain('Organization/recipient');
  expect(textOf(told)).toContain('privacy-precondition');
  // In the asker's own books it looks like any other guess.
  const shape = async (ref: string): Promise<string> =>
    textOf(await server.auditOf('recipient', ref as Ref)).replaceAll(
      /Condition\/[\w.-]+|"[\w-]{36}"|"\d+(-\d+)?"|"\d{4}-[^"]*Z"/g,
      '?',
    );
  expect(await shape(refOf(note))).toBe(await shape('Condition/never-was'));
});

test('the report of accesses counts it as refused', async () => {
  const asked = { subject: 'officer', client: 'ehr', organization: 'Organization/initiator' } as const;
  const token = await server.running.devIssuer?.sign({ ...asked, scope: 'system/*.cruds closeloop/privacy' });
  const headers = { authorization: `Bearer ${token ?? ''}` };
  const report = await server.ask('initiator', 'GET', `${patient}/$access-report`, undefined, { headers });
  const lines = (
    report.json['parameter'] as { part: { name: string; valueString?: string; valueInteger?: number }[] }[]
  ).map(({ part }) =>
    Object.fromEntries(
      part.map(({ name, valueString, valueInteger }) => [name, valueString ?? valueInteger]),
    ),
  );
  expect(lines.find(({ organization }) => organization === 'Organization/recipient')).toMatchObject({
    refused: 1,
  });
});
