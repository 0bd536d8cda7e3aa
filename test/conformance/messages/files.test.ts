/** Files that go with messages: scanned before anybody else reads them, and what waits for it goes on by itself. */
import { createHash } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { createMalwareScanner } from '../../../src/scanning/index.ts';
import { EICAR, openFakeClamd, type FakeClamd } from '../../malware-scanners.ts';
import { PDF, TEXT } from '../../unit/attachments/files.ts';
import { initiator, openWorld, recipient, refOf, type World } from '../../world.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

interface Trial {
  readonly world: World;
  readonly clamd: FakeClamd;
  /** One run of the job that scans again. */
  readonly settle: () => Promise<void>;
}

async function open(): Promise<Trial> {
  const clamd = await openFakeClamd();
  closing.push(() => clamd.close());
  const [host = '', port] = clamd.address.split(':');
  const connect = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = createConnection(Number(port), host, () => resolve(socket)).once('error', reject);
    });
  const scanner = createMalwareScanner({ place: { connect }, timeoutMs: 300, warn: () => undefined });
  const world = await openWorld({ engine: { scanner } });
  closing.push(() => world.close());
  await world.seedDirectory('initiator', 'recipient');
  return { world, clamd, settle: async () => world.engine.settleScans?.(new AbortController().signal) };
}

const to = (reference: string) => ({ reference });

async function store(world: World, contentType: string, bytes: Uint8Array): Promise<Ref> {
  const data = Buffer.from(bytes).toString('base64');
  return refOf(await world.create(initiator, { resourceType: 'Binary', contentType, data }));
}

const carrying = (attachment: object, more: object = {}): Resource => ({
  resourceType: 'Communication',
  status: 'in-progress',
  sender: to('Organization/initiator'),
  recipient: [to('Organization/recipient')],
  payload: [{ contentAttachment: attachment }],
  ...more,
});

const send = (world: World, attachment: object, more: object = {}) =>
  world.ask(initiator, 'POST', 'Communication', carrying(attachment, more));

const readBy = async (world: World, ref: Ref): Promise<number> =>
  (await world.ask(recipient, 'GET', ref)).status;

// prettier-ignore
test.each([
  'https://files.example/report.pdf', 'data:text/html;base64,PGh0bWw+', 'javascript:alert(1)', '#one',
  'Organization/initiator', '{file}?x=1', '{file}#x', '/{file}', './{file}',
])('a file that stands elsewhere than in a Binary here is refused: %s (baa-messaging MS8, MS11)', async (place) => {
  const { world } = await open();
  const page = await store(world, 'text/html', Buffer.from('<html><script>1</script></html>'));
  const { status, json } = await send(world, { url: place.replace('{file}', page) });
  expect([status, JSON.stringify(json)]).toEqual([422, expect.stringContaining('names a Binary of this server')]);
});

