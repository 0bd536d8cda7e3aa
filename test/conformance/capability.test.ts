/**
 * What /metadata claims is served, and what is served is claimed (http://hl7.org/fhir/R4/capabilitystatement.html): each
 * interaction of each type is done once, looked at, and refused once.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CapabilityStatement, CapabilityStatementRestResource, Resource } from '../../src/fhir/types.ts';
import { OPERATIONS } from '../../src/operations/extended/index.ts';
import { PARTY_TYPES } from '../../src/resources/parties/standing.ts';
import { BODY_TYPES, RESOURCE_TYPES } from '../../src/resources/index.ts';
import { EVERY_INTERACTION, type TypeInteraction } from '../../src/resources/resource.ts';
import { R4_TYPES } from '../../src/resources/search-parameters.ts';
import { proofOf } from '../proof.ts';
import { typesTried } from '../types-tried.ts';
import { BASE, resourcesOf, type Stored } from '../world.ts';
import { entriesOf, openRest, type Answer, type Rest } from './rest/client.ts';
import { richOf, seedBundle, WRITTEN_TYPES } from './rest/rich.ts';

const TYPES = [...RESOURCE_TYPES.keys()];

let rest: Rest;
let claimed: NonNullable<CapabilityStatement['rest']>[number];
beforeAll(async () => {
  rest = await openRest();
  await rest.must('POST ', { as: 'administrator for initiator', body: seedBundle() });
  const { json } = await rest.must('GET metadata', { as: 'nobody' });
  const [first] = (json as unknown as CapabilityStatement).rest ?? [];
  if (first === undefined) throw new Error('the statement has no rest');
  claimed = first;
});
afterAll(() => rest.close());

const claimOf = (type: string): CapabilityStatementRestResource => {
  const claim = claimed.resource?.find((one) => one.type === type);
  if (claim === undefined) throw new Error(`${type} is not claimed`);
  return claim;
};

/** An Organization is its own: only an administrator makes another. */
const writerOf = (type: string): string => (type === 'Organization' ? 'administrator' : 'initiator');

const create = (type: string): Promise<Stored> => rest.create(written(type), writerOf(type));

function written(type: string): Resource {
  const [resource] = richOf(type);
  if (resource === undefined) throw new Error(`no resource of ${type}`);
  return resource;
}

/** What is stored of what was written: all of it, beside id, meta with a party's standing, and what a Subscription's activation changes. */
function storedOf(type: string, body: Resource, { id, meta }: Resource): Resource {
  const stored = {
    ...body,
    id,
    meta: {
      ...body.meta,
      ...(PARTY_TYPES.has(type) && { tag: meta?.tag }),
      versionId: meta?.versionId,
      lastUpdated: meta?.lastUpdated,
    },
  };
  if (type !== 'Subscription') return stored as Resource; // with an id now
  const channel = { ...(body['channel'] as object), header: ['Authorization: ***'] };
  return { ...stored, status: 'active', channel } as Resource;
}

const refused = async (answer: Promise<Answer>): Promise<readonly [number, string | undefined]> => {
  const { status, code, json } = await answer;
  expect(json.resourceType).toBe('OperationOutcome');
  return [status, code];
};

interface Exercise {
  readonly done: (type: string) => Promise<void>;
  readonly refused: (type: string) => Promise<void>;
}

