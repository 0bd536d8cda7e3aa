/** Audit rows as AuditEvents: the BALP pattern of each kind, what each viewer is shown, and ids. */
import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import type { AuditEntry, AuditRow } from '../../../src/ports/store.ts';
import {
  auditId,
  parseAuditId,
  renderAuditEvent,
  type AuditViewer,
} from '../../../src/resources/audit-event-render.ts';
import { validateResource } from '../../../src/resources/validate.ts';

const AT = '2026-01-02T03:04:05.678Z';
const CLINIC = 'Organization/clinic';
const HUB = 'Organization/hub';
const SOURCE = { name: 'closeloop', base: 'https://example.org/fhir' };
const ALL: AuditViewer = { organization: undefined, everything: true };
const PEER: AuditViewer = { organization: HUB, everything: false };
const BALP = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.';

const ENTRY: AuditEntry = {
  event: 'read',
  action: 'R',
  outcome: '0',
  agent: {
    organization: CLINIC,
    client: 'ehr',
    subject: 'user-7',
    user: 'Practitioner/p',
    address: '192.0.2.7',
  },
  requestId: 'req-1',
  entities: ['Task/t/_history/12'],
  patients: ['Patient/a'],
  viewers: [HUB],
};

const rowOf = (change: Partial<AuditEntry> = {}): AuditRow => ({
  seq: 40,
  position: 2,
  at: AT,
  entry: { ...ENTRY, ...change },
});
const render = (change: Partial<AuditEntry> = {}, viewer: AuditViewer = ALL) =>
  renderAuditEvent(rowOf(change), viewer, SOURCE);

describe('the pattern of each kind of event', () => {
  const search: Partial<AuditEntry> = {
    action: 'E',
    query: 'patient=a',
    entities: ['Task/t/_history/12', 'Task/u/_history/9'],
  };

  test.each<[string, Partial<AuditEntry>, string, string | undefined, string, string]>([
    // event, change → subtype, profile, client role, server role
    ['read', {}, 'read', 'PatientRead', '110152', '110153'],
    ['read', { patients: [] }, 'read', 'Read', '110152', '110153'],
    ['vread', {}, 'vread', 'PatientRead', '110152', '110153'],
    ['create', { action: 'C' }, 'create', 'PatientCreate', '110153', '110152'],
    ['update', { action: 'U' }, 'update', 'PatientUpdate', '110153', '110152'],
    ['patch', { action: 'U', patients: [] }, 'patch', 'Update', '110153', '110152'],
    ['delete', { action: 'D' }, 'delete', 'PatientDelete', '110150', 'custodian'],
    ['search-type', search, 'search-type', 'PatientQuery', '110153', '110152'],
    [
      'search-system',
      { ...search, patients: [], entities: [] },
      'search-system',
      'Query',
      '110153',
      '110152',
    ],
    ['history-instance', { action: 'R' }, 'history-instance', undefined, '110152', '110153'],
    ['transaction', { action: 'E' }, 'transaction', undefined, '110153', '110152'],
    ['operation', { action: 'E' }, 'operation', undefined, '110153', '110152'],
    ['something-new', { action: 'E' }, 'operation', undefined, '110153', '110152'],
    // what BALP asks for is not all there
    ['read', { outcome: '4', issue: 'not-found' }, 'read', undefined, '110152', '110153'],
    [
      'search-type',
      { ...search, patients: ['Patient/a', 'Patient/b'] },
      'search-type',
      undefined,
      '110153',
      '110152',
    ],
    ['update', { action: 'U', entities: ['Task/t', 'Task/u'] }, 'update', undefined, '110153', '110152'],
    [
      'read',
      { agent: { organization: CLINIC, client: 'ehr', subject: 'ehr' } },
      'read',
      undefined,
      '110152',
      '110153',
    ],
  ])('%s %j', (event, change, subtype, profile, client, server) => {
    const rendered = render({ event, ...change });
    expect(rendered.type).toMatchObject({
      system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
      code: 'rest',
    });
    expect(rendered.subtype?.[0]).toEqual({
      system: 'http://hl7.org/fhir/restful-interaction',
      code: subtype,
      display: subtype,
    });
    expect(rendered.meta?.profile).toEqual(profile && [BALP + profile]);
    const roles = rendered.agent.map(({ type }) => type?.coding?.[0]?.code);
    expect(roles).toContain(client);
    expect(roles.at(-1)).toBe(server);
  });

  test.each([
    ['login', '110114', '110122'],
    ['deliver', '110106', 'disclose'],
    ['disclose-elsewhere', '110106', 'disclose'],
    ['gate-denied', '110113', 'AuthZ-Consent'],
    ['admin', '110113', '110132'],
    ['job', '110100', 'amend'],
  ])('%s', (event, type, subtype) => {
    expect(render({ event })).toMatchObject({ type: { code: type }, subtype: [{ code: subtype }] });
  });
});

