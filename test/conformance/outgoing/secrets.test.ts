/** Values of Subscription.channel.header, which nobody learns and nobody redirects, by whatever way to write (rules 6.2). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource, Subscription } from '../../../src/fhir/types.ts';
import { openRest, type Rest } from '../rest/client.ts';

const SECRET = 'Bearer very-secret-token';
const MASKED = 'Authorization: ***';
const [HERE, ELSEWHERE] = ['https://here.example.org/hook', 'https://elsewhere.example.org/hook'];

let rest: Rest;
let made = 0;
beforeAll(async () => {
  rest = await openRest('--new-addresses-per-day-max', '1000');
});
afterAll(() => rest.close());

const hook = (criteria: string, endpoint: string, header: readonly string[]): Resource => ({
  resourceType: 'Subscription',
  status: 'active',
  reason: 'to be told',
  criteria,
  channel: { type: 'rest-hook', endpoint, header, payload: 'application/fhir+json' },
});

interface Hooked {
  readonly id: string;
  /** Selects it alone, by itself. */
  readonly criteria: string;
}

async function subscribe(): Promise<Hooked> {
  const criteria = `Task?identifier=one-${(made += 1)}`;
  const written = {
    ...hook(criteria, HERE, [`Authorization: ${SECRET}`, 'X-Tenant: north']),
    status: 'requested',
  };
  const { id } = await rest.create(written);
  return { id, criteria };
}

async function channelOf({ id }: Hooked): Promise<Subscription['channel']> {
  const version = await rest.server.running.store.snapshot().read(`Subscription/${id}`, { everything: true });
  return (JSON.parse(version?.text ?? '') as Subscription).channel; // it is stored
}

const json = (operations: readonly object[]) => ({
  headers: { 'content-type': 'application/json-patch+json' },
  body: JSON.stringify(operations),
});
const replaceEndpoint = [{ op: 'replace', path: '/channel/endpoint', value: ELSEWHERE }];
const fhirPath = (path: string, type: string, ...parts: readonly object[]): Resource => ({
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'operation',
      part: [{ name: 'type', valueCode: type }, { name: 'path', valueString: path }, ...parts],
    },
  ],
});
const transaction = (method: string, url: string, resource: Resource): Resource => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: [{ resource, request: { method, url } }],
});
const binaryOf = (operations: readonly object[]): Resource => ({
  resourceType: 'Binary',
  contentType: 'application/json-patch+json',
  data: Buffer.from(JSON.stringify(operations)).toString('base64'),
});

/** Every way to give a Subscription another endpoint, with headers that are masked or as they were. */
const WAYS: readonly (readonly [
  name: string,
  send: (hooked: Hooked) => Promise<{ status: number; text: string }>,
])[] = [
  [
    'PUT',
    ({ id, criteria }) =>
      rest.send(`PUT Subscription/${id}`, {
        body: { ...hook(criteria, ELSEWHERE, [MASKED, 'X-Tenant: ***']), id },
      }),
  ],
  [
    'PUT, conditional',
    ({ id, criteria }) =>
      rest.send(`PUT Subscription?_id=${id}`, { body: hook(criteria, ELSEWHERE, [MASKED, 'X-Tenant: ***']) }),
  ],
  ['JSON Patch', ({ id }) => rest.send(`PATCH Subscription/${id}`, json(replaceEndpoint))],
  ['JSON Patch, conditional', ({ id }) => rest.send(`PATCH Subscription?_id=${id}`, json(replaceEndpoint))],
  [
    'JSON Patch of the channel',
    ({ id }) =>
      rest.send(
        `PATCH Subscription/${id}`,
        json([{ op: 'replace', path: '/channel', value: hook('Task?', ELSEWHERE, [MASKED])['channel'] }]),
      ),
  ],
  [
    'FHIRPath Patch',
    ({ id }) =>
      rest.send(`PATCH Subscription/${id}`, {
        body: fhirPath('Subscription.channel.endpoint', 'replace', { name: 'value', valueUrl: ELSEWHERE }),
      }),
  ],
  [
    'PUT in a transaction',
    ({ id, criteria }) =>
      rest.send('POST ', {
        body: transaction('PUT', `Subscription/${id}`, { ...hook(criteria, ELSEWHERE, [MASKED]), id }),
      }),
  ],
  [
    'JSON Patch in a transaction',
    ({ id }) =>
      rest.send('POST ', { body: transaction('PATCH', `Subscription/${id}`, binaryOf(replaceEndpoint)) }),
  ],
  [
    'FHIRPath Patch in a transaction',
    ({ id }) =>
      rest.send('POST ', {
        body: transaction(
          'PATCH',
          `Subscription/${id}`,
          fhirPath('Subscription.channel.endpoint', 'replace', { name: 'value', valueUrl: ELSEWHERE }),
        ),
      }),
  ],
];