describe('(baa-messaging MS11) a message with a file', () => {
  test('is sent once the file is clean, and says its hash and who scanned it', async () => {
    const { world } = await open();
    const url = await store(world, 'application/pdf', PDF);
    const { status, json } = await send(world, { contentType: 'application/pdf', url });
    expect([status, json?.['status']]).toEqual([201, 'in-progress']);
    const said = JSON.stringify(json?.['extension']);
    expect(said).toMatch(/content-hash","valueString":"[0-9a-f]{64}"/);
    expect(said).toContain('"valueCode":"clean"');
    expect([await readBy(world, `Communication/${json?.id}`), await readBy(world, url)]).toEqual([200, 200]);
  });

  test('with malware is refused, and with a type that is not taken', async () => {
    const { world } = await open();
    const infected = await store(world, 'text/plain', Buffer.concat([TEXT, EICAR]));
    expect((await send(world, { contentType: 'text/plain', url: infected })).code).toBe(
      'attachment-infected',
    );
    const renamed = await store(world, 'application/pdf', TEXT);
    expect((await send(world, { contentType: 'application/pdf', url: renamed })).code).toBe(
      'attachment-refused',
    );
  });

  test('waits while the scanner is away, and goes when it has come back', async () => {
    const { world, clamd, settle } = await open();
    clamd.behave('close');
    const url = await store(world, 'text/plain', TEXT);
    const { status, json, issues } = await send(world, { contentType: 'text/plain', url });
    const ref: Ref = `Communication/${json?.id}`;
    expect([status, json?.['status'], json?.['sent']]).toEqual([201, 'on-hold', undefined]);
    expect(issues).toEqual([]);
    await settle();
    expect([await readBy(world, ref), await readBy(world, url)]).toEqual([404, 404]);
    clamd.behave('by-content');
    await settle();
    const sent = await world.ask(recipient, 'GET', ref);
    expect([sent.status, sent.json?.['status'], typeof sent.json?.['sent']]).toEqual([
      200,
      'in-progress',
      'string',
    ]);
    expect(await readBy(world, url)).toBe(200);
    await settle(); // nothing is left to do
    expect((await world.ask(recipient, 'GET', ref)).version).toBe(sent.version);
  });

  test('waits for one of its files, and says the hashes of all when it goes', async () => {
    const { world, clamd, settle } = await open();
    const known = await store(world, 'application/pdf', PDF);
    await send(world, { contentType: 'application/pdf', url: known });
    clamd.behave('close');
    const waiting = await store(world, 'text/plain', TEXT);
    const payload = [known, waiting].map((url) => ({ contentAttachment: { url } }));
    const { json } = await send(world, {}, { payload });
    expect(json?.['status']).toBe('on-hold');
    clamd.behave('by-content');
    await settle();
    const sent = await world.ask(initiator, 'GET', `Communication/${json?.id}`);
    expect(sent.json?.['status']).toBe('in-progress');
    const said = JSON.stringify(sent.json?.['extension']);
    expect(said.match(/content-hash"/g)).toHaveLength(2);
    expect(said.match(/"valueCode":"clean"/g)).toHaveLength(2);
    expect(said).not.toContain('pending');
  });

  test('is blocked when the scanner finds something after all, and its sender sees why', async () => {
    const { world, clamd, settle } = await open();
    clamd.behave('close');
    const url = await store(world, 'text/plain', Buffer.concat([TEXT, EICAR]));
    const { json } = await send(world, { contentType: 'text/plain', url });
    const ref: Ref = `Communication/${json?.id}`;
    clamd.behave('by-content');
    await settle();
    const blocked = await world.ask(initiator, 'GET', ref);
    expect(blocked.json).toMatchObject({
      status: 'not-done',
      statusReason: { coding: [{ code: 'attachment-infected' }] },
    });
    expect(await readBy(world, ref)).toBe(404);
    // (baa-messaging MS50) With what it holds, and why it did not leave.
    const rows = await world.store.snapshot().audit({ viewer: undefined, names: [ref], count: 20 });
    expect(rows.find(({ entry }) => entry.event === 'message-blocked')?.entry).toMatchObject({
      outcome: '4',
      issue: 'attachment-infected',
      message: { content: expect.any(String), recipients: { organizations: ['Organization/recipient'] } },
      fileHashes: [createHash('sha256').update(TEXT).update(EICAR).digest('hex')],
    });
  });

  test('that waits is taken back, and stays so', async () => {
    const { world, clamd, settle } = await open();
    clamd.behave('close');
    const url = await store(world, 'text/plain', TEXT);
    const { json } = await send(world, { contentType: 'text/plain', url });
    const ref: Ref = `Communication/${json?.id}`;
    const back = [{ op: 'replace', path: '/status', value: 'stopped' }];
    expect((await world.ask(initiator, 'PATCH', ref, back)).status).toBe(200);
    clamd.behave('by-content');
    await settle();
    expect((await world.ask(initiator, 'GET', ref)).json).toMatchObject({ status: 'stopped' });
  });

  test('as a draft is examined when it is sent', async () => {
    const { world, clamd } = await open();
    const url = await store(world, 'text/plain', TEXT);
    const { json } = await send(world, { contentType: 'text/plain', url }, { status: 'preparation' });
    expect(clamd.files).toEqual([]);
    const sends = [{ op: 'replace', path: '/status', value: 'in-progress' }];
    expect((await world.ask(initiator, 'PATCH', `Communication/${json?.id}`, sends)).status).toBe(200);
    expect(clamd.files).toHaveLength(1);
  });

  test('written into the message itself is refused: nobody could have looked at it', async () => {
    const { world } = await open();
    const data = TEXT.toString('base64');
    expect((await send(world, { contentType: 'text/plain', data })).code).toBe('attachment-refused');
  });

  test.each([
    [
      'an extension',
      {
        extension: [
          { url: 'https://a.example/f', valueAttachment: { contentType: 'text/plain', data: 'TVo=' } },
        ],
      },
    ],
    ['an extension of base64', { extension: [{ url: 'https://a.example/f', valueBase64Binary: 'TVo=' }] }],
    [
      'what is contained',
      {
        contained: [
          {
            resourceType: 'DocumentReference',
            id: 'd',
            status: 'current',
            content: [{ attachment: { contentType: 'text/plain', data: 'TVo=' } }],
          },
        ],
        payload: [{ contentReference: to('#d') }],
      },
    ],
  ])('written into %s is refused as well', async (_where, more) => {
    const { world } = await open();
    const message = { ...carrying({}), payload: [{ contentString: 'See the file.' }], ...more };
    expect((await world.ask(initiator, 'POST', 'Communication', message)).code).toBe('attachment-refused');
  });

  test('that is no Binary of this server is refused, however its address is written', async () => {
    const { world } = await open();
    const ref = await store(world, 'text/plain', TEXT);
    for (const url of [
      'https://elsewhere.example/a.pdf',
      'javascript:alert(1)',
      'data:text/plain;base64,QQ==',
      'file:///etc/hosts',
      `/${ref}`,
      `./${ref}`,
      `${ref}?a=b`,
      `${ref}#a`,
      '#inner',
      'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0',
    ])
      expect([url, (await send(world, { url })).code]).toEqual([url, 'attachment-refused']);
  });

  test('goes as it is now, and by the type that it is stored under', async () => {
    const { world } = await open();
    const ref = await store(world, 'text/plain', TEXT);
    const first = (await world.ask(initiator, 'GET', ref)).version;
    const id = ref.slice('Binary/'.length);
    const now = { resourceType: 'Binary', id, contentType: 'text/html', data: TEXT.toString('base64') };
    await world.ask(initiator, 'PUT', ref, now);
    for (const url of [ref, `${ref}/_history/${first}`])
      expect((await send(world, { url })).code).toBe('attachment-refused');
    await world.ask(initiator, 'PUT', ref, { ...now, contentType: 'application/octet-stream' });
    const { version } = await world.ask(initiator, 'GET', ref);
    expect((await send(world, { contentType: 'text/plain', url: `${ref}/_history/${version}` })).status).toBe(
      201,
    );
  });
});
