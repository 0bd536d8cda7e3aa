/** Who acted, in which sitting, and what left: members of the audit row, and the searches that find them. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AuditEvent, Ref } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { refOf } from '../../world.ts';

const SYSTEM = 'https://closeloop.dev/fhir/sid/audit-';
const BALP = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/';
const OTHER_ID = `${BALP}ihe-otherId`;

let server: TestServer;
let patient: Ref;
let doctor: Ref;

beforeAll(async () => {
  server = await openServer(undefined, '--token-cache-max', '0');
  patient = refOf(await server.create('initiator', make.patient()));
  const named = { resourceType: 'Practitioner', name: [{ given: ['Ada', 'M'], family: 'Byron' }] } as const;
  doctor = refOf(await server.create('initiator', named));
});
afterAll(() => server.close());

/** Headers of a token of the initiator, and of one of its tabs. */
async function sitting(claims: Readonly<Record<string, unknown>>, tab?: string) {
  const asked = { subject: 'someone', client: 'ehr', scope: 'system/*.cruds' };
  const token = await server.running.devIssuer?.sign({
    ...asked,
    organization: 'Organization/initiator',
    claims,
  });
  return {
    headers: { authorization: `Bearer ${token ?? ''}`, ...(tab !== undefined && { 'x-tab-id': tab }) },
  };
}

const events = async (who: string, query: string): Promise<readonly AuditEvent[]> =>
  (await server.search(who, `AuditEvent?${query}`)) as unknown as readonly AuditEvent[]; // a search of AuditEvents

/** The identifiers that the requestor has beside its own, by the end of their systems. */
function sittingIn({ agent }: AuditEvent): readonly (readonly [string, string])[] {
  return agent.flatMap(({ requestor, extension = [] }) =>
    extension.map(({ url, valueIdentifier }) => {
      expect([requestor, url]).toEqual([true, OTHER_ID]);
      return [String(valueIdentifier?.system).replace(SYSTEM, ''), String(valueIdentifier?.value)] as const;
    }),
  );
}

describe('(audit-compliance AU10) (audit-compliance AU13) (harmony Z35) a sitting', () => {
  test('is told with its tab at the requesting agent, and one search tells its story in order', async () => {
    const one = await sitting({ sid: 'sitting-one' }, 'tab-000-A');
    const other = await sitting({ sid: 'sitting-one' }, 'tab-000-B');
    const another = await sitting({ sid: 'sitting-two' });
    await server.ask('initiator', 'GET', patient, undefined, one);
    await server.ask('initiator', 'GET', 'Task?status=requested', undefined, other);
    await server.ask('initiator', 'GET', patient, undefined, another);
    await server.ask('initiator', 'GET', patient, undefined, one);
    const story = await events('initiator', 'session=sitting-one&_sort=date');
    expect(
      story.map((event) => [event.subtype?.[0]?.code, ...sittingIn(event).map(([, value]) => value)]),
    ).toEqual([
      ['read', 'sitting-one', 'tab-000-A'],
      ['search-type', 'sitting-one', 'tab-000-B'],
      ['read', 'sitting-one', 'tab-000-A'],
    ]);
    expect(await events('initiator', 'tab=tab-000-B')).toHaveLength(1);
    expect(await events('initiator', 'session=sitting-one&tab=tab-000-A&_sort=-date')).toHaveLength(2);
    expect(
      (await server.ask('initiator', 'GET', 'AuditEvent?session=sitting-one&_summary=count')).json['total'],
    ).toBe(3);
  });

  test('of a token without a session is its id, else a digest of it, and never its text', async () => {
    const named = await sitting({ jti: 'token-nine' });
    await server.ask('initiator', 'GET', patient, undefined, named);
    expect(await events('initiator', 'session=token-nine')).toHaveLength(1);
    const bare = await sitting({ bare: 1 });
    await server.ask('initiator', 'GET', `${patient}?_summary=text`, undefined, bare);
    const token = bare.headers.authorization.slice('Bearer '.length);
    const digest = createHash('sha256').update(token).digest().subarray(0, 16).toString('base64url');
    expect(await events('initiator', `session=${digest}`)).toHaveLength(1);
  });

  test('is its own organization’s affair: a peer neither sees it nor finds by it', async () => {
    const shared = await server.ask(
      'initiator',
      'POST',
      'ServiceRequest',
      referral(),
      await sitting({ sid: 'secret-one' }, 'secret-tab'),
    );
    const seen = await events('recipient', `entity=${shared.link}`);
    expect(seen).not.toEqual([]);
    expect(JSON.stringify(seen)).not.toContain('secret-');
    expect(await events('recipient', 'session=secret-one')).toEqual([]);
    expect(await events('recipient', 'tab=secret-tab')).toEqual([]);
    expect(await events('initiator', 'session=secret-one&tab=secret-tab')).not.toEqual([]);
  });
});

