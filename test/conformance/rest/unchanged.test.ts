/** Updates and patches that change nothing make no version (rules 3.14), whatever way they come. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { BASE, type Stored } from '../../world.ts';
import { entriesOf, openRest, versionsKept, type Answer, type Rest } from './client.ts';

let rest: Rest;
let stored: Stored;
let organization: Stored;
beforeAll(async () => {
  rest = await openRest();
  const managing = await rest.must('GET Organization/initiator');
  organization = managing.json as Stored;
  stored = await rest.create(
    make.patient({ ...identified, managingOrganization: make.to('Organization/initiator') }),
  );
});
afterAll(() => rest.close());

const identified = {
  identifier: [{ system: 'urn:unchanged', value: 'one' }],
  meta: { tag: [{ code: 't' }] },
};
const bundleOf = (request: object, resource?: object): Resource => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: [{ ...(resource && { resource }), request }],
});
const patch = (type: string, value: unknown) => ({
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'operation',
      part: [
        { name: 'type', valueCode: type },
        { name: 'path', valueString: 'Patient.gender' },
        { name: 'value', valueCode: value },
      ],
    },
  ],
});
const reversed = (resource: object): object => Object.fromEntries(Object.entries(resource).toReversed());

describe('200 with the ETag there was, and no version', () => {
  test.each<readonly [string, () => Promise<Answer>]>([
    ['PUT of what was read', () => rest.must(`PUT Patient/${stored.id}`, { body: stored })],
    ['PUT in another order', () => rest.must(`PUT Patient/${stored.id}`, { body: reversed(stored) })],
    [
      'PUT with another meta.versionId',
      () =>
        rest.must(`PUT Patient/${stored.id}`, {
          body: { ...stored, meta: { ...stored.meta, versionId: '1' } },
        }),
    ],
    [
      'PUT with an absolute reference of ours',
      () =>
        rest.must(`PUT Patient/${stored.id}`, {
          body: { ...stored, managingOrganization: { reference: `${BASE}/Organization/initiator` } },
        }),
    ],
    [
      'PUT with a conditional reference',
      () =>
        rest.must(`PUT Patient/${stored.id}`, {
          body: { ...stored, managingOrganization: { reference: `Organization?_id=${organization.id}` } },
        }),
    ],
    ['PUT by condition', () => rest.must('PUT Patient?identifier=urn:unchanged|one', { body: stored })],
    [
      'PUT with If-Match',
      () =>
        rest.must(`PUT Patient/${stored.id}`, {
          body: stored,
          headers: { 'if-match': `W/"${stored.meta?.versionId}"` },
        }),
    ],
    ['JSON Patch of nothing', () => rest.must(`PATCH Patient/${stored.id}`, { body: [] })],
    [
      'JSON Patch to the same value',
      () =>
        rest.must(`PATCH Patient/${stored.id}`, {
          body: [{ op: 'replace', path: '/gender', value: 'male' }],
        }),
    ],
    [
      'JSON Patch there and back',
      () =>
        rest.must(`PATCH Patient/${stored.id}`, {
          body: [
            { op: 'replace', path: '/gender', value: 'female' },
            { op: 'replace', path: '/gender', value: 'male' },
          ],
        }),
    ],
    [
      'FHIRPath Patch to the same value',
      () => rest.must(`PATCH Patient/${stored.id}`, { body: patch('replace', 'male') }),
    ],
  ])('%s', async (_name, write) => {
    const kept = await versionsKept(rest);
    const answer = await write();
    expect([answer.status, answer.version, answer.json]).toEqual([
      200,
      Number(stored.meta?.versionId),
      stored,
    ]);
    expect(await versionsKept(rest)).toBe(kept);
  });

  test.each<readonly [string, () => Resource]>([
    ['PUT', () => bundleOf({ method: 'PUT', url: `Patient/${stored.id}` }, stored)],
    [
      'PUT by condition',
      () => bundleOf({ method: 'PUT', url: 'Patient?identifier=urn:unchanged|one' }, stored),
    ],
    ['PATCH', () => bundleOf({ method: 'PATCH', url: `Patient/${stored.id}` }, patch('replace', 'male'))],
  ])('in a transaction: %s', async (_name, body) => {
    const kept = await versionsKept(rest);
    const [entry] = entriesOf(await rest.must('POST ', { body: body() }));
    expect(entry?.response).toMatchObject({ status: '200 OK', etag: `W/"${stored.meta?.versionId}"` });
    expect(await versionsKept(rest)).toBe(kept);
  });
});

describe('a version all the same', () => {
  test.each<readonly [string, (resource: Stored) => object]>([
    ['a tag', (one) => ({ ...one, meta: { tag: [{ code: 'u' }] } })],
    ['another element', (one) => ({ ...one, active: false })],
    ['lists in another order', (one) => ({ ...one, name: [{ family: 'B' }, { family: 'A' }] })],
  ])('%s', async (_name, change) => {
    const one = await rest.create(make.patient({ name: [{ family: 'A' }, { family: 'B' }] }));
    const answer = await rest.must(`PUT Patient/${one.id}`, { body: change(one) });
    expect(answer.version).toBeGreaterThan(Number(one.meta?.versionId));
  });

  test('a number written otherwise', async () => {
    const text = (value: string) =>
      `{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":${value}}}`;
    const made = await rest.must('POST Observation', { body: text('1.50') });
    const again = made.text;
    const same = await rest.must(`PUT Observation/${made.json.id}`, { body: again });
    expect(same.version).toBe(made.version);
    const other = await rest.must(`PUT Observation/${made.json.id}`, { body: again.replace('1.50', '1.5') });
    expect(other.version).toBeGreaterThan(made.version);
  });
});

describe('a referral', () => {
  const roles = { requester: 'PractitionerRole/initiator', performer: 'PractitionerRole/recipient' } as const;
  async function refer(): Promise<readonly [request: Stored, task: Stored]> {
    const patient = await rest.create(make.patient());
    const request = await rest.create(make.serviceRequest({ subject: `Patient/${patient.id}`, ...roles }));
    const found = await rest.must(`GET Task?focus=ServiceRequest/${request.id}`);
    return [request, entriesOf(found)[0]?.resource as unknown as Stored]; // the server sends what is stored
  }

  test('both parties write its order and Task as they are: no version, no warning, and no message', async () => {
    const [request, task] = await refer();
    const kept = await versionsKept(rest);
    for (const as of ['initiator', 'recipient']) {
      const written = await rest.must(`PUT Task/${task.id}`, { as, body: task });
      expect([written.version, written.headers.get('warning')]).toEqual([Number(task.meta?.versionId), null]);
    }
    await rest.must(`PUT ServiceRequest/${request.id}`, { body: request });
    expect(await versionsKept(rest)).toBe(kept);
  });

  test('what a rule makes of a write may be what is there: requested while received', async () => {
    const [, task] = await refer();
    // The first touch takes the tag of a Task that opened by itself.
    const touched = await rest.must(`PUT Task/${task.id}`, { body: { ...task, meta: undefined } });
    const { businessStatus: _left, ...bare } = touched.json;
    const answer = await rest.must(`PUT Task/${task.id}`, { body: { ...bare, status: 'requested' } });
    expect([answer.version, answer.json]).toEqual([touched.version, touched.json]);
  });

  test('who may not write it is refused, also when nothing would change', async () => {
    const patient = await rest.create(make.patient());
    const kept = await versionsKept(rest);
    const answer = await rest.send(`PUT Patient/${patient.id}`, { as: 'administrator', body: patient });
    expect(answer.status).toBe(200);
    const other = await rest.must('GET Organization/recipient');
    expect((await rest.send('PUT Organization/recipient', { body: other.json })).status).toBe(403);
    expect(await versionsKept(rest)).toBe(kept);
  });
});

test('the setting turns it off', async () => {
  const off = await openRest('--skip-unchanged', 'false');
  const one = await off.create(make.patient());
  const answer = await off.must(`PUT Patient/${one.id}`, { body: one });
  expect(answer.version).toBeGreaterThan(Number(one.meta?.versionId));
  await off.close();
});
