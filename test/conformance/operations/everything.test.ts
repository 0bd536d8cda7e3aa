/** Patient/$everything (http://hl7.org/fhir/R4/patient-operation-everything.html), over HTTP, by everyone concerned. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Bundle } from '../../../src/fhir/types.ts';
import { CARE_DATES } from '../../../src/resources/care-dates.ts';
import { compartmentParameters } from '../../../src/resources/compartment.ts';
import { RESOURCE_TYPES } from '../../../src/resources/index.ts';
import { searchParameters } from '../../../src/resources/search-parameters.ts';
import * as make from '../../resources.ts';
import { refOf, type Stored } from '../../world.ts';
import { openRest, type Rest } from '../rest/client.ts';

let rest: Rest;
let patient: string;
let other: string;
/** What the initiator wrote of the patient, by a word for it. */
const made: Record<string, string> = {};

const create = async (resource: { resourceType: string }): Promise<string> => {
  const stored: Stored = await rest.create(resource);
  return refOf(stored);
};

beforeAll(async () => {
  rest = await openRest();
  [patient, other] = [await create(make.patient()), await create(make.patient())];
  const practitioner = await create({ resourceType: 'Practitioner', name: [{ family: 'Reed' }] } as never);
  const medication = await create({ resourceType: 'Medication', code: { text: 'aspirin' } } as never);
  const binary = await create(make.binary());
  const of = { subject: make.to(patient) };
  Object.assign(made, { practitioner, medication, binary });
  made['early'] = await create(
    make.observation(patient, { effectiveDateTime: '2020-03-01', performer: [make.to(practitioner)] }),
  );
  made['late'] = await create(make.observation(patient, { effectivePeriod: { start: '2024-05-01' } }));
  made['undated'] = await create(make.observation(patient, { effectiveDateTime: undefined }));
  made['document'] = await create(make.documentReference(patient, binary, { date: '2024-01-01T00:00:00Z' }));
  made['medication-request'] = await create({
    resourceType: 'MedicationRequest',
    status: 'active',
    intent: 'order',
    authoredOn: '2022-01-01',
    medicationReference: make.to(medication),
    ...of,
  } as never);
  made['order'] = await create(
    make.serviceRequest({
      subject: patient,
      requester: 'PractitionerRole/initiator',
      performer: 'PractitionerRole/recipient',
    }),
  );
  await create(make.observation(other));
});
afterAll(() => rest.close());

const matchesOf = ({ entry = [] }: Bundle, mode = 'match'): readonly string[] =>
  entry.flatMap(({ search, resource }) =>
    search?.mode === mode ? [`${resource?.resourceType}/${resource?.id}`] : [],
  );

async function everything(query = '', as = 'initiator', at = patient): Promise<Bundle> {
  return (await rest.must(`GET ${at}/$everything${query}`, { as: as as 'initiator' })).bundle;
}

describe('what is there', () => {
  test('the patient first, then what searches of the compartment find, and no more', async () => {
    const bundle = await everything();
    const matches = matchesOf(bundle);
    expect(bundle).toMatchObject({ type: 'searchset', total: matches.length });
    expect(matches[0]).toBe(patient);
    const found = new Set([patient]);
    for (const type of RESOURCE_TYPES.keys()) {
      if (type === 'AuditEvent') continue;
      const params = compartmentParameters(type, RESOURCE_TYPES.get(type)?.patientCompartment);
      for (const param of params)
        for (const ref of matchesOf((await rest.must(`GET ${type}?${param}=${patient}&_count=500`)).bundle))
          found.add(ref);
    }
    expect([...matches].toSorted()).toEqual([...found].toSorted());
    expect(matches.some((ref) => ref.startsWith('Task/'))).toBe(true);
  });

  test('what the record refers to is included, and what that refers to', async () => {
    const included = matchesOf(await everything(), 'include');
    expect(included).toEqual(
      expect.arrayContaining([
        made['practitioner'],
        made['medication'],
        made['binary'],
        'PractitionerRole/initiator',
        'Organization/initiator',
        'Organization/recipient',
      ]),
    );
    expect(new Set(included).size).toBe(included.length);
    expect(included.filter((ref) => /^(Patient|Observation)/.test(ref))).toEqual([]);
  });

  test('by POST as by GET; HEAD says the same without a body', async () => {
    const parameter = [{ name: '_type', valueCode: 'Patient' }];
    const { bundle } = await rest.must(`POST ${patient}/$everything`, {
      body: { resourceType: 'Parameters', parameter },
    });
    expect(bundle).toEqual(await everything('?_type=Patient'));
    const head = await rest.must(`HEAD ${patient}/$everything`);
    expect([head.status, head.text]).toEqual([200, '']);
  });
});