test('a read, whole', () => {
  expect(render()).toEqual({
    resourceType: 'AuditEvent',
    id: '40-2',
    meta: { versionId: '40', lastUpdated: AT, profile: [`${BALP}PatientRead`] },
    type: expect.objectContaining({ code: 'rest' }),
    subtype: [expect.objectContaining({ code: 'read' }), expect.objectContaining({ code: 'disclose' })],
    action: 'R',
    recorded: AT,
    outcome: '0',
    purposeOfEvent: [{ coding: [expect.objectContaining({ code: 'TREAT' })] }],
    agent: [
      {
        type: { coding: [expect.objectContaining({ code: 'IRCP' })] },
        who: { reference: 'Practitioner/p', identifier: { value: 'user-7' } },
        requestor: true,
      },
      {
        type: { coding: [expect.objectContaining({ code: '110152' })] },
        who: { identifier: { value: 'ehr' } },
        network: { address: '192.0.2.7', type: '2' },
        requestor: false,
      },
      {
        type: { coding: [expect.objectContaining({ code: 'PROV' })] },
        who: { reference: CLINIC },
        requestor: false,
      },
      {
        type: { coding: [expect.objectContaining({ code: '110153' })] },
        who: { type: 'Device', identifier: { value: 'closeloop' }, display: 'closeloop' },
        network: { address: 'https://example.org/fhir', type: '5' },
        requestor: false,
      },
    ],
    source: {
      observer: { type: 'Device', identifier: { value: 'closeloop' }, display: 'closeloop' },
      type: [expect.objectContaining({ code: '4' })],
    },
    entity: [
      {
        what: { reference: 'Task/t/_history/12' },
        type: expect.objectContaining({ code: '2' }),
        role: expect.objectContaining({ code: '4' }),
      },
      {
        what: { reference: 'Patient/a' },
        type: expect.objectContaining({ code: '1' }),
        role: expect.objectContaining({ code: '1' }),
      },
      {
        what: { identifier: { value: 'req-1' } },
        type: {
          system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType',
          code: 'XrequestId',
        },
      },
    ],
  });
});

