/** An outside client, as published: fhir-kit-client does its work against the server. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from 'fhir-kit-client';
import type { Bundle, CapabilityStatement, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { BASE } from '../../world.ts';
import { openRest, type Rest } from './client.ts';

let rest: Rest;
let client: Client;
beforeAll(async () => {
  rest = await openRest();
  client = new Client({ baseUrl: rest.at, bearerToken: await rest.sign({}) });
});
afterAll(() => rest.close());

/** The client's own types are of its own resources. */
const asOurs = (answer: unknown): Resource & { readonly id: string } =>
  answer as Resource & { readonly id: string };
const asBundle = (answer: unknown): Bundle => answer as Bundle;
const withId = (resource: object, id: string) => ({ ...resource, id }) as never; // as the client types it

const resourceType = 'Patient';

test('discovers what is offered', async () => {
  const statement = (await client.capabilityStatement()) as unknown as CapabilityStatement;
  expect(statement.rest?.[0]?.resource?.length).toBeGreaterThan(20);
});

test('create, read, vread, update, patch, delete, history', async () => {
  const made = asOurs(await client.create({ resourceType, body: make.patient() }));
  expect(asOurs(await client.read({ resourceType, id: made.id }))).toEqual(made);
  const body = withId({ ...make.patient(), active: true }, made.id);
  const updated = asOurs(await client.update({ resourceType, id: made.id, body }));
  expect(updated).toMatchObject({ id: made.id, active: true });
  const jsonPatch = [{ op: 'replace', path: '/active', value: false }] as never;
  const patched = asOurs(await client.patch({ resourceType, id: made.id, jsonPatch }));
  expect(patched).toMatchObject({ id: made.id, active: false });
  const version = made.meta?.versionId ?? '';
  expect(asOurs(await client.vread({ resourceType, id: made.id, version }))).toEqual(made);
  const history = asBundle(await client.history({ resourceType, id: made.id }));
  expect(history.entry?.map(({ resource }) => resource)).toEqual([patched, updated, made]);
  await client.delete({ resourceType, id: made.id });
  await expect(client.read({ resourceType, id: made.id })).rejects.toMatchObject({
    response: { status: 410, data: { resourceType: 'OperationOutcome' } },
  });
});

test('search, by GET and by POST, and page through it', async () => {
  const ids: string[] = [];
  for (let index = 0; index < 5; index += 1) {
    const body = make.patient({ name: [{ family: 'Paged' }] }) as never;
    ids.push(asOurs(await client.create({ resourceType, body })).id);
  }
  for (const options of [undefined, { postSearch: true }]) {
    const searchParams = { family: 'Paged', _count: 2, _total: 'accurate' };
    const found: string[] = [];
    let page: Bundle | undefined = asBundle(
      await client.search({ resourceType, searchParams, ...(options && { options }) }),
    );
    expect(page.total).toBe(5);
    while (page !== undefined) {
      found.push(...(page.entry ?? []).map(({ resource }) => resource?.id ?? ''));
      // The client goes where the link says: to the server's public address, which here is this machine.
      const text = JSON.stringify(page.link).replaceAll(BASE, rest.at);
      const bundle = { ...page, link: JSON.parse(text) as Bundle['link'] };
      page = (await client.nextPage({ bundle: bundle as never })) as Bundle | undefined;
    }
    expect(found.toSorted()).toEqual(ids.toSorted());
  }
});

test('transaction, batch, and histories of a type and of everything', async () => {
  const urn = 'urn:uuid:1f4d4b5e-7b39-4f2e-8c89-1b1a2f1f0c01';
  const entry = [
    { fullUrl: urn, resource: make.patient(), request: { method: 'POST', url: 'Patient' } },
    { resource: make.observation(urn), request: { method: 'POST', url: 'Observation' } },
  ];
  const done = asBundle(
    await client.transaction({ body: { resourceType: 'Bundle', type: 'transaction', entry } }),
  );
  expect(done.entry?.map(({ response }) => response?.status)).toEqual(['201 Created', '201 Created']);
  const get = [{ request: { method: 'GET', url: 'Patient/unused' } }];
  const some = asBundle(await client.batch({ body: { resourceType: 'Bundle', type: 'batch', entry: get } }));
  expect(some.entry?.[0]?.response?.status).toMatch(/^404/);
  const ofType = asBundle(await client.typeHistory({ resourceType: 'Observation' }));
  expect(ofType.entry?.[0]?.resource).toMatchObject({ resourceType: 'Observation' });
  const ofAll = asBundle(await client.systemHistory());
  expect(ofAll.total).toBeGreaterThan(ofType.total ?? 0);
});

test('resolves references, and is told why it is refused', async () => {
  const { id } = asOurs(await client.create({ resourceType, body: make.patient() }));
  expect(asOurs(await client.resolve({ reference: `Patient/${id}` }))).toMatchObject({ id });
  await expect(client.create({ resourceType, body: { resourceType, shoeSize: 46 } })).rejects.toMatchObject({
    response: { status: 422, data: { issue: [{ expression: ['Patient.shoeSize'] }] } },
  });
});
