/** Who may lower a label (compliance S4): the custodian's privacy officer, with a reason; everybody else keeps it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Coding, Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import type { Stored } from '../../world.ts';
import { openServer, type Response, type TestServer } from '../../server.ts';
import { act, condition, conf, ICD10, labelsOf, OPIOID, patientOf } from './scene.ts';

const SCOPE = 'system/*.cruds closeloop/label-downgrade';
const REASON = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'METAMGT' };

let server: TestServer;
let patient: Ref;
const officers = new Map<string, string>();
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient']);
  patient = await patientOf(server);
  for (const id of ['initiator', 'recipient']) {
    const claims = {
      subject: `officer-${id}`,
      client: 'office',
      scope: SCOPE,
      organization: `Organization/${id}`,
    };
    officers.set(id, (await server.running.devIssuer?.sign(claims as never)) ?? '');
  }
});
afterAll(() => server.close());

/** An officer of an organization's speaks for it. */
const ask = (who: string, method: 'POST' | 'PUT' | 'PATCH', url: string, body: object): Promise<Response> => {
  const [, officer] = /^officer of (\w+)$/.exec(who) ?? [];
  const headers = {
    ...(officer !== undefined && { authorization: `Bearer ${officers.get(officer)}` }),
    ...(method === 'PATCH' && { 'content-type': 'application/json-patch+json' }),
  };
  return server.ask(officer ?? who, method, url, body, { headers });
};

const keep = (security: readonly Coding[], code = 'I10'): Promise<Stored> =>
  server.create('initiator', condition(patient, code, security.length > 0 ? { meta: { security } } : {}));

const withLabels = ({ meta: _meta, ...rest }: Resource, ...security: readonly Coding[]): Resource => ({
  ...rest,
  ...(security.length > 0 && { meta: { security: [...security] } }),
});

const SLIP = { coding: [REASON], text: 'The code was a slip.' };

const reasoned = (resource: Resource, by = 'initiator', reason: object = SLIP): Resource => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: [
    { resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } },
    {
      resource: {
        resourceType: 'Provenance',
        target: [{ reference: `${resource.resourceType}/${resource.id}` }],
        recorded: '2026-11-30T12:00:00Z',
        reason: [reason],
        agent: [{ who: { reference: `Organization/${by}` } }],
      },
      request: { method: 'POST', url: 'Provenance' },
    },
  ],
});

const now = async ({ resourceType, id }: Resource): Promise<string> =>
  labelsOf(await server.read('initiator', `${resourceType}/${id ?? ''}`));