let placers = 0;
const referral = () =>
  make.serviceRequest({
    subject: patient,
    requester: 'PractitionerRole/initiator',
    performer: 'Organization/recipient',
    placer: `S-${(placers += 1)}`,
  });

describe('(audit-compliance AU1) who acted', () => {
  test('has the name that it had then, and how and when it logged in', async () => {
    const at = Math.floor(Date.now() / 1000) - 60;
    const headers = await sitting({ fhirUser: doctor, sid: 'of-ada', amr: ['pwd', 'otp'], auth_time: at });
    await server.ask('initiator', 'GET', patient, undefined, headers);
    const renamed = { ...(await server.read('initiator', doctor)), name: [{ text: 'Ada Lovelace' }] };
    await server.ask('initiator', 'PUT', doctor, renamed);
    await server.ask('initiator', 'GET', patient, undefined, headers);
    expect((await server.ask('initiator', 'DELETE', doctor)).status).toBeLessThan(300);
    const told = await events('initiator', 'session=of-ada&_sort=date');
    expect(told.map(({ agent }) => agent[0]?.name)).toEqual(['Ada M Byron', 'Ada Lovelace']);
    expect(told.map(sittingIn)).toEqual(
      [told, told].map(() => [
        ['session', 'of-ada'],
        ['amr', 'pwd'],
        ['amr', 'otp'],
        ['auth-time', new Date(at * 1000).toISOString()],
      ]),
    );
    expect(await events('initiator', 'agent-name:contains=Lovelace')).toHaveLength(1);
  });

  test.each(['Patient/somebody', 'RelatedPerson/somebody'])('no name is kept of %s', async (fhirUser) => {
    const headers = await sitting({ fhirUser, sid: `of-${fhirUser.split('/')[0]}`, name: 'Pat Example' });
    await server.ask('initiator', 'GET', patient, undefined, headers);
    const told = await events('initiator', `session=of-${fhirUser.split('/')[0]}`);
    expect(told.map(({ agent }) => agent[0]?.name)).toEqual([undefined]);
    expect(JSON.stringify(told)).not.toContain('Pat Example');
  });
});

describe('(compliance V1) (compliance V3) a delivery', () => {
  test('is on record with the hash of what left, by which one search finds it at both', async () => {
    const { link = 'Task/0' } = await server.ask('initiator', 'POST', 'ServiceRequest', referral());
    const [sent] = await server.sentTo('recipient', link, 1);
    const sha256 = createHash('sha256')
      .update(sent?.text ?? '')
      .digest('hex');
    const found = async (who: string) => events(who, `content-hash=${sha256}`);
    for (const end = Date.now() + 5000; (await found('initiator')).length === 0 && Date.now() < end;);
    const [told] = await found('initiator');
    expect(told?.meta?.profile).toEqual([`${BALP}IHE.BasicAudit.PrivacyDisclosure.Source`]);
    expect(
      told?.agent.map(({ type, who, requestor }) => [type?.coding?.[0]?.code, who?.reference, requestor]),
    ).toEqual([
      ['159541003', 'Organization/initiator', true],
      ['110153', undefined, false],
      ['110152', 'Organization/recipient', false],
    ]);
    const [source, recipient] = told?.agent.slice(1) ?? [];
    expect(source?.who).toEqual(told?.source.observer);
    expect([source?.network, recipient?.network].every((network) => network?.address !== undefined)).toBe(
      true,
    );
    expect((await found('recipient')).map(({ id }) => id)).toEqual([told?.id]);
    expect(await found('stranger')).toEqual([]);
  });
});