describe('particulars', () => {
  test('the version of this commit is filled in', () => {
    expect(render({ entities: ['Task/t/_history/0'] }).entity?.[0]?.what?.reference).toBe(
      'Task/t/_history/40',
    );
  });

  test('a search holds its query to the last byte, what it found, and one entity per patient', () => {
    const query = 'name=Zoë&birthdate=ge1970';
    const { entity } = render({ event: 'search-type', query, patients: ['Patient/a', 'Patient/b'] });
    expect(Buffer.from(entity?.[0]?.query ?? '', 'base64').toString()).toBe(query);
    expect(entity?.[0]?.role?.code).toBe('24');
    expect(entity?.[1]).toMatchObject({
      what: { reference: 'Task/t/_history/12' },
      type: { system: 'http://hl7.org/fhir/resource-types', code: 'Task' },
    });
    expect(entity?.filter(({ role }) => role?.code === '1').map(({ what }) => what?.reference)).toEqual([
      'Patient/a',
      'Patient/b',
    ]);
  });

  test('a move names its row of the table', () => {
    const transition = { tid: '02', event: 'send-acceptance', from: 'received', to: 'accepted' };
    const rendered = render({
      event: 'update',
      action: 'U',
      transition,
      entities: ['ServiceRequest/s', 'Task/t'],
    });
    expect(rendered.subtype?.[1]).toEqual({
      system: 'https://closeloop.dev/fhir/CodeSystem/referral-transition',
      code: '02',
      display: 'send-acceptance',
    });
    expect(rendered.entity?.[0]?.detail).toBeUndefined();
    expect(rendered.entity?.[1]?.detail).toEqual([
      { type: 'transition', valueString: '02' },
      { type: 'from', valueString: 'received' },
      { type: 'to', valueString: 'accepted' },
    ]);
  });

  test('a delivery says to whom, by which rail, and which policy decided', () => {
    const rendered = render({
      event: 'deliver',
      agent: { organization: '', client: 'closeloop', subject: '' },
      entities: ['Task/t/_history/12', 'Subscription/s'],
      requestId: '12-0',
      delivery: {
        entry: '12-0',
        rail: 'rest-hook',
        receiver: 'Subscription/s',
        attempts: 3,
        policy: 'treatment',
        why: 'HTTP 410',
      },
    });
    expect(rendered.agent.map(({ type, requestor }) => [type?.coding?.[0]?.code, requestor])).toEqual([
      ['110153', true],
      ['110152', false],
    ]);
    expect(rendered.outcomeDesc).toBe('HTTP 410');
    expect(rendered.entity?.map(({ what, role }) => [what?.reference, role?.code])).toEqual([
      ['Task/t/_history/12', '4'],
      ['Patient/a', '1'],
      ['Subscription/s', '16'],
    ]);
    expect(rendered.entity?.[2]?.detail).toContainEqual({ type: 'policy', valueString: 'treatment' });
  });

  test.each([
    ['direct-project', '0', ['disclose', 'ITI-32']],
    ['direct-project', '8', ['not-delivered']],
    ['rest-hook', '0', ['disclose']],
    ['rest-hook', '4', ['withheld']],
  ] as const)('a delivery by %s that ended with %s is of %j (direct-xdm 7)', (rail, outcome, codes) => {
    const delivery = { entry: '12-0', rail, receiver: 'Endpoint/e', attempts: 1 };

    expect(render({ event: 'deliver', outcome, delivery }).subtype?.map(({ code }) => code)).toEqual(codes);
  });

  test('(baa-messaging MS51) bytes that reached a receiver who refused them were disclosed', () => {
    const delivery = { entry: '12-0', rail: 'hl7v2-mllp', receiver: 'Endpoint/e', attempts: 1 } as const;
    const refused = {
      event: 'deliver',
      outcome: '8',
      delivery,
      bytesHash: 'ab',
      fileHashes: ['cd'],
    } as const;
    const rendered = render(refused);
    expect(rendered.subtype?.map(({ code }) => code)).toEqual(['disclose']);
    expect(rendered.entity?.at(-1)?.detail?.filter(({ type }) => type === 'sha256')).toEqual(
      ['ab', 'cd'].map((valueString) => ({ type: 'sha256', valueString })),
    );
  });

  test.each<[string, Partial<AuditEntry>, boolean]>([
    ['of what another keeps', {}, true],
    ['that was refused', { outcome: '4' }, false],
    ['of what its own organization keeps', { viewers: [CLINIC] }, false],
    ['by nobody’s people', { agent: { organization: '', client: 'ehr', subject: 'x' } }, false],
    ['by an operation', { event: 'operation', action: 'E' }, true],
    ['that the server made', { origin: 'server' }, false],
    ['that was a write', { event: 'update', action: 'U' }, false],
  ])('(baa-messaging MS51) a read %s is a disclosure: %j %s', (_, change, isOne) => {
    expect(render(change).subtype?.some(({ code }) => code === 'disclose')).toBe(isOne);
  });

  test('failed logins say how many they stand for', () => {
    const rendered = render({
      event: 'login',
      action: 'E',
      outcome: '4',
      issue: 'token-invalid',
      times: 17,
      agent: { organization: '', client: '', subject: '', address: '192.0.2.9' },
      requestId: '',
      entities: [],
      patients: [],
    });
    expect(rendered.outcomeDesc).toBe(
      'token-invalid: Get a new token from the issuer this server trusts. · 17 times',
    );
    expect(rendered.agent[0]).toMatchObject({ network: { address: '192.0.2.9' }, requestor: true });
    expect(rendered).not.toHaveProperty('entity');
    expect(rendered).not.toHaveProperty('purposeOfEvent');
  });

  test('an administrator who acts for an organization is marked', () => {
    const agent = { ...ENTRY.agent, onBehalfOf: CLINIC } as const;
    expect(render({ agent }).agent[2]).toMatchObject({
      who: { reference: CLINIC },
      role: [{ text: 'an administrator acted for this organization' }],
    });
  });

  test('a client that acts for itself is no user', () => {
    const agent = { organization: CLINIC, client: 'ehr', subject: 'ehr' } as const;
    expect(render({ agent }).agent.map(({ who }) => who?.identifier?.value ?? who?.reference)).toEqual([
      'ehr',
      CLINIC,
      'closeloop',
    ]);
  });
});

