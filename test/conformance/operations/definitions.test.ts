/** Every operation as it describes itself: its OperationDefinition, its parameters, and where it is found. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { OPERATIONS } from '../../../src/operations/extended/index.ts';
import { buildOperationDefinition, canonicalOf, isOn } from '../../../src/operations/extended/operation.ts';
import { RESOURCE_TYPES } from '../../../src/resources/index.ts';
import { isPrimitiveType } from '../../../src/resources/type-names.ts';
import { validateResource } from '../../../src/resources/validate.ts';
import { openRest, type Rest } from '../rest/client.ts';

let rest: Rest;
beforeAll(async () => {
  rest = await openRest();
});
afterAll(() => rest.close());

const EVERY = [...OPERATIONS].map(([id, operation]) => [id, operation] as const);

describe.each(EVERY)('%s', (id, operation) => {
  const { name, levels, resource, affectsState, parameters } = operation;
  const types = [...RESOURCE_TYPES.keys()].filter((type) => isOn(resource, type));
  /** One address for each level at which it is found. */
  const addresses = levels.map((level) =>
    level === 'system' ? `$${name}` : level === 'type' ? `${types[0]}/$${name}` : `${types[0]}/none/$${name}`,
  );

  test('is described by a sound OperationDefinition, which is read here', async () => {
    const { status, json } = await rest.must(`GET OperationDefinition/${id}`);
    expect(status).toBe(200);
    expect(json).toEqual(JSON.parse(JSON.stringify(buildOperationDefinition(operation))));
    const wrong = validateResource(json, { profiles: 'none' });
    expect(wrong.filter(({ severity = 'error' }) => severity === 'error')).toEqual([]);
    expect(json).toMatchObject({ id, url: canonicalOf(operation), code: name, affectsState });
    for (const { documentation } of parameters) expect(documentation).toMatch(/\w.*\.$/s);
  });

  test('is claimed where it is found, by its definition', async () => {
    const { json } = await rest.must('GET metadata', { as: 'nobody' });
    const claim = { name, definition: canonicalOf(operation) };
    type Claims = { readonly operation?: readonly object[]; readonly type?: string };
    const [{ resource: resources = [], ...system } = {}] = json['rest'] as readonly (Claims & {
      readonly resource?: readonly Claims[];
    })[];
    expect((system.operation ?? []).some((one) => JSON.stringify(one) === JSON.stringify(claim))).toBe(
      levels.includes('system'),
    );
    const claiming = resources.filter(({ operation: own = [] }) =>
      own.some((one) => JSON.stringify(one) === JSON.stringify(claim)),
    );
    const isOnTypes = levels.some((level) => level !== 'system');
    expect(claiming.map(({ type }) => type)).toEqual(isOnTypes ? types : []);
  });

  test('GET invokes it if it does not affect state', async () => {
    for (const address of addresses) {
      const { status } = await rest.send(`GET ${address}`);
      expect([address, status === 405]).toEqual([address, affectsState]);
      const put = await rest.send(`PUT ${address}`, { body: { resourceType: 'Parameters' } });
      expect([put.status, put.code]).toEqual([405, 'method-not-allowed']);
      expect(put.headers.get('allow')).toBe(affectsState ? 'POST' : 'GET, HEAD, POST');
    }
  });

  test('a parameter that it has not is refused, unless asked to be lenient', async () => {
    const body = { resourceType: 'Parameters', parameter: [{ name: 'shoeSize', valueInteger: 1 }] };
    for (const address of addresses) {
      const { status, code, issues } = await rest.send(`POST ${address}`, { body });
      expect([address, status, code]).toEqual([address, 400, 'parameter-unknown']);
      expect(issues[0]?.diagnostics).toContain('shoeSize');
      const lenient = await rest.send(`POST ${address}`, { body, headers: { prefer: 'handling=lenient' } });
      expect(lenient.code).not.toBe('parameter-unknown');
    }
  });

  test('a parameter of another type, and one too often, are refused', async () => {
    const [address] = addresses;
    for (const { name: given, use, max, type } of parameters) {
      if (use === 'out' || type === undefined || type === '*') continue;
      const wrong = isPrimitiveType(type) ? { valuePeriod: { start: '2026' } } : { valueBoolean: true };
      const parameter = [{ name: given, ...wrong }];
      const answer = await rest.send(`POST ${address}`, { body: { resourceType: 'Parameters', parameter } });
      expect([given, answer.status, answer.code]).toEqual([given, 400, 'parameter-invalid']);
      if (max !== '1' || type !== 'string') continue;
      const twice = [1, 2].map((valueString) => ({ name: given, valueString: `x${valueString}` }));
      const often = await rest.send(`POST ${address}`, {
        body: { resourceType: 'Parameters', parameter: twice },
      });
      expect([often.status, often.code]).toEqual([400, 'parameter-invalid']);
    }
  });

  test('a body that is no Parameters, and Parameters that are not sound, are refused', async () => {
    const [address] = addresses;
    const other = await rest.send(`POST ${address}`, {
      body: { resourceType: 'Parameters', parameter: 'x' },
    });
    expect([other.status, other.code]).toEqual([422, 'structure-invalid']);
    if (parameters.some(({ use, type }) => use === 'in' && type === 'Resource')) return;
    const basic = await rest.send(`POST ${address}`, { body: { resourceType: 'Basic' } });
    expect([basic.status, basic.code]).toEqual([400, 'resource-type-mismatch']);
  });
});

describe('where none is found', () => {
  test.each([
    ['POST $discard-message', 404, 'operation-unknown'],
    ['POST Task/$discard-message', 404, 'operation-unknown'],
    ['POST Patient/1/$discard-message', 404, 'operation-unknown'],
    ['POST Task/1/_history/1/$discard-message', 404, 'operation-unknown'],
    ['POST Task/1/$nothing-of-the-kind', 404, 'operation-unknown'],
    ['GET OperationDefinition/nothing-of-the-kind', 404, 'not-found'],
    ['GET OperationDefinition/discard-message/_history/1', 404, 'not-found'],
  ])('%s', async (line, status, code) => {
    const body = line.startsWith('POST') ? { body: { resourceType: 'Parameters' } } : {};
    const answer = await rest.send(line, body);
    expect([answer.status, answer.code]).toEqual([status, code]);
  });
});

test('what comes with the server is not overwritten', async () => {
  const definition = (await rest.must('GET OperationDefinition/discard-message')).json;
  const answer = await rest.send('PUT OperationDefinition/discard-message', {
    as: 'administrator',
    body: definition,
  });
  expect([answer.status, answer.code]).toEqual([405, 'interaction-unsupported']);
});
