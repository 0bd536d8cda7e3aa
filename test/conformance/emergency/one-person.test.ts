/**
 * Over HTTP, a person is one person however an issuer spells `fhirUser`: by the whole address for one client, by a relative
 * reference for another. And an assessment of an incident says how confidential it was what that person read.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { BASE } from '../../world.ts';
import { act, conf } from '../labels/scene.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient']);
});
afterAll(() => server.close());

interface Person {
  readonly at: string;
  readonly user: string;
  readonly scope: string;
  readonly subject?: string;
}

interface Answered {
  readonly status: number;
  readonly json: Resource;
}

async function ask(person: Person, method: string, url: string, body?: object): Promise<Answered> {
  const { at, user, scope, subject = user } = person;
  const { devIssuer, port } = server.running;
  const roles = scope === 'closeloop/break-glass' ? 'clinician' : 'compliance';
  const token = await devIssuer?.sign({
    subject,
    client: `client-${at}`,
    scope: `user/*.cruds ${scope}`,
    organization: `Organization/${at}`,
    claims: {
      roles,
      fhirUser: user,
      sid: 'sitting',
      auth_time: Math.floor(Date.now() / 1000) - 9,
      amr: ['mfa'],
    },
  });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' };
  const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
  const response = await fetch(`http://127.0.0.1:${port}/fhir/${url}`, init);
  return { status: response.status, json: (await response.json()) as Resource };
}

const parameters = (given: Readonly<Record<string, object>>): object => ({
  resourceType: 'Parameters',
  parameter: Object.entries(given).map(([name, value]) => ({ name, ...value })),
});

const EMERGENCY = parameters({
  reason: { valueCode: 'medical-emergency' },
  nature: { valueString: 'Found unconscious' },
  personnel: { valueString: 'Dr Ada Ward' },
  affiliation: { valueString: 'Recipient Clinic' },
});

/** A patient of the initiator who is referred to the recipient, with a finding that goes along. */
async function refer(): Promise<{ readonly patient: Ref; readonly finding: Ref }> {
  const patient: Ref = `Patient/${(await server.create('initiator', make.patient())).id}`;
  const restricted = { meta: { security: [conf('R'), act('PSY')] } };
  const finding: Ref = `Condition/${(await server.create('initiator', make.condition(patient, restricted))).id}`;
  const parties = { requester: 'Organization/initiator', performer: 'Organization/recipient' } as const;
  await server.create(
    'initiator',
    make.serviceRequest({ subject: patient, ...parties }, { reasonReference: [make.to(finding)] }),
  );
  return { patient, finding };
}

const doctor = (user: string): Person => ({ at: 'recipient', user, scope: 'closeloop/break-glass' });
const breakGlass = (user: string, patient: Ref) =>
  ask(doctor(user), 'POST', `${patient}/$break-glass`, EMERGENCY);

test.each([`${BASE}/Practitioner/ada`, 'Practitioner/ada/_history/2'])(
  '(compliance E6) %s does not review the access of Practitioner/ada',
  async (user) => {
    const { patient } = await refer();
    expect((await breakGlass('Practitioner/ada', patient)).status).toBe(201);
    const [review] = await server.search('initiator', `Task?code=break-glass-review&patient=${patient}`);
    const officer = { at: 'initiator', user, scope: 'closeloop/privacy', subject: 'another-login' };
    const result = parameters({ result: { valueCode: 'justified' } });
    expect((await ask(officer, 'POST', `Task/${review?.id}/$review`, result)).status).toBe(403);
  },
);

test('(compliance E8) the sixth grant of a day is the sixth by either spelling, and nobody confirms for oneself', async () => {
  const { patient } = await refer();
  const [short, long] = ['Practitioner/bea', `${BASE}/Practitioner/bea`] as const;
  for (const user of [short, long, short, long, short])
    expect((await breakGlass(user, patient)).status).toBe(201);
  expect([(await breakGlass(short, patient)).status, (await breakGlass(long, patient)).status]).toEqual([
    403, 403,
  ]);
  const confirm = (by: string, user: string) =>
    ask(doctor(by), 'POST', `${patient}/$confirm-break-glass`, parameters({ user: { valueString: user } }));
  for (const [by, user] of [
    [short, long],
    [long, short],
  ] as const)
    expect((await confirm(by, user)).status).toBe(403);
  expect((await confirm('Practitioner/cyd', long)).status).toBe(200);
  expect((await breakGlass(short, patient)).status).toBe(201);
});

test('(audit-compliance AU36) an assessment finds a person by either spelling, and says how confidential it was', async () => {
  const { patient, finding } = await refer();
  const reader = doctor(`${BASE}/Practitioner/dot`);
  expect((await ask(reader, 'GET', finding)).status).toBe(200);
  expect((await breakGlass('Practitioner/dot', patient)).status).toBe(201);
  for (const user of ['Practitioner/dot', `${BASE}/Practitioner/dot`]) {
    const officer = { at: 'recipient', user: 'Practitioner/officer', scope: 'closeloop/compliance' };
    const sheet = await ask(officer, 'GET', `$incident-sheet?user=${encodeURIComponent(user)}`);
    const lines = (sheet.json['parameter'] as readonly { readonly part?: readonly Part[] }[]).map(
      ({ part = [] }) => new Map(part.map(({ name, valueString }) => [name, valueString])),
    );
    const line = lines.find((one) => one.get('version')?.startsWith(`${finding}/`));
    expect(line?.get('confidentiality')).toBe('R');
    // The review at the other organization was made by the server, and shown to nobody here.
    expect(lines.filter((one) => one.get('version')?.startsWith('Task/'))).toEqual([]);
  }
});

interface Part {
  readonly name: string;
  readonly valueString?: string;
}