describe('who is shown what', () => {
  const secrets = [
    'user-7',
    'Practitioner/p',
    'ehr',
    '192.0.2.7',
    Buffer.from('name=Zoe').toString('base64'),
  ];
  const search: Partial<AuditEntry> = { event: 'search-type', action: 'E', query: 'name=Zoe' };

  test.each([
    ['everything', ALL, true],
    ['its own organization', { organization: CLINIC, everything: false }, true],
    ['a peer', PEER, false],
    ['nobody in particular', { organization: undefined, everything: false }, false],
  ] as const)('%s', (_who, viewer, shown) => {
    const text = JSON.stringify(render(search, viewer));
    for (const secret of secrets) expect(text.includes(secret)).toBe(shown);
    expect(text).toContain(CLINIC);
  });

  test('a peer sees one who asked: the organization', () => {
    const { agent } = render(search, PEER);
    expect(agent.filter(({ requestor }) => requestor).map(({ who }) => who?.reference)).toEqual([CLINIC]);
  });

  test('a row without organization is nobody’s own', () => {
    const agent = { organization: '', client: 'ehr', subject: '' } as const;
    const rendered = render({ agent }, { organization: undefined, everything: false });
    expect(JSON.stringify(rendered)).not.toContain('ehr');
  });

  test('what a viewer may not know of is not named', () => {
    const viewer: AuditViewer = {
      organization: HUB,
      everything: false,
      knows: (ref: string) => ref === 'Task/t',
    };
    const { entity } = render({ entities: ['Task/t/_history/12', 'Task/u/_history/9'] }, viewer);
    expect(entity?.flatMap(({ what }) => what?.reference ?? [])).toEqual(['Task/t/_history/12']);
  });
});

describe('every event is valid R4', () => {
  const delivery = { entry: '12-0', rail: 'rest-hook', receiver: 'Subscription/s', attempts: 1 };
  const transition = { tid: '02', event: 'send-acceptance', from: 'received', to: 'accepted' };

  test.each<[string, Partial<AuditEntry>]>([
    ['a read', {}],
    [
      'a search',
      { event: 'search-type', action: 'E', query: 'status=accepted', patients: ['Patient/a', 'Patient/b'] },
    ],
    ['a move', { event: 'update', action: 'U', transition }],
    [
      'a delivery',
      { event: 'deliver', agent: { organization: '', client: 'closeloop', subject: '' }, delivery },
    ],
    [
      'a failed login',
      {
        event: 'login',
        action: 'E',
        outcome: '4',
        issue: 'token-invalid',
        times: 3,
        entities: [],
        patients: [],
      },
    ],
    [
      'a refusal of a caller who is nobody',
      { outcome: '8', issue: 'internal', agent: { organization: '', client: '', subject: '' } },
    ],
    ['an administrator', { event: 'admin', action: 'E', agent: { ...ENTRY.agent, onBehalfOf: CLINIC } }],
  ])('%s', (_name, change) => {
    for (const viewer of [ALL, PEER]) {
      // The type library's interface lacks only the index signature of a tree.
      expect(validateResource(render(change, viewer) as unknown as Resource, { profiles: 'none' })).toEqual(
        [],
      );
    }
  });
});

