/** Steps of a write share what they look up (rules 2.3, 3.3): nothing shared is stale, or somebody else's to see. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as make from '../../resources.ts';
import { openRest, type Answer, type Rest } from './client.ts';

let rest: Rest;
beforeAll(async () => {
  rest = await openRest();
});
afterAll(() => rest.close());

interface Entry {
  readonly url: string;
  readonly resource: object;
  readonly method?: string;
  readonly fullUrl?: string;
}

const transact = (entries: readonly Entry[], as = 'initiator'): Promise<Answer> =>
  rest.send('POST ', {
    as,
    body: {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: entries.map(({ url, method = 'POST', ...rest }) => ({ ...rest, request: { method, url } })),
    },
  });
const PATIENT = 'urn:uuid:8c5d1f4e-7c1b-4df2-9a52-0f9f7d1f0b01';
const refOf = ({ bundle }: Answer, index: number): string =>
  bundle.entry?.[index]?.response?.location?.split('/_history/')[0] ?? '';

test('entries that name the same unseen resource are each refused at their own place', async () => {
  const theirs = await rest.create(make.patient(), 'recipient');
  const observation = make.observation(`Patient/${theirs.id}`);
  const refused = await transact([
    { url: 'Observation', resource: observation },
    { url: 'Observation', resource: observation },
  ]);
  expect(refused.status).toBe(422);
  const places = refused.issues.flatMap(({ expression = [] }) => expression).join(' ');
  expect(places).toContain('Bundle.entry[0]');
  expect(places).toContain('Bundle.entry[1]');
  const taken = await transact(
    [
      { url: 'Observation', resource: observation },
      { url: 'Observation', resource: observation },
    ],
    'recipient',
  );
  expect(taken.status).toBe(200);
});

test('what refers to an entry of the same transaction is stored, and found, with the id that it was given', async () => {
  const made = await transact([
    { url: 'Observation', resource: make.observation(PATIENT) },
    { url: 'Patient', resource: make.patient(), fullUrl: PATIENT },
    { url: 'Observation', resource: make.observation(PATIENT) },
  ]);
  const patient = refOf(made, 1);
  const { json } = await rest.must(`GET ${refOf(made, 0)}`);
  expect(json['subject']).toMatchObject({ reference: patient });
  const { bundle } = await rest.must(`GET Observation?subject=${patient}`);
  expect(bundle.entry).toHaveLength(2);
});

test('a resource that was deleted after it was last read is referred to no more', async () => {
  const { id } = await rest.create(make.patient());
  const other = await rest.create(make.patient());
  const observation = make.observation(`Patient/${id}`);
  await rest.must(`GET Patient/${id}`);
  expect(
    (await rest.send('POST Observation', { body: make.observation(`Patient/${other.id}`) })).status,
  ).toBe(201);
  await rest.must(`DELETE Patient/${id}`);
  const late = await rest.send('POST Observation', { body: observation });
  expect(late).toMatchObject({ status: 422, code: 'reference-not-found' });
});

test('writes of one resource at once are each planned on the one before', async () => {
  const { id } = await rest.create(make.patient());
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      rest.send(`PATCH Patient/${id}`, {
        headers: { 'Content-Type': 'application/json-patch+json' },
        body: JSON.stringify([{ op: 'add', path: '/name/-', value: { family: `Given-${i}` } }]),
      }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
  const { text } = await rest.must(`GET Patient/${id}`);
  for (let i = 0; i < 8; i += 1) expect(text).toContain(`Given-${i}`);
});