const EXERCISES: Readonly<Record<TypeInteraction, Exercise>> = {
  create: {
    async done(type) {
      const as = writerOf(type);
      const answer = await rest.must(`POST ${type}`, { as, body: written(type) });
      expect(answer.status).toBe(201);
      expect(answer.json).toEqual(storedOf(type, written(type), answer.json));
      const { id, meta } = answer.json;
      expect(answer.headers.get('location')).toBe(`${BASE}/${type}/${id}/_history/${meta?.versionId}`);
      expect((await rest.must(`GET ${type}/${id}`)).json).toEqual(answer.json);
    },
    async refused(type) {
      const body = { ...written(type), nothingOfTheKind: true };
      expect(await refused(rest.send(`POST ${type}`, { body }))).toEqual([422, 'structure-invalid']);
    },
  },
  read: {
    async done(type) {
      if (type === 'AuditEvent') return readAuditEvent();
      const stored = await create(type);
      const answer = await rest.must(`GET ${type}/${stored.id}`);
      expect(answer.json).toEqual(stored);
      expect(answer.headers.get('etag')).toBe(`W/"${stored.meta?.versionId}"`);
      expect(answer.headers.get('last-modified')).toBe(
        new Date(stored.meta?.lastUpdated ?? '').toUTCString(),
      );
    },
    async refused(type) {
      expect(await refused(rest.send(`GET ${type}/unused`))).toEqual([404, 'not-found']);
    },
  },
  vread: {
    async done(type) {
      const first = await create(type);
      const second = await change(type, first);
      for (const version of [first, second]) {
        const at = `${type}/${first.id}/_history/${version.meta?.versionId}`;
        expect((await rest.must(`GET ${at}`)).json).toEqual(version);
      }
    },
    async refused(type) {
      const { id } = await create(type);
      expect(await refused(rest.send(`GET ${type}/${id}/_history/1`))).toEqual([404, 'not-found']);
    },
  },
  update: {
    async done(type) {
      const stored = await create(type);
      const updated = await change(type, stored);
      expect(updated).toEqual({ ...stored, language: 'de', meta: updated.meta });
      expect(Number(updated.meta?.versionId)).toBeGreaterThan(Number(stored.meta?.versionId));
    },
    async refused(type) {
      const stored = await create(type);
      const headers = { 'if-match': 'W/"1"' };
      const answer = rest.send(`PUT ${type}/${stored.id}`, { as: writerOf(type), body: stored, headers });
      expect(await refused(answer)).toEqual([412, 'version-conflict']);
    },
  },
  patch: {
    async done(type) {
      const stored = await create(type);
      const body = [{ op: 'add', path: '/language', value: 'fr' }];
      const { json } = await rest.must(`PATCH ${type}/${stored.id}`, { as: writerOf(type), body });
      expect(json).toEqual({ ...stored, language: 'fr', meta: json.meta });
    },
    async refused(type) {
      const { id } = await create(type);
      const body = [{ op: 'remove', path: '/nothing' }];
      const answer = rest.send(`PATCH ${type}/${id}`, { as: writerOf(type), body });
      expect(await refused(answer)).toEqual([422, 'patch-invalid']);
    },
  },
  delete: {
    async done(type) {
      const { id } = await create(type);
      const { status, text } = await rest.must(`DELETE ${type}/${id}`, { as: writerOf(type) });
      expect([status, text]).toEqual([204, '']);
      expect(await refused(rest.send(`GET ${type}/${id}`))).toEqual([410, 'gone']);
    },
    async refused(type) {
      const { id } = await create(type);
      const headers = { 'if-match': 'W/"1"' };
      const answer = rest.send(`DELETE ${type}/${id}`, { as: writerOf(type), headers });
      expect(await refused(answer)).toEqual([412, 'version-conflict']);
    },
  },
  'history-instance': {
    async done(type) {
      const first = await create(type);
      const second = await change(type, first);
      const answer = await rest.must(`GET ${type}/${first.id}/_history`);
      expect(answer.bundle).toMatchObject({ type: 'history', total: 2 });
      expect(entriesOf(answer).map(({ resource }) => resource)).toEqual([second, first]);
      expect(entriesOf(answer).map(({ request }) => [request?.method, request?.url])).toEqual([
        ['PUT', `${type}/${first.id}`],
        ['POST', type],
      ]);
    },
    async refused(type) {
      expect(await refused(rest.send(`GET ${type}/unused/_history`))).toEqual([404, 'not-found']);
    },
  },
  'history-type': {
    async done(type) {
      const stored = await create(type);
      const [newest] = entriesOf(await rest.must(`GET ${type}/_history?_count=1`));
      expect(newest).toMatchObject({ fullUrl: `${BASE}/${type}/${stored.id}`, resource: stored });
    },
    async refused(type) {
      const answer = rest.send(`GET ${type}/_history?status=draft`);
      expect(await refused(answer)).toEqual([400, 'search-parameter-unknown']);
    },
  },
  'search-type': {
    async done(type) {
      if (type === 'AuditEvent') return searchAuditEvents();
      const stored = await create(type);
      const answer = await rest.must(`GET ${type}?_id=${stored.id}&_total=accurate`);
      expect(answer.bundle).toEqual({
        resourceType: 'Bundle',
        type: 'searchset',
        total: 1,
        link: [{ relation: 'self', url: `${BASE}/${type}?_id=${stored.id}&_total=accurate` }],
        entry: [{ fullUrl: `${BASE}/${type}/${stored.id}`, resource: stored, search: { mode: 'match' } }],
      });
    },
    async refused(type) {
      const answer = rest.send(`GET ${type}?nothing-of-the-kind=1`);
      expect(await refused(answer)).toEqual([400, 'search-parameter-unknown']);
    },
  },
};

