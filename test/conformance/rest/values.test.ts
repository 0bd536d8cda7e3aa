/** Values as they are written, kept and found again (http://hl7.org/fhir/R4/datatypes.html#primitive, search.html). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as make from '../../resources.ts';
import { entriesOf, idsOf, openRest, type Rest } from './client.ts';

let rest: Rest;
beforeAll(async () => {
  rest = await openRest();
});
afterAll(() => rest.close());

/** A resource of which one part is written as given. */
const text = (resource: object, part: string): string => `${JSON.stringify(resource).slice(0, -1)},${part}}`;

const observation = { resourceType: 'Observation', status: 'final', code: { text: 'x' } };
const LONG = '0.1000000000000000055511151231257827021181583404541015625';

describe('a number is found by itself, whatever its digits', () => {
  test.each([
    '98.60000000000001',
    '180.44557827374104',
    '36.599999999999994',
    '7.199999999999999',
    '0.30000000000000004',
    '-7.199999999999999',
    '1.0000000000000002e-7',
    '123456789012345678',
    LONG,
  ])('%s', async (number) => {
    const quantity = `"valueQuantity":{"value":${number},"unit":"x","system":"urn:u","code":"x"}`;
    const { json } = await rest.must('POST Observation', { body: text(observation, quantity) });
    for (const asked of [
      number,
      `eq${number}`,
      `${number}|urn:u|x`,
      `ge${number}`,
      `le${number}`,
      `ap${number}`,
    ])
      expect([
        asked,
        idsOf(await rest.must(`GET Observation?_id=${json.id}&value-quantity=${asked}`)),
      ]).toEqual([asked, [json.id]]);
    for (const asked of [`ne${number}`, `gt${number}`, `lt${number}`])
      expect(idsOf(await rest.must(`GET Observation?_id=${json.id}&value-quantity=${asked}`))).toEqual([]);
  });

  test('a plain number, too', async () => {
    const risk = { resourceType: 'RiskAssessment', status: 'final', subject: { display: 'x' } };
    const prediction = '"prediction":[{"probabilityDecimal":0.30000000000000004}]';
    const { json } = await rest.must('POST RiskAssessment', { body: text(risk, prediction) });
    const asked = await rest.must(`GET RiskAssessment?_id=${json.id}&probability=0.30000000000000004`);
    expect(idsOf(asked)).toEqual([json.id]);
  });

  test('and not by its neighbour', async () => {
    const quantity = '"valueQuantity":{"value":98.60000000000001}';
    const { json } = await rest.must('POST Observation', { body: text(observation, quantity) });
    const asked = await rest.must(`GET Observation?_id=${json.id}&value-quantity=98.600000000000023`);
    expect(idsOf(asked)).toEqual([]);
  });
});

describe('a whole number is written in digits', () => {
  test.each(['1e0', '1.0', '10E-1', '2.50e1'])(
    '%s is refused, by create and in a bundle',
    async (literal) => {
      const body = text(make.patient(), `"multipleBirthInteger":${literal}`);
      const answer = await rest.send('POST Patient', { body });
      expect([answer.status, answer.code]).toEqual([422, 'structure-invalid']);
      expect(answer.issues[0]).toMatchObject({
        expression: ['Patient.multipleBirth'],
        diagnostics: expect.stringContaining('without fraction and exponent'),
      });
      const entry = `[{"resource":${body},"request":{"method":"POST","url":"Patient"}}]`;
      const bundle = `{"resourceType":"Bundle","type":"transaction","entry":${entry}}`;
      expect((await rest.send('POST ', { body: bundle })).code).toBe('structure-invalid');
    },
  );

  test.each([
    ['in an extension', '"extension":[{"url":"http://x.example/n","valueInteger":1e0}]'],
    [
      'in an extension of a primitive',
      '"_gender":{"extension":[{"url":"http://x.example/n","valueInteger":1.0}]}',
    ],
    [
      'in what is contained',
      '"contained":[{"resourceType":"Patient","id":"c","multipleBirthInteger":1e0}],"link":[{"other":{"reference":"#c"},"type":"refer"}]',
    ],
    ['a positive one', '"telecom":[{"system":"phone","value":"1","rank":1.0}]'],
  ])('%s', async (_where, part) => {
    const answer = await rest.send('POST Patient', {
      body: text(make.patient({ telecom: undefined }), part),
    });
    expect([answer.status, answer.code]).toEqual([422, 'structure-invalid']);
  });

  test('decimals keep theirs', async () => {
    const body = text(observation, '"valueQuantity":{"value":1.0e0}');
    expect((await rest.must('POST Observation', { body })).text).toContain('"value":1.0e0');
  });
});

describe('codes of media types and languages are found in any case', () => {
  test.each([
    ['application/pdf', 'Application/PDF', 'de-AT', 'DE-at'],
    ['Text/Plain', 'text/plain', 'EN-us', 'en-US'],
  ])('%s by %s, %s by %s', async (stored, asked, language, spoken) => {
    const body = {
      resourceType: 'DocumentReference',
      status: 'current',
      content: [{ attachment: { contentType: stored, language, data: 'AAAA' } }],
    };
    const { json } = await rest.must('POST DocumentReference', { body });
    for (const query of [
      `contenttype=${asked}`,
      `contenttype=urn:ietf:bcp:13|${asked}`,
      `language=${spoken}`,
      `_filter=contenttype eq "${asked}"`,
    ])
      expect([query, idsOf(await rest.must(`GET DocumentReference?_id=${json.id}&${query}`))]).toEqual([
        query,
        [json.id],
      ]);
    expect(json['content']).toEqual(body['content']);
  });

  test('a concept of a language', async () => {
    const coding = [{ system: 'urn:ietf:bcp:47', code: 'de-AT' }];
    const { id } = await rest.create(make.patient({ communication: [{ language: { coding } }] }));
    for (const asked of ['DE-at', 'urn:ietf:bcp:47|De-At'])
      expect(idsOf(await rest.must(`GET Patient?_id=${id}&language=${asked}`))).toEqual([id]);
  });

  test('other codes keep theirs', async () => {
    const { id } = await rest.create(make.patient({ gender: 'female' }));
    expect(entriesOf(await rest.must(`GET Patient?_id=${id}&gender=Female`))).toEqual([]);
  });
});

describe('_search is read by GET, too', () => {
  test.each(['Patient/_search?_id={id}', '_search?_type=Patient&_id={id}'])('%s', async (address) => {
    const { id } = await rest.create(make.patient());
    const found = await rest.must(`GET ${address.replace('{id}', id)}`);
    expect(idsOf(found)).toEqual([id]);
    const request = { method: 'GET', url: address.replace('{id}', id) };
    const inBatch = await rest.must('POST ', {
      body: { resourceType: 'Bundle', type: 'batch', entry: [{ request }] },
    });
    expect(entriesOf(inBatch)[0]?.response?.status).toMatch(/^200/);
  });

  test('in a compartment', async () => {
    const { id } = await rest.create(make.patient());
    const seen = await rest.create(make.observation(`Patient/${id}`));
    expect(idsOf(await rest.must(`GET Patient/${id}/Observation/_search?status=final`))).toEqual([seen.id]);
    expect(idsOf(await rest.must(`GET Patient/${id}/_search?_type=Observation`))).toEqual([seen.id]);
  });
});
