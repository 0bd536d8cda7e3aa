/** `_security` finds and excludes, on every type, by chains and `_has` as every parameter does (compliance S8, issue 12). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import { RESOURCE_TYPES } from '../../../src/resources/index.ts';
import { searchValues } from '../../../src/resources/search-values.ts';
import { patient as person } from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { ACT, act, condition, CONF, conf, patientOf } from './scene.ts';

let server: TestServer;
const names = new Map<string, string>();
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient']);
  const patient = await patientOf(server);
  const shut = await server.create('initiator', { ...person(), meta: { security: [conf('V')] } });
  const keep = async (name: string, about: Ref, code: string, more: object = {}) => {
    const { id } = await server.create('initiator', condition(about, code, more));
    names.set(id, name);
  };
  names.set(patient.slice('Patient/'.length), 'open');
  names.set(shut.id, 'shut');
  await keep('usual', patient, 'I10');
  await keep('opioid', patient, 'F11.20');
  await keep('restricted', `Patient/${shut.id}`, 'B20', { meta: { security: [act('42CFRPart2')] } });
});
afterAll(() => server.close());

const found = async (who: string, query: string): Promise<string> => {
  const reply = await server.ask(who, 'GET', query);
  if (reply.status !== 200) return reply.text;
  const { entry = [] } = reply.json as unknown as { entry?: readonly { resource: { id: string } }[] };
  return entry
    .map(({ resource }) => names.get(resource.id) ?? '?')
    .toSorted()
    .join(' ');
};

describe('(compliance S8) a search by label', () => {
  // prettier-ignore
  test.each<readonly [query: string, names: string]>([
    ['Condition?_security=SUD',                                    'opioid'],
    [`Condition?_security=${ACT}|HIV`,                             'restricted'],
    [`Condition?_security=${CONF}|`,                               'opioid restricted'],
    [`Condition?_security=|HIV`,                                   ''],
    ['Condition?_security=R,V',                                    'restricted'],
    ['Condition?_security=N&_security=ETH',                        'opioid'],
    ['Condition?_security=N&_security=HIV',                        ''],
    ['Condition?_security:not=R',                                  'opioid usual'],
    ['Condition?_security:not=SUD,HIV',                            'usual'],
    ['Condition?_security:missing=true',                           'usual'],
    ['Condition?_security:missing=false',                          'opioid restricted'],
    ['Condition?patient._security=V',                              'restricted'],
    ['Condition?subject:Patient._security=V&_security=HIV',        'restricted'],
    ['Condition?patient._security:not=V',                          'opioid usual'],
    ['Patient?_has:Condition:patient:_security=SUD',               'open'],
    ['Patient?_has:Condition:patient:_security=42CFRPart2',        'shut'],
    ['Patient?_security:not=V',                                    'open'],
    ['Patient?_has:Condition:patient:_security=STD',               ''],
    ['Condition?_filter=_security eq SUD',                         'opioid'],
    [`?_type=Condition,Patient&_security=V`,                       'shut'],
  ])('%s: %s', async (query, expected) => {
    expect(await found('initiator', query)).toBe(expected);
  });

  test('finds nothing for whom no referral leads there', async () => {
    expect(await found('recipient', 'Condition?_security=SUD')).toBe('');
    expect(await found('recipient', 'Patient?_has:Condition:patient:_security=SUD')).toBe('');
  });

  test('follows the label: a version that gains one is found, and a total counts it', async () => {
    const { id, ...rest } = await server.create(
      'initiator',
      condition('Patient/' + [...names.keys()][0], 'I10'),
    );
    const total = async () =>
      (await server.ask('initiator', 'GET', 'Condition?_security=STD&_total=accurate')).json['total'];
    expect(await total()).toBe(0);
    const coding = [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'A54.00' }];
    await server.ask('initiator', 'PUT', `Condition/${id}`, { ...rest, id, code: { coding } });
    expect(await total()).toBe(1);
  });
});

describe('(issue 12) every type that is served', () => {
  const stored = [...RESOURCE_TYPES.values()].filter(({ renderedFromAudit }) => renderedFromAudit !== true);

  test.each(stored.map(({ type }) => [type]))('%s is found by its labels', (type) => {
    const values = searchValues({ resourceType: type, id: 'x', meta: { security: [conf('R')] } }, type);
    expect(values).toContainEqual(expect.objectContaining({ param: '_security', low: 'R' }));
  });

  test('and takes the parameter', async () => {
    for (const { type } of RESOURCE_TYPES.values()) {
      const { status, text } = await server.ask(
        'initiator',
        'GET',
        `${type}?_security=R&_security:not=V&_count=1`,
      );
      expect([type, status, status === 200 ? '' : text]).toEqual([type, 200, '']);
    }
  });
});