describe('(compliance S4) an update keeps what it leaves out, and says so', () => {
  // prettier-ignore
  test.each<readonly [what: string, before: readonly Coding[], after: readonly Coding[], labels: string]>([
    ['nothing is said',                  [conf('R'), act('HIV')],        [],                       'HIV R'],
    ['another label is said',            [act('HIV')],                   [act('STD')],             'HIV N STD'],
    ['a lesser confidentiality',         [conf('V')],                    [conf('N')],              'V'],
    ['42CFRPart2',                       [act('42CFRPart2')],            [],                       '42CFRPart2 R'],
    ['a refrain and an obligation',      [act('NORDSCLCD'), act('PERSISTLABEL')], [],              'N NORDSCLCD PERSISTLABEL'],
    ['a purpose',                        [REASON],                       [],                       'METAMGT'],
  ])('%s', async (_what, before, after, labels) => {
    const made = await keep(before);
    const reply = await ask('initiator', 'PUT', `Condition/${made.id}`, {
      ...withLabels(made, ...after),
      recordedDate: '2026-11-01',
    });
    expect([reply.status, labelsOf(reply.json)]).toEqual([200, labels]);
    expect(reply.warning).toContain('The server kept the security labels of Condition');
    expect(reply.warning).not.toMatch(/HIV|Part2/);
  });

  test('a greater confidentiality is taken, whoever writes', async () => {
    const made = await keep([conf('N')]);
    const reply = await ask('initiator', 'PUT', `Condition/${made.id}`, withLabels(made, conf('R')));
    expect([labelsOf(reply.json), reply.warning]).toEqual(['R', '']);
  });

  test('a record that is coded anew keeps the label of the code before', async () => {
    const made = await keep([], 'F11.20');
    const anew = { ...withLabels(made), code: { coding: [{ system: ICD10, code: 'I10' }] } };
    const reply = await ask('initiator', 'PUT', `Condition/${made.id}`, anew);
    expect(labelsOf(reply.json)).toBe(OPIOID);
  });

  test('a label that comes back without its extensions keeps them', async () => {
    const made = await keep([], 'F11.20');
    const bare = (made.meta?.security ?? []).map(({ system = '', code = '' }) => ({ system, code }));
    const reply = await ask('initiator', 'PUT', `Condition/${made.id}`, withLabels(made, ...bare));
    expect([reply.version, reply.warning]).toEqual([Number(made.meta?.versionId), '']);
  });

  test('in a transaction, and inside a stored Bundle', async () => {
    const made = await keep([conf('V')]);
    const [at] = await server.transact('initiator', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [{ resource: withLabels(made), request: { method: 'PUT', url: `Condition/${made.id}` } }],
    });
    expect(labelsOf(await server.read('initiator', String(at)))).toBe('V');
    const fullUrl = 'urn:uuid:5b0b6f4e-9a5c-4a5e-8c1f-2f8a3a1f5c11';
    const inner = (...labels: readonly Coding[]) => withLabels(condition(patient, 'I10'), ...labels);
    const collection = { resourceType: 'Bundle', type: 'collection' };
    const bundle = await server.create('initiator', {
      ...collection,
      entry: [{ fullUrl, resource: inner(conf('R')) }],
    });
    const reply = await ask('initiator', 'PUT', `Bundle/${bundle.id}`, {
      ...collection,
      id: bundle.id,
      entry: [{ fullUrl, resource: inner() }],
    });
    const [entry] = reply.json['entry'] as readonly { resource: Resource }[];
    expect(labelsOf(entry?.resource)).toBe('R');
  });

  test('also a label that comes while the update is on its way', async () => {
    const made = await Promise.all(Array.from({ length: 12 }, () => keep([])));
    const add = [{ op: 'add', path: '/meta/security', value: [conf('R')] }];
    const done = await Promise.all(
      made.flatMap((one, at) => [
        ask('initiator', 'PATCH', `Condition/${one.id}`, add),
        ask('initiator', 'PUT', `Condition/${one.id}`, {
          ...withLabels(one),
          recordedDate: `2026-11-${at + 10}`,
        }),
      ]),
    );
    expect(done.map(({ status }) => status)).toEqual(done.map(() => 200));
    expect(await Promise.all(made.map(now))).toEqual(made.map(() => 'R'));
  });

  test('a label of somebody’s own system is that one’s to take', async () => {
    const made = await keep([{ system: 'urn:own', code: 'x' }]);
    const reply = await ask('initiator', 'PUT', `Condition/${made.id}`, withLabels(made));
    expect([labelsOf(reply.json), reply.warning]).toEqual(['', '']);
  });
});