/** Another version: an update that only says the language. */
async function change(type: string, stored: Stored): Promise<Stored> {
  const body = { ...stored, language: 'de' };
  return (await rest.must(`PUT ${type}/${stored.id}`, { as: writerOf(type), body })).json as Stored; // as stored
}

async function searchAuditEvents(): Promise<void> {
  const { id } = await create('Basic');
  const answer = await rest.must(`GET AuditEvent?entity=Basic/${id}`);
  expect(entriesOf(answer).map(({ resource }) => resource)).toMatchObject([
    { resourceType: 'AuditEvent', action: 'C', outcome: '0', subtype: [{ code: 'create' }] },
  ]);
}

async function readAuditEvent(): Promise<void> {
  const { id } = await create('Basic');
  const [found] = entriesOf(await rest.must(`GET AuditEvent?entity=Basic/${id}`));
  const answer = await rest.must(`GET AuditEvent/${found?.resource?.id}`);
  expect(answer.json).toEqual(found?.resource);
}

/** How each interaction would be asked where it is not offered. */
const LINES: Readonly<Record<TypeInteraction, (type: string) => string>> = {
  create: (type) => `POST ${type}`,
  read: (type) => `GET ${type}/known`,
  vread: (type) => `GET ${type}/known/_history/1`,
  update: (type) => `PUT ${type}/known`,
  patch: (type) => `PATCH ${type}/known`,
  delete: (type) => `DELETE ${type}/known`,
  'history-instance': (type) => `GET ${type}/known/_history`,
  'history-type': (type) => `GET ${type}/_history`,
  'search-type': (type) => `GET ${type}`,
};

const TRIED = typesTried(proofOf('types'));
const EACH = TRIED.flatMap((type) => EVERY_INTERACTION.map((interaction) => [type, interaction] as const));

