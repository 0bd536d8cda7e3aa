/** Another outside client, as published: MedplumClient does its work against the server. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MedplumClient, OperationOutcomeError } from '@medplum/core';
import type { Bundle, OperationOutcome, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { openRest, type Rest } from './client.ts';

let rest: Rest;
let client: MedplumClient;
beforeAll(async () => {
  rest = await openRest();
  client = new MedplumClient({
    baseUrl: rest.at.replace(/fhir$/, ''),
    fhirUrlPath: 'fhir',
    fetch,
    cacheTime: 0,
  });
  client.setAccessToken(await rest.sign({}));
});
afterAll(() => rest.close());

/** The client's types of resources come in a package of their own; ours are of the same resources. */
type Patient = Resource & { readonly resourceType: 'Patient' };
const patient = (): Patient => make.patient({ name: [{ family: 'Plum' }] }) as Patient;
const asBundle = (answer: unknown): Bundle => answer as Bundle;
const resourcesIn = (bundle: Bundle) => bundle.entry?.map(({ resource }) => resource);

test('create, read, vread, update, patch, history, delete', async () => {
  const made = await client.createResource(patient());
  expect(await client.readResource('Patient', made.id)).toEqual(made);
  const updated = await client.updateResource({ ...made, active: true });
  expect(updated).toMatchObject({ id: made.id, active: true });
  const patched = await client.patchResource('Patient', made.id, [
    { op: 'replace', path: '/active', value: false },
  ]);
  expect(patched).toMatchObject({ active: false });
  expect(await client.readVersion('Patient', made.id, made.meta?.versionId ?? '')).toEqual(made);
  const history = asBundle(await client.readHistory('Patient', made.id));
  expect(resourcesIn(history)).toEqual([patched, updated, made]);
  await client.deleteResource('Patient', made.id);
  await expect(client.readResource('Patient', made.id)).rejects.toThrow('was deleted');
});

test('creates once, and updates or creates', async () => {
  const identifier = [{ system: 'urn:oid:2.999.9', value: 'once' }];
  const query = 'identifier=urn:oid:2.999.9|once';
  const first = await client.createResourceIfNoneExist({ ...patient(), identifier }, query);
  const again = await client.createResourceIfNoneExist({ ...patient(), identifier }, query);
  expect(again.id).toBe(first.id);
  const upserted = await client.upsertResource({ ...patient(), identifier, gender: 'other' }, query);
  expect(upserted).toMatchObject({ id: first.id, gender: 'other' });
});

test('searches, pages and reads references', async () => {
  for (let index = 0; index < 3; index += 1) {
    await client.createResource({ ...patient(), name: [{ family: `Paging ${index}` }] });
  }
  const bundle = await client.search('Patient', 'family=Paging&_count=2&_total=accurate');
  expect(bundle.total).toBe(3);
  expect(bundle.entry).toHaveLength(2);
  const found = await client.searchResources('Patient', 'family=Paging&_sort=family');
  expect(found.map(({ name }) => name?.[0]?.family)).toEqual(['Paging 0', 'Paging 1', 'Paging 2']);
  const one = await client.searchOne('Patient', 'family=Paging 1');
  expect(await client.readReference({ reference: `Patient/${one?.id}` })).toEqual(one);
});

test('sends batches, and is told everything about a patient', async () => {
  const { id } = await client.createResource(patient());
  const observation = make.observation(`Patient/${id}`) as never;
  const done = await client.executeBatch({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [{ resource: observation, request: { method: 'POST', url: 'Observation' } }],
  });
  expect(done.entry?.[0]?.response?.status).toMatch(/^201/);
  const everything = asBundle(await client.readPatientEverything(id));
  expect(resourcesIn(everything)?.map((one) => one?.resourceType)).toEqual(
    expect.arrayContaining(['Patient', 'Observation']),
  );
});

test('is told why it is refused, in an outcome that it understands', async () => {
  const refused = client.createResource({ ...patient(), birthDate: '1980-02-31' });
  await expect(refused).rejects.toThrow(OperationOutcomeError);
  await expect(refused).rejects.toMatchObject({
    outcome: { issue: [{ expression: ['Patient.birthDate'] }] },
  });
});

test('validates before it writes', async () => {
  const outcome = (await client.validateResource(patient())) as OperationOutcome;
  expect(outcome.issue.map(({ severity }) => severity)).not.toContain('error');
});
