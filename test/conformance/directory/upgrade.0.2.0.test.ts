/** A data folder that a server of 0.2.0 wrote (test/fixtures/folder-0.2.0): every later version opens it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Bundle, Ref } from '../../../src/fhir/types.ts';
import { findRow, registerRowsOf } from '../../../src/resources/parties/register.ts';
import type { EmbeddedStore } from '../../../src/stores/embedded/open.ts';
import { verifyChain } from '../../../src/stores/embedded/verify/audit-chain.ts';
import { openStore } from '../../../src/stores/index.ts';
import { commitOf, refusal } from '../../contract/store-world.ts';
import * as make from '../../resources.ts';
import { openServerWith, type TestServer } from '../../server.ts';
import { refOf, resourcesOf } from '../../world.ts';

const FIXTURE = new URL('../../fixtures/folder-0.2.0/', import.meta.url);
const COMMITS = 35;
/** While it wrote the folder: what ages (keys, what is settled) has not aged. */
const THEN = { now: () => Date.UTC(2026, 10, 30, 23) };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'closeloop-0.2.0-'));
  writeFileSync(join(folder, 'store.db'), gunzipSync(readFileSync(new URL('store.db.gz', FIXTURE))));
  copyFileSync(new URL('anchors.jsonl', FIXTURE), join(folder, 'anchors.jsonl'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('its chain verifies up to its anchor before anything opens it', async () => {
  expect(await verifyChain(folder)).toMatchObject({ commits: COMMITS, anchored: COMMITS, faultCount: 0 });
});

describe('the store', () => {
  let store: EmbeddedStore;
  beforeAll(async () => {
    store = await openStore({ folder, clock: THEN, writer: 'turn', reserveBytes: 0 });
  });
  afterAll(() => store.close());

  test.each([
    [
      { receiver: 'Endpoint/recipient' },
      [
        'send-referral-package accepted',
        'send-referral-package accepted',
        'send-cancellation-request withheld',
        'send-referral-package accepted',
      ],
    ],
    [
      { receiver: 'Endpoint/initiator' },
      [
        'send-acceptance accepted',
        'send-schedule-visit-information accepted',
        'send-referral-outcome accepted',
      ],
    ],
    [{ open: true }, ['send-referral-package waiting']],
  ] as const)('has the entries of the outbox: %j', async (filter, entries) => {
    const rows = await store.outbox({ ...filter, count: 100 });
    expect(rows.toReversed().map(({ event, state }) => `${event} ${state}`)).toEqual(entries);
  });

  test('has the records of the register, and of the members', async () => {
    const number = { system: make.NPI_SYSTEM, value: make.npiOf('recipient') };
    const verified = { holder: 'Organization/recipient', state: 'verified', how: 'administrator' };
    expect(await findRow(store.snapshot(), 'register', number)).toMatchObject({ ...number, ...verified });
    expect(await registerRowsOf(store.snapshot(), 'Organization/initiator')).toHaveLength(1);
    expect(await store.snapshot().record('member', 'Organization/initiator')).toMatchObject({ version: 4 });
  });

  test('remembers the keys', async () => {
    const scope = 'http:Organization/initiator:client-initiator';
    const key = { scope, id: 'key-R-1', fingerprint: 'another', reply: { pieces: [''], holes: [] } };
    expect(await refusal(store.commit(commitOf([], { key })))).toBe('key-reused');
  });

  test('finds nothing wrong with itself', async () => {
    expect(await store.verify()).not.toContainEqual(expect.objectContaining({ ok: false }));
  });
});

describe('the server', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await openServerWith({ organizations: ['initiator', 'recipient'], folder });
  });
  afterAll(() => server.close());

  const orderOf = async (placer: string) => {
    const [order] = await server.search(
      'initiator',
      `ServiceRequest?identifier=${make.PLACER_SYSTEM}|${placer}`,
    );
    if (order === undefined) throw new Error(`no order ${placer}`);
    return order;
  };
  const taskOf = async (placer: string): Promise<Ref> => {
    const [task] = await server.search('initiator', `Task?focus=${refOf(await orderOf(placer))}`);
    return `Task/${task?.id ?? ''}`;
  };

  test('reads the referral and each of its versions', async () => {
    expect((await orderOf('R-1'))['status']).toBe('completed');
    const task = await taskOf('R-1');
    expect((await server.read('recipient', task))['status']).toBe('completed');
    const { json } = await server.ask('recipient', 'GET', `${task}/_history`);
    const versions = resourcesOf(json as unknown as Bundle); // a history
    expect(versions.map(({ meta, status }) => [meta?.versionId, status])).toEqual([
      ['19', 'completed'],
      ['15', 'in-progress'],
      ['13', 'accepted'],
      ['10', 'received'],
    ]);
    expect((await server.ask('recipient', 'GET', `${task}/_history/13`)).json['status']).toBe('accepted');
  });

  test.each([
    ['initiator', 'Task?status=completed', 1],
    ['initiator', `Patient?identifier=${make.MRN_SYSTEM}|&family=chalmers`, 3],
    ['recipient', `Patient?identifier=${make.MRN_SYSTEM}|&family=chalmers`, 2],
    ['recipient', `Task?focus:ServiceRequest.identifier=${make.PLACER_SYSTEM}|R-1&status=completed`, 1],
    ['initiator', 'Patient?_content=Chalmers', 3],
    ['initiator', 'Observation', 0],
  ] as const)('searches: %s finds by %s %i', async (who, url, count) => {
    expect(await server.search(who, url)).toHaveLength(count);
  });

  test('keeps the denial, and what was received before it', async () => {
    const order = await orderOf('R-2');
    const patient = (order['subject'] as { reference: string }).reference; // as it was written
    expect((await server.ask('recipient', 'GET', patient)).code).toBe('disclosure-denied');
    expect((await server.ask('initiator', 'GET', patient)).status).toBe(200);
    expect((await server.ask('recipient', 'GET', refOf(order))).code).toBe('disclosure-denied');
    expect((await server.ask('recipient', 'GET', `${await taskOf('R-2')}/_history/25`)).status).toBe(200);
  });

  test('says of what was deleted that it is gone', async () => {
    const { json } = await server.ask('initiator', 'GET', 'Observation/_history');
    const [deleted, made] = (json as unknown as Bundle).entry ?? []; // a history
    expect([deleted?.request?.method, made?.request?.method]).toEqual(['DELETE', 'POST']);
    const [observation] = resourcesOf(json as unknown as Bundle);
    expect((await server.ask('initiator', 'GET', `Observation/${observation?.id}`)).status).toBe(410);
  });

  test('commits the next move, and tells of it', async () => {
    const task = await taskOf('R-3');
    const accepted = [{ op: 'replace', path: '/status', value: 'accepted' }];
    const { status, version } = await server.ask('recipient', 'PATCH', task, accepted);
    expect([status, version > COMMITS]).toEqual([200, true]);
    expect(await server.sentTo('initiator', task, 1)).toMatchObject([{ event: 'send-acceptance' }]);
  });
});

test('its chain verifies with what came after', async () => {
  const { commits, faultCount } = await verifyChain(folder);
  expect([faultCount, commits > COMMITS]).toEqual([0, true]);
});