describe('each interaction of each type', () => {
  test('the types claimed are those of the registry', () => {
    expect(claimed.resource?.map(({ type }) => type)).toEqual(TYPES);
  });

  test.each(EACH)('%s: %s', async (type, interaction) => {
    if (claimOf(type).interaction?.some(({ code }) => code === interaction) === true) {
      await EXERCISES[interaction].done(type);
      await EXERCISES[interaction].refused(type);
      return;
    }
    const { status, json } = await rest.send(LINES[interaction](type), { as: 'administrator' });
    expect([404, 405]).toContain(status);
    expect(json.resourceType).toBe('OperationOutcome');
  });

  test('types of R4 that are not claimed are not served', async () => {
    const others = R4_TYPES.filter((type) => !RESOURCE_TYPES.has(type));
    expect(others).toEqual([...BODY_TYPES]);
    for (const type of others) {
      const code = BODY_TYPES.has(type) ? 'type-not-stored' : 'type-unknown';
      expect([type, ...(await refused(rest.send(`GET ${type}`)))]).toEqual([type, 404, code]);
    }
  });

  test.each([...BODY_TYPES])('%s is a body, and never stored', async (type) => {
    const body = { resourceType: type, issue: [{ severity: 'error', code: 'invalid' }] };
    for (const line of [`POST ${type}`, `PUT ${type}/1`, `GET ${type}/1`, `GET ${type}?_id=1`]) {
      const sending = line.startsWith('GET') ? {} : { body };
      expect([line, ...(await refused(rest.send(line, sending)))]).toEqual([line, 404, 'type-not-stored']);
    }
    const entry = [{ resource: body, request: { method: 'POST', url: type } }];
    const bundle = { resourceType: 'Bundle', type: 'transaction', entry };
    expect(await refused(rest.send('POST ', { body: bundle }))).toEqual([404, 'type-not-stored']);
  });
});

const NOT_SERVED: ReadonlySet<string | undefined> = new Set(['operation-unknown', 'interaction-unsupported']);

describe('the whole system', () => {
  const SYSTEM: Readonly<Record<string, Exercise['done']>> = {
    transaction: async () => {
      const entry = [{ resource: written('Basic'), request: { method: 'POST', url: 'Basic' } }];
      const body = { resourceType: 'Bundle', type: 'transaction', entry };
      const answer = await rest.must('POST ', { body });
      expect(answer.bundle.type).toBe('transaction-response');
      const [done] = resourcesOf(answer.bundle);
      expect(done).toEqual(storedOf('Basic', written('Basic'), done ?? { resourceType: 'Basic' }));
      const bad = [
        ...entry,
        { resource: { resourceType: 'Basic' }, request: { method: 'POST', url: 'Basic' } },
      ];
      expect(await refused(rest.send('POST ', { body: { ...body, entry: bad } }))).toEqual([
        422,
        'field-missing',
      ]);
    },
    batch: async () => {
      const entry = [
        { resource: written('Basic'), request: { method: 'POST', url: 'Basic' } },
        { request: { method: 'GET', url: 'Basic/unused' } },
      ];
      const answer = await rest.must('POST ', { body: { resourceType: 'Bundle', type: 'batch', entry } });
      expect(answer.bundle.type).toBe('batch-response');
      expect(entriesOf(answer).map(({ response }) => Number.parseInt(response?.status ?? '', 10))).toEqual([
        201, 404,
      ]);
      const wrong = rest.send('POST ', { body: { resourceType: 'Bundle', type: 'document' } });
      expect(await refused(wrong)).toEqual([400, 'bundle-invalid']);
    },
    'search-system': async () => {
      const first = await create('Basic');
      const second = await create('Patient');
      const ids = `${first.id},${second.id}`;
      const found = entriesOf(await rest.must(`GET ?_type=Basic,Patient&_id=${ids}`));
      expect(found.map(({ resource }) => resource?.id)).toEqual([second.id, first.id]);
      const posted = await rest.must('POST _search', { body: `_type=Basic&_id=${ids}` });
      expect(entriesOf(posted).map(({ resource }) => resource?.id)).toEqual([first.id]);
      expect(await refused(rest.send('GET ?_type=Basic&shoe-size=46'))).toEqual([
        400,
        'search-parameter-unknown',
      ]);
    },
    'history-system': async () => {
      const first = await create('Basic');
      const second = await create('Patient');
      const answer = await rest.must('GET _history?_count=2');
      expect(entriesOf(answer).map(({ resource }) => resource)).toEqual([second, first]);
      expect(await refused(rest.send('GET _history?_count=few'))).toEqual([400, 'search-value-invalid']);
    },
  };

  test('what is claimed is done and refused', async () => {
    const codes = claimed.interaction?.map(({ code }) => code) ?? [];
    expect(codes.toSorted()).toEqual(Object.keys(SYSTEM).toSorted());
    for (const code of codes) await SYSTEM[code]?.('');
  });

  test('operations are claimed by the types on which they are served, and are no others', async () => {
    const body = { resourceType: 'Parameters', parameter: [{ name: 'nothing', valueString: 'of the kind' }] };
    const isServed = async (address: string): Promise<boolean> => {
      const [status, code] = await refused(rest.send(`POST ${address}`, { body }));
      expect([address, Math.trunc(status / 100)]).toEqual([address, 4]);
      return !NOT_SERVED.has(code);
    };
    const every = [...new Set([...OPERATIONS.values()].map(({ name }) => name)), 'lastn'];
    const claimedBySystem = claimed.operation?.map(({ name }) => name) ?? [];
    for (const name of every)
      expect([name, await isServed(`$${name}`)]).toEqual([name, claimedBySystem.includes(name)]);
    for (const type of TRIED) {
      const names = claimOf(type).operation?.map(({ name }) => name) ?? [];
      const tried = every.map(async (name) => {
        const served = (await isServed(`${type}/$${name}`)) || (await isServed(`${type}/known/$${name}`));
        expect([type, name, served]).toEqual([type, name, names.includes(name)]);
      });
      await Promise.all(tried);
    }
  });

  test('the statement speaks of this server', async () => {
    const { json } = await rest.must('GET metadata', { as: 'nobody' });
    expect(json).toMatchObject({
      resourceType: 'CapabilityStatement',
      kind: 'instance',
      fhirVersion: '4.0.1',
      format: ['application/fhir+json', 'application/fhir+xml', 'json', 'xml'],
      patchFormat: ['application/json-patch+json', 'application/fhir+json', 'application/fhir+xml'],
      implementation: { url: BASE },
    });
  });
});