describe('(rules 6.2) another endpoint needs the headers anew', () => {
  test.each(WAYS)('%s', async (_name, send) => {
    const hooked = await subscribe();
    const { status, text } = await send(hooked);
    expect([status, text]).toEqual([422, expect.stringContaining('give the value')]);
    expect(await channelOf(hooked)).toMatchObject({
      endpoint: HERE,
      header: [`Authorization: ${SECRET}`, 'X-Tenant: north'],
    });
  });

  test('given anew, or left out, it is another', async () => {
    const [anew, without] = [await subscribe(), await subscribe()];
    await rest.must(`PUT Subscription/${anew.id}`, {
      body: { ...hook(anew.criteria, ELSEWHERE, ['Authorization: Bearer another-token']), id: anew.id },
    });
    expect(await channelOf(anew)).toMatchObject({
      endpoint: ELSEWHERE,
      header: ['Authorization: Bearer another-token'],
    });
    await rest.must(
      `PATCH Subscription/${without.id}`,
      json([{ op: 'remove', path: '/channel/header' }, ...replaceEndpoint]),
    );
    expect((await channelOf(without)).header).toBeUndefined();
  });

  test('at the same endpoint a mask stays what it stands for, and a patch of something else leaves it', async () => {
    const hooked = await subscribe();
    await rest.must(`PUT Subscription/${hooked.id}`, {
      body: { ...hook(hooked.criteria, HERE, ['X-Tenant: south', MASKED]), id: hooked.id },
    });
    await rest.must(
      `PATCH Subscription/${hooked.id}`,
      json([{ op: 'replace', path: '/reason', value: 'still' }]),
    );
    expect((await channelOf(hooked)).header).toEqual(['X-Tenant: south', `Authorization: ${SECRET}`]);
  });
});

describe('(rules 6.2) no patch compares, copies or moves what is masked', () => {
  test.each([
    ['a test of the value', [{ op: 'test', path: '/channel/header/0', value: `Authorization: ${SECRET}` }]],
    ['a test of a mask', [{ op: 'test', path: '/channel/header/0', value: MASKED }]],
    ['a test of the list', [{ op: 'test', path: '/channel/header', value: [] }]],
    ['a test of the channel', [{ op: 'test', path: '/channel', value: {} }]],
    ['a test of everything', [{ op: 'test', path: '', value: {} }]],
    ['a copy', [{ op: 'copy', from: '/channel/header/0', path: '/reason' }]],
    ['a copy within', [{ op: 'copy', from: '/channel/header/0', path: '/channel/header/-' }]],
    ['a copy of the channel', [{ op: 'copy', from: '/channel', path: '/contained' }]],
    ['a move', [{ op: 'move', from: '/channel/header/0', path: '/reason' }]],
    ['a move within', [{ op: 'move', from: '/channel/header/0', path: '/channel/header/1' }]],
  ])('JSON Patch: %s', async (_name, operations) => {
    const hooked = await subscribe();
    const { status, code } = await rest.send(`PATCH Subscription/${hooked.id}`, json(operations));
    expect([status, code]).toEqual([422, 'patch-invalid']);
    const within = binaryOf(operations);
    const bundled = await rest.send('POST ', {
      body: transaction('PATCH', `Subscription/${hooked.id}`, within),
    });
    expect([bundled.status, bundled.code]).toEqual([422, 'patch-invalid']);
  });

  test.each([["startsWith('Authorization: Bearer very')"], ["startsWith('Authorization: Bearer other')"]])(
    'FHIRPath Patch: a path that asks whether %s selects nothing, whatever it is',
    async (guess) => {
      const { id } = await subscribe();
      const path = `Subscription.where(channel.header.where($this.${guess}).exists())`;
      const body = fhirPath(
        path,
        'add',
        { name: 'name', valueString: 'error' },
        { name: 'value', valueString: 'found' },
      );
      const { status, code } = await rest.send(`PATCH Subscription/${id}`, { body });
      expect([status, code]).toEqual([422, 'patch-invalid']);
    },
  );

  test('FHIRPath Patch: a move within the list', async () => {
    const { id } = await subscribe();
    const at = (name: string, index: number) => ({ name, valueInteger: index });
    const body = fhirPath('Subscription.channel.header', 'move', at('source', 0), at('destination', 1));
    expect((await rest.send(`PATCH Subscription/${id}`, { body })).code).toBe('patch-invalid');
  });
});
