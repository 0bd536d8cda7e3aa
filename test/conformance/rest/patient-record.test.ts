/** A whole record of a patient: taken in one transaction, found by the parameters of its types (house: every type of R4). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { referencesOf } from '../../../src/fhir/references-of.ts';
import * as make from '../../resources.ts';
import { resourcesOf, type Stored } from '../../world.ts';
import { entriesOf, idsOf, openRest, type Rest } from './client.ts';
import { recordBundle } from './patient-record.ts';

const DOCTOR = make.npiOf('surgeon');

let rest: Rest;
/** What was stored, by type. */
let stored: Readonly<Record<string, Stored>>;
beforeAll(async () => {
  rest = await openRest();
  const identifier = [{ system: make.NPI_SYSTEM, value: DOCTOR }];
  await rest.create(
    { resourceType: 'Practitioner', identifier, name: [{ family: 'Surgeon' }] },
    'administrator',
  );
  const body = recordBundle(`Practitioner?identifier=${make.NPI_SYSTEM}|${DOCTOR}`);
  const answer = await rest.must('POST ', { body, headers: { prefer: 'return=representation' } });
  stored = Object.fromEntries(
    resourcesOf(answer.bundle).map((resource) => [resource.resourceType, resource]),
  );
});
afterAll(() => rest.close());

const refTo = (type: string): string => `${type}/${stored[type]?.id}`;

test('each reference of it leads to what was stored', async () => {
  const references = Object.values(stored).flatMap((resource) =>
    referencesOf(resource).map(({ text }) => text),
  );
  expect(references.length).toBeGreaterThan(30);
  for (const text of new Set(references))
    expect([text, (await rest.send(`GET ${text}`)).status]).toEqual([text, 200]);
});

test.each<[query: string, type: string]>([
  ['ExplanationOfBenefit?claim={Claim}', 'ExplanationOfBenefit'],
  [
    'ExplanationOfBenefit?patient={Patient}&created=2026-01-05&disposition:missing=true',
    'ExplanationOfBenefit',
  ],
  ['ExplanationOfBenefit?encounter={Encounter}', 'ExplanationOfBenefit'],
  ['Account?subject={Patient}&status=active', 'Account'],
  ['ChargeItem?account={Account}&code=http://snomed.info/sct|185349003', 'ChargeItem'],
  ['Substance?code=387207008', 'Substance'],
  ['Medication?ingredient.code=387207008', 'Medication'],
  ['SupplyDelivery?patient.family=record', 'SupplyDelivery'],
  ['Person?patient={Patient}&name=record', 'Person'],
  ['Patient?_has:ExplanationOfBenefit:patient:status=active', 'Patient'],
  ['ImagingStudy?started=2026-01-05', 'ImagingStudy'],
])('%s', async (query, type) => {
  const asked = query.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => refTo(name));
  expect(idsOf(await rest.must(`GET ${asked}`))).toEqual([stored[type]?.id]);
});

test('what refers to the patient comes along, the new types included', async () => {
  const answer = await rest.must(`GET Patient?_id=${stored['Patient']?.id}&_revinclude=*:*&_count=10`);
  const types = new Set(entriesOf(answer).map(({ resource }) => resource?.resourceType));
  for (const type of ['Account', 'ChargeItem', 'ExplanationOfBenefit', 'Person', 'SupplyDelivery'])
    expect(types).toContain(type);
});

test('in XML, too, and back', async () => {
  const headers = { accept: 'application/fhir+xml' };
  const { text } = await rest.must(`GET ${refTo('ExplanationOfBenefit')}`, { headers });
  const type = { 'content-type': 'application/fhir+xml' };
  const again = await rest.must(`PUT ${refTo('ExplanationOfBenefit')}`, { body: text, headers: type });
  expect(again.json).toEqual(stored['ExplanationOfBenefit']); // no change, so no version
});

test('a reference to what is not there is refused, of a new type as of any', async () => {
  const { id: _id, meta: _meta, ...benefit } = stored['ExplanationOfBenefit'] ?? { resourceType: '' };
  const body = { ...benefit, claim: { reference: 'Claim/unused' } };
  expect((await rest.send('POST ExplanationOfBenefit', { body })).code).toBe('reference-not-found');
});