describe('(compliance S4) what says that a label is to go is refused: 403 label-protected', () => {
  const remove = [{ op: 'remove', path: '/meta/security' }];
  const lower = [{ op: 'replace', path: '/meta/security/0', value: conf('N') }];
  const meta = {
    resourceType: 'Parameters',
    parameter: [{ name: 'meta', valueMeta: { security: [conf('R')] } }],
  };

  // prettier-ignore
  test.each<readonly [what: string, who: string, request: (made: Resource) => readonly ['POST' | 'PUT' | 'PATCH', string, object]]>([
    ['a patch that takes it out',             'initiator',            ({ id }) => ['PATCH', `Condition/${id}`, remove]],
    ['a patch that lowers it',                'initiator',            ({ id }) => ['PATCH', `Condition/${id}`, lower]],
    ['$meta-delete',                          'initiator',            ({ id }) => ['POST', `Condition/${id}/$meta-delete`, meta]],
    ['an officer without a reason',           'officer of initiator', ({ id }) => ['PATCH', `Condition/${id}`, remove]],
    ['$meta-delete by an officer',            'officer of initiator', ({ id }) => ['POST', `Condition/${id}/$meta-delete`, meta]],
    ['a reason without the scope',            'initiator',            (made) => ['POST', '', reasoned(withLabels(made))]],
    ['an administrator without the scope',    'administrator for initiator', (made) => ['POST', '', reasoned(withLabels(made))]],
  ])('%s', async (_what, who, request) => {
    const made = await keep([conf('R')]);
    const reply = await ask(who, ...request(made));
    expect([reply.status, reply.code]).toEqual([403, 'label-protected']);
    expect(reply.says).toContain('the privacy officer of Organization/initiator, with a reason');
    expect(await now(made)).toBe('R');
  });

  // prettier-ignore
  test.each<readonly [what: string, labels: readonly Coding[], left: readonly Coding[]]>([
    ['42CFRPart2',                              [act('42CFRPart2'), conf('R')],              [conf('R')]],
    ['what came with a record: PERSISTLABEL',   [conf('R'), act('HIV'), act('PERSISTLABEL')], [conf('N'), act('PERSISTLABEL')]],
    ['PERSISTLABEL itself',                     [conf('R'), act('PERSISTLABEL')],            [conf('R')]],
  ])('%s, also by an officer with a reason', async (_what, labels, left) => {
    const made = await keep(labels);
    const reply = await ask('officer of initiator', 'POST', '', reasoned(withLabels(made, ...left)));
    expect([reply.status, reply.code]).toEqual([403, 'label-protected']);
    expect(await now(made)).toBe(labelsOf(made));
  });

  // prettier-ignore
  test.each<readonly [what: string, reason: object]>([
    ['no words',                         { coding: [REASON] }],
    ['another reason',                   { coding: [{ ...REASON, code: 'TREAT' }], text: 'why' }],
  ])('a Provenance with %s is no reason', async (_what, reason) => {
    const made = await keep([conf('R')]);
    await ask('officer of initiator', 'POST', '', reasoned(withLabels(made), 'initiator', reason));
    expect(await now(made)).toBe('R');
  });
});

describe('(compliance S4, V5) the custodian’s officer lowers, with a reason', () => {
  test('what is lowered stays lowered, and the Provenance says why', async () => {
    const made = await keep([], 'F11.20');
    const reply = await ask(
      'officer of initiator',
      'POST',
      '',
      reasoned(withLabels(made, conf('N'), act('SUD'))),
    );
    expect([reply.status, await now(made)]).toEqual([200, 'N SUD']);
    const again = await ask('initiator', 'PUT', `Condition/${made.id}`, {
      ...withLabels(made),
      recordedDate: '2026-11-01',
    });
    expect(labelsOf(again.json)).toBe('N SUD');
    const [provenance] = await server.search('initiator', `Provenance?target=Condition/${made.id}`);
    expect(provenance).toMatchObject({ reason: [{ coding: [REASON], text: 'The code was a slip.' }] });
  });

  test('a code that comes later is labelled', async () => {
    const made = await keep([], 'F11.20');
    await ask('officer of initiator', 'POST', '', reasoned(withLabels(made)));
    expect(await now(made)).toBe('N');
    const reply = await ask('initiator', 'PUT', `Condition/${made.id}`, {
      ...withLabels(made),
      code: { coding: [{ system: ICD10, code: 'B20' }] },
    });
    expect(labelsOf(reply.json)).toBe('HIV N');
  });

  test('and not the officer of who received it', async () => {
    const order = make.serviceRequest(
      {
        subject: patient,
        requester: 'Organization/initiator',
        performer: 'Organization/recipient',
        placer: 'R-7',
      },
      { status: 'active' },
    );
    const { link } = await server.ask('initiator', 'POST', 'ServiceRequest', order);
    const label = [{ op: 'add', path: '/meta/security', value: [conf('R')] }];
    expect((await ask('initiator', 'PATCH', String(link), label)).status).toBe(200);
    const task = await server.read('recipient', String(link));
    const reply = await ask('officer of recipient', 'POST', '', reasoned(withLabels(task), 'recipient'));
    expect([reply.status, reply.code]).toEqual([403, 'label-protected']);
    expect(labelsOf(await server.read('recipient', String(link)))).toBe('R');
  });
});

test('(compliance S4) what is deleted and written again keeps the labels of its last version', async () => {
  const { id } = await keep([conf('R'), act('PSYTHPN'), act('42CFRPart2')]);
  const ref = `Condition/${id}`;
  const stored = await server.read('initiator', ref);
  expect((await server.ask('initiator', 'DELETE', ref)).status).toBe(204);
  expect((await server.ask('initiator', 'PUT', ref, withLabels(stored, conf('N')))).status).toBe(201);
  expect(labelsOf(await server.read('initiator', ref))).toBe(labelsOf(stored));
});