describe('ids', () => {
  test('a row and its id', () => {
    expect(parseAuditId(auditId({ seq: 40, position: 0 }))).toEqual({ seq: 40, position: 0 });
  });

  test.each([
    '',
    '40',
    '0-1',
    '40-',
    '-1',
    '040-1',
    '40-01',
    '40-1-2',
    '40-1 ',
    '4e1-1',
    '9999999999999999-0',
  ])('not an id: %j', (id) => {
    expect(parseAuditId(id)).toBeUndefined();
  });
});

describe('(compliance V2) a disclosure', () => {
  const told: Partial<AuditEntry> = {
    event: 'deliver',
    agent: { organization: '', client: 'closeloop', subject: '' },
    entities: ['Task/t/_history/12', 'Endpoint/e'],
    basis: 'authorization',
    deciding: ['Consent/c/_history/3', 'Contract/k/_history/4'],
    labels: 'R',
    notice: 1,
    bytesHash: 'ab12',
    delivery: {
      entry: '12-0',
      rail: 'capture',
      receiver: 'Endpoint/e',
      attempts: 1,
      policy: 'authorization',
      from: CLINIC,
      to: HUB,
    },
    viewers: [CLINIC, HUB],
  };
  const as = (organization: typeof CLINIC | typeof HUB): AuditViewer => ({
    organization,
    everything: false,
    knows: () => true,
    keeps: (ref) => organization === CLINIC && ref !== 'Contract/k',
  });
  const roles = ({ entity = [] }: ReturnType<typeof render>) => entity.map(({ role }) => role?.code);
  const details = ({ entity = [] }: ReturnType<typeof render>) =>
    Object.fromEntries(entity.flatMap(({ detail = [] }) => detail.map((one) => [one.type, one.valueString])));

  test('names its basis once, the Consent that decided, the highest confidentiality and no other label', () => {
    const event = render(told, as(CLINIC));
    expect(event.agent.flatMap(({ policy = [] }) => policy)).toEqual([
      'https://closeloop.dev/fhir/basis/authorization',
      'https://www.ecfr.gov/current/title-45/section-164.508',
    ]);
    expect(roles(event)).toEqual(['4', '1', 'consent', '16']);
    expect(event.entity?.[0]?.securityLabel).toEqual([
      { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' },
    ]);
    expect(details(event)).toMatchObject({ basis: 'authorization', notice: '1', sha256: 'ab12' });
    expect(event.subtype?.map(({ code }) => code)).toEqual(['disclose', 'AuthZ-Consent']); // (compliance V4)
    expect(event.agent.at(-1)).toMatchObject({ type: { coding: [{ code: '429577009' }] } });
    expect(event.meta?.profile).toEqual([`${BALP}PrivacyDisclosure.Source`]);
    const resource = event as unknown as Resource; // an AuditEvent is a resource
    expect(validateResource(resource, { profiles: 'none' })).toEqual([]);
  });

  test('does not show the peer what decided, nor why something was not told', () => {
    const event = render({ ...told, exception: 'privacy-individual-request' }, as(HUB));
    expect(roles(event)).toEqual(['4', '1', '16']);
    expect(JSON.stringify(event)).not.toMatch(/Consent|Contract|privacy-individual-request/);
    expect(details(event)).toMatchObject({ notice: '1', sha256: 'ab12' });
    expect(render({ ...told, exception: 'privacy-individual-request' }, as(CLINIC))).toMatchObject({
      entity: expect.arrayContaining([
        expect.objectContaining({
          detail: expect.arrayContaining([{ type: 'exception', valueString: 'privacy-individual-request' }]),
        }),
      ]),
    });
  });

  test('that was withheld claims no profile', () => {
    expect(render({ ...told, outcome: '4' }, as(CLINIC)).meta?.profile).toBeUndefined();
  });

  test('(compliance V3) a message from a known address is one at its recipient', () => {
    const received = render({ event: 'receive', action: 'C' });
    expect(received).toMatchObject({
      type: { code: '110107' },
      subtype: [{ code: 'disclose' }],
      meta: { profile: [`${BALP}PrivacyDisclosure.Recipient`] },
    });
    expect(render({ event: 'receive', action: 'C', patients: [] }).meta?.profile).toBeUndefined();
  });
});