describe('who asks', () => {
  test('the recipient sees what the referral reaches; a stranger, no patient', async () => {
    const seen = matchesOf(await everything('', 'recipient'));
    expect(seen).toContain(made['order']);
    expect(seen).not.toContain(made['medication-request']);
    for (const ref of seen) await rest.must(`GET ${ref}`, { as: 'recipient' });
    const refused = await rest.send(`GET ${patient}/$everything`, { as: 'stranger' });
    expect([refused.status, refused.code]).toEqual([404, 'not-found']);
  });

  test.each([
    ['system/Patient.rs system/Observation.rs', ['Patient', 'Observation'], []],
    ['system/Patient.rs', ['Patient'], []],
    [
      'system/Patient.rs system/Observation.rs system/Practitioner.rs',
      ['Patient', 'Observation'],
      ['Practitioner'],
    ],
  ])('with %s', async (scope, matched, included) => {
    const headers = { authorization: `Bearer ${await rest.sign({ scope })}` };
    const { bundle } = await rest.must(`GET ${patient}/$everything`, { headers });
    const types = (refs: readonly string[]) => [...new Set(refs.map((ref) => ref.split('/')[0]))];
    expect(types(matchesOf(bundle))).toEqual(matched);
    expect(types(matchesOf(bundle, 'include'))).toEqual(included);
  });

  test.each([['system/Observation.rs'], ['system/Patient.s'], ['']])('not with %j', async (scope) => {
    const headers = { authorization: `Bearer ${await rest.sign({ scope })}` };
    const { status, code } = await rest.send(`GET ${patient}/$everything`, { headers });
    expect([status, code]).toEqual([403, 'scope-insufficient']);
  });

  test('a token for one patient asks on the type, and of no other patient', async () => {
    const claims = { scope: 'patient/*.rs', patient: patient.slice('Patient/'.length) };
    const headers = { authorization: `Bearer ${await rest.sign(claims as never)}` };
    const { bundle } = await rest.must('GET Patient/$everything', { headers });
    expect(matchesOf(bundle)).toContain(made['early']);
    expect((await rest.send(`GET ${other}/$everything`, { headers })).status).toBe(404);
  });

  test('on the type without a patient in the token: refused', async () => {
    const { status, code } = await rest.send('GET Patient/$everything');
    expect([status, code]).toEqual([403, 'scope-insufficient']);
  });

  test('it is audited once, with the patient', async () => {
    await everything('?_type=Observation', 'recipient');
    const last = async (as: 'initiator' | 'recipient') =>
      (await rest.must(`GET AuditEvent?patient=${patient}&_count=1`, { as })).bundle.entry?.[0]?.resource;
    expect(await last('recipient')).toMatchObject({
      action: 'E',
      outcome: '0',
      subtype: [{ code: 'operation' }, { code: 'disclose' }],
    });
    expect(JSON.stringify(await last('recipient'))).toContain(
      Buffer.from('$everything?_type=Observation').toString('base64'),
    );
    // The custodian of the patient sees who asked, although nothing of its own was found.
    expect(JSON.stringify(await last('initiator'))).toContain('Organization/recipient');
    expect(JSON.stringify(await last('initiator'))).not.toContain('subject-recipient');
  });
});

describe('what is asked', () => {
  test.each<[query: string, has: readonly string[], hasNot: readonly string[]]>([
    ['?start=2023-01-01', ['late', 'undated', 'document'], ['early', 'medication-request']],
    ['?end=2021', ['early', 'undated'], ['late', 'document', 'medication-request']],
    ['?start=2022-01-01&end=2022-01-01', ['medication-request', 'undated'], ['early', 'late']],
    ['?start=2030', ['late', 'undated'], ['early', 'document']],
    ['?_type=Observation', ['early', 'late', 'undated'], ['document', 'order']],
    ['?_type=Observation,DocumentReference', ['early', 'document'], ['order']],
    ['?_type=Observation&_type=ServiceRequest', ['early', 'order'], ['document']],
    ['?_type=Account,OperationOutcome', [], ['early', 'order']],
    ['?_since=2000-01-01T00:00:00Z', ['early', 'order'], []],
    ['?_since=2999-01-01T00:00:00Z', [], ['early', 'order']],
  ])('%s', async (query, has, hasNot) => {
    const matches = matchesOf(await everything(query));
    for (const word of has) expect(matches).toContain(made[word]);
    for (const word of hasNot) expect(matches).not.toContain(made[word]);
  });

  test('a type that is wanted is included alone', async () => {
    const bundle = await everything('?_type=Observation,Practitioner');
    expect(matchesOf(bundle, 'include')).toEqual([made['practitioner']]);
  });

  test.each([
    ['?start=yesterday', 'parameter-invalid'],
    ['?_since=2020', 'parameter-invalid'],
    ['?_count=0', 'parameter-invalid'],
    ['?_count=many', 'parameter-invalid'],
    ['?_type=Nothing', 'parameter-invalid'],
    ['?_page=1', 'parameter-invalid'],
    ['?_page=1-Nothing-0', 'parameter-invalid'],
    ['?start=2020&start=2021', 'parameter-invalid'],
    ['?code=x', 'parameter-unknown'],
  ])('%s is refused', async (query, code) => {
    const answer = await rest.send(`GET ${patient}/$everything${query}`);
    expect([answer.status, answer.code]).toEqual([400, code]);
  });

  test('of nobody, and of one who was deleted', async () => {
    expect((await rest.send('GET Patient/nobody/$everything')).status).toBe(404);
    const gone = await create(make.patient());
    await rest.must(`DELETE ${gone}`);
    expect((await rest.send(`GET ${gone}/$everything`)).status).toBe(410);
  });
});

describe('pages', () => {
  test.each([1, 2, 3, 7])('of %d neither repeat nor miss, whatever is written meanwhile', async (count) => {
    const whole = matchesOf(await everything());
    const seen: string[] = [];
    const added: string[] = [];
    let next: string | undefined = `${patient}/$everything?_count=${count}`;
    while (next !== undefined) {
      const { bundle } = await rest.must(`GET ${next}`);
      const matches = matchesOf(bundle);
      expect(matches.length).toBeLessThanOrEqual(count);
      seen.push(...matches);
      added.push(await create(make.observation(patient)));
      next = bundle.link?.find(({ relation }) => relation === 'next')?.url.replace(/^.*?\/(?=Patient\/)/, '');
    }
    expect(seen).toEqual(whole);
    for (const ref of added) await rest.must(`DELETE ${ref}`);
  });
});

test('the care dates are search parameters of their types', () => {
  for (const [type, params] of Object.entries(CARE_DATES))
    for (const param of params)
      expect([type, param, searchParameters(type).get(param)?.type]).toEqual([type, param, 'date']);
});
