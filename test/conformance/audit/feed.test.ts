/**
 * The audit feed: every row reaches a collector in order and at least once, whatever happens to either side, and no request
 * waits for it (issue 12, point 9; RFC 5424, RFC 5425, DICOM PS3.15 A.5).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { AuditRow } from '../../../src/ports/audit.ts';
import { dicomAudit } from '../../../src/xml/audit-dicom.ts';
import { renderAuditEvent } from '../../../src/resources/audit-event-render.ts';
import { readConfig } from '../../../src/server/config.ts';
import { answer, openReceiver, type Answer } from '../../contract/receiver.ts';
import * as make from '../../resources.ts';
import { openServerWith, type TestServer } from '../../server.ts';
import { BASE } from '../../world.ts';

const TLS = join(import.meta.dirname, '../../fixtures/tls');
const pem = (name: string) => readFileSync(join(TLS, `${name}.pem`), 'utf8');

/** A collector that behaves as it is told; its messages are those it read whole, from batches that ended or broke. */
interface Collector {
  readonly port: number;
  readonly messages: readonly string[];
  readonly clients: readonly string[];
  behave(how: 'well' | 'breaks' | 'hangs'): void;
  close(): Promise<void>;
}

async function openCollector(certificate = 'server', port = 0): Promise<Collector> {
  const messages: string[] = [];
  const clients: string[] = [];
  const sockets = new Set<TLSSocket>();
  let how: 'well' | 'breaks' | 'hangs' = 'well';
  const server = createServer(
    {
      cert: pem(`${certificate}.cert`),
      key: pem(`${certificate}.key`),
      ca: pem('ca.cert'),
      requestCert: true,
      rejectUnauthorized: true,
      allowHalfOpen: true,
    },
    (socket) => {
      sockets.add(socket);
      const { subject } = socket.getPeerCertificate();
      clients.push(String(subject?.CN));
      if (how === 'hangs') return;
      let read: Buffer = Buffer.alloc(0);
      socket.on('data', (chunk: Buffer) => {
        read = takeFrames(Buffer.concat([read, chunk]), messages);
        if (how === 'breaks') socket.destroy();
      });
      socket.on('end', () => socket.end());
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    },
  );
  // Those whose handshake fails, too.
  const connections = new Set<Socket>();
  server.on('connection', (socket) => connections.add(socket));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    messages,
    clients,
    behave: (next) => {
      how = next;
      if (next === 'well') for (const socket of sockets) socket.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of connections) socket.destroy();
      }),
  };
}