describe('conditional forms', () => {
  test.each(WRITTEN_TYPES.filter((type) => TRIED.includes(type)))('%s', async (type) => {
    const claim = claimOf(type);
    expect(claim).toMatchObject({
      versioning: 'versioned',
      readHistory: true,
      updateCreate: false,
      conditionalCreate: true,
      conditionalRead: 'full-support',
      conditionalUpdate: true,
      conditionalDelete: 'single',
    });
    const as = writerOf(type);
    const stored = await create(type);
    const { id, meta } = stored;
    const version = `W/"${meta?.versionId}"`;
    const ifNoneExist = { 'if-none-exist': `_id=${id}` };
    const again = await rest.must(`POST ${type}`, { as, body: written(type), headers: ifNoneExist });
    expect([again.status, again.json]).toEqual([200, stored]);
    const ifNoneMatch = { 'if-none-match': version };
    const unchanged = await rest.must(`GET ${type}/${id}`, { headers: ifNoneMatch });
    expect([unchanged.status, unchanged.text]).toEqual([304, '']);
    const body = { ...written(type), language: 'it' };
    const updated = await rest.must(`PUT ${type}?_id=${id}`, { as, body });
    expect(updated.json).toEqual(storedOf(type, { ...body, language: 'it' }, updated.json));
    expect(updated.json.id).toBe(id);
    const many = rest.send(`DELETE ${type}?_tag=rich`, { as });
    expect(await refused(many)).toEqual([412, 'condition-ambiguous']);
    expect((await rest.must(`DELETE ${type}?_id=${id}`, { as })).status).toBe(204);
    expect((await rest.send(`GET ${type}/${id}`)).status).toBe(410);
    if (as === 'administrator') return;
    const unused = rest.send(`PUT ${type}/unused`, { body: { ...written(type), id: 'unused' } });
    expect(await refused(unused)).toEqual([404, 'not-found']);
  });

  test('an AuditEvent has none', () => {
    expect(claimOf('AuditEvent')).toMatchObject({
      versioning: 'no-version',
      readHistory: false,
      conditionalCreate: false,
      conditionalRead: 'not-supported',
      conditionalUpdate: false,
      conditionalDelete: 'not-supported',
    });
  });
});