/** RFC 5425, 4.3: MSG-LEN SP SYSLOG-MSG. What is left over is returned. */
function takeFrames(bytes: Buffer, into: string[]): Buffer {
  for (let rest = bytes; ;) {
    const space = rest.indexOf(0x20);
    const length = Number(rest.subarray(0, space).toString());
    if (space < 1 || rest.length < space + 1 + length) return rest;
    if (!Number.isSafeInteger(length) || length < 1) throw new Error('not a frame');
    into.push(rest.subarray(space + 1, space + 1 + length).toString('utf8'));
    rest = rest.subarray(space + 1 + length);
  }
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function open(...argv: readonly string[]): Promise<TestServer> {
  const server = await openServerWith({
    organizations: ['initiator', 'recipient'],
    argv: ['--audit-feed-interval-ms', '100', '--audit-feed-timeout-ms', '1000', ...argv],
  });
  closing.push(() => server.close());
  return server;
}

const syslog = (port: number) =>
  [
    `--audit-feed=syslog --audit-feed-address=syslogs://127.0.0.1:${port} --audit-feed-ca=${TLS}/ca.cert.pem`,
    `--audit-feed-cert=${TLS}/engine.cert.pem --audit-feed-key=${TLS}/engine.key.pem`,
  ].flatMap((flags) => flags.split(' '));

/** What must arrive: all rows but those by which the feed notes its own place. */
async function rowsOf({ running }: TestServer): Promise<readonly AuditRow[]> {
  const rows = await running.store
    .snapshot()
    .audit({ viewer: undefined, names: [], oldestFirst: true, count: 100_000 });
  return rows.filter(({ entry }) => entry.query !== 'job audit-feed: place');
}
const eventOf = (row: AuditRow) =>
  renderAuditEvent(row, { organization: undefined, everything: true }, { name: BASE, base: BASE });

/** In order and at least once: without what was sent again, it is exactly that. */
async function arrives(
  server: TestServer,
  render: (row: AuditRow) => string,
  received: () => readonly string[],
): Promise<void> {
  const due = async () => (await rowsOf(server)).map(render);
  for (const end = Date.now() + 20_000; Date.now() < end; await wait(50)) {
    const last = (await due()).at(-1);
    if (last !== undefined && received().includes(last)) break;
  }
  expect([...new Set(received())]).toEqual(await due());
}

const bodyOf = (message: string): string => message.slice(message.indexOf('\ufeff') + 1);

const write = async (server: TestServer, count: number): Promise<void> => {
  for (let at = 0; at < count; at += 1) {
    const patient = await server.create('initiator', make.patient());
    await server.read('initiator', `Patient/${patient.id}`);
  }
};

describe('syslog over TLS', () => {
  test('brings every row in order, by its own certificate, as RFC 5424 says', async () => {
    const collector = await openCollector();
    closing.push(() => collector.close());
    const server = await open(...syslog(collector.port));
    await write(server, 20);
    expect((await server.ask('initiator', 'GET', 'Task/none')).status).toBe(404);
    await arrives(
      server,
      (row) => dicomAudit(eventOf(row)),
      () => collector.messages.map(bodyOf),
    );
    expect(new Set(collector.clients)).toEqual(new Set(['engine']));
    for (const message of collector.messages)
      expect(message).toMatch(
        /^<8[2-5]>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [\x21-\x7e]+ closeloop \d+ DICOM\+RFC3881 - \ufeff<\?xml /,
      );
    expect(collector.messages.filter((message) => message.startsWith('<84>'))).toHaveLength(1);
  });

  test('goes on where it was after the collector broke, was down, and after the server was restarted', async () => {
    const collector = await openCollector();
    closing.push(() => collector.close());
    collector.behave('breaks');
    const server = await open(...syslog(collector.port));
    await write(server, 5);
    await wait(400);
    await server.restart();
    await write(server, 5);
    collector.behave('well');
    await arrives(
      server,
      (row) => dicomAudit(eventOf(row)),
      () => collector.messages.map(bodyOf),
    );
    const before = collector.messages.length;
    await server.restart();
    await write(server, 2);
    await arrives(
      server,
      (row) => dicomAudit(eventOf(row)),
      () => collector.messages.map(bodyOf),
    );
    // A restart sends nothing again of what was taken.
    expect(new Set(collector.messages).size - collector.messages.length).toBeLessThanOrEqual(0);
    expect(collector.messages.slice(before).length).toBeLessThan(60);
  }, 60_000);

  test('a collector that hangs slows no request, and the server stays ready', async () => {
    const collector = await openCollector();
    closing.push(() => collector.close());
    collector.behave('hangs');
    const server = await open(...syslog(collector.port));
    await wait(300);
    const began = performance.now();
    await write(server, 10);
    expect(performance.now() - began).toBeLessThan(5000);
    const at = `http://127.0.0.1:${server.running.port}`;
    expect((await fetch(`${at}/health/ready`)).status).toBe(200);
    await wait(1500);
    const metrics = await (await fetch(`${at}/metrics`)).text();
    expect(metrics).toMatch(/closeloop_job_failures\{job="audit-feed"\} [1-9]/);
    expect(metrics).toMatch(/closeloop_audit_feed_behind [1-9]/);
    expect(metrics).toMatch(/closeloop_audit_feed_rows_total 0/);
  }, 30_000);

  test('sends nothing to a collector whose certificate nobody vouches for', async () => {
    const collector = await openCollector('unknown');
    closing.push(() => collector.close());
    const server = await open(...syslog(collector.port));
    await write(server, 2);
    await wait(500);
    expect(collector.messages).toEqual([]);
  });
});

describe('AuditEvents by HTTP', () => {
  const http = (form: string, port: number) => [
    `--audit-feed=${form}`,
    `--audit-feed-address=http://127.0.0.1:${port}/fhir`,
  ];
  const taking: Answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/fhir+json' }).end();
  };

  test('one a line, again after a refusal', async () => {
    const receiver = await openReceiver([answer(503), taking]);
    closing.push(() => receiver.close());
    const server = await open(...http('ndjson', receiver.port));
    await write(server, 3);
    await arrives(
      server,
      (row) => JSON.stringify(eventOf(row)),
      () => receiver.received.slice(1).flatMap(({ body }) => body.trimEnd().split('\n')),
    );
    expect(receiver.received.at(-1)?.headers['content-type']).toBe('application/fhir+ndjson');
  }, 30_000);

  test('as a batch, of which every entry must be taken', async () => {
    const refusing: Answer = (_request, response) => {
      const entry = [{ response: { status: '400' } }];
      response.writeHead(200).end(JSON.stringify({ resourceType: 'Bundle', type: 'batch-response', entry }));
    };
    const receiver = await openReceiver([refusing, taking]);
    closing.push(() => receiver.close());
    const server = await open(...http('fhir', receiver.port));
    await write(server, 3);
    type Batch = { type: string; entry: { resource: object; request: { method: string; url: string } }[] };
    const batches = () => receiver.received.slice(1).map(({ body }) => JSON.parse(body) as Batch);
    await arrives(
      server,
      (row) => JSON.stringify(eventOf(row)),
      () => batches().flatMap(({ entry }) => entry.map(({ resource }) => JSON.stringify(resource))),
    );
    expect(batches()[0]?.type).toBe('batch');
    expect(batches()[0]?.entry[0]?.request).toEqual({ method: 'POST', url: 'AuditEvent' });
  }, 30_000);
});

describe('settings', () => {
  const read =
    (...argv: readonly string[]) =>
    () =>
      readConfig(['--demo', ...argv], {});
  test.each([
    ['an address', ['--audit-feed', 'syslog'], 'auditFeed needs auditFeedAddress'],
    [
      'the scheme of its form',
      ['--audit-feed', 'syslog', '--audit-feed-address', 'https://siem.example.org'],
      'syslogs://',
    ],
    [
      'the other',
      ['--audit-feed', 'fhir', '--audit-feed-address', 'syslogs://siem.example.org:6514'],
      'http or https',
    ],
    ['a key to its certificate', ['--audit-feed-cert', 'c.pem'], 'go together'],
    [
      'TLS',
      ['--audit-feed', 'syslog', '--audit-feed-address', 'syslog://siem.example.org:514'],
      'syslogs://',
    ],
    ['(audit-compliance AU50) six years at least', ['--audit-retention-years', '5'], 'auditRetentionYears'],
  ])('needs %s', (_name, argv, says) => expect(read(...argv)).toThrow(says));

  test('(audit-compliance AU50) keeps for ever, or longer than the law asks', () => {
    expect(read()().auditRetentionYears).toBe('ever');
    expect(read('--audit-retention-years', '6')().auditRetentionYears).toBe('6');
  });
});
