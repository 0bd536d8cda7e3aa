/** HL7 v2 orders over MLLP: from the message to its acknowledgment, with everything on disk; against the bare framer. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeBytes } from '../../src/hl7v2/charset.ts';
import { decodeMessage, encodeMessage, parseMessage } from '../../src/hl7v2/message.ts';
import { findPort } from '../demo/world.ts';
import { connectEngine, listenAsEngine } from '../hl7/client.ts';
import { openConnection } from './connection.ts';
import { atLeast, showNumber, type Figure, type Options } from './figure.ts';
import { ADMINISTRATOR, serveCloseloop, type Closeloop } from './serving.ts';
import { makeFolder, worldOf } from './world.ts';

const REFERRALS = 10_000;
const KNOWN_PATIENTS = 200;
const OUTBOUND = 500;
const OUTBOUND_WITHIN_MS = 60_000;
const [INITIATOR, RECIPIENT] = ['clinic-0', 'clinic-1'] as const;
const EXAMPLE = readFileSync(join(import.meta.dirname, '../../examples/omg-o19.hl7'), 'utf8').replaceAll(
  /\r?\n/g,
  '\r',
);

let last = 0;

/** An order with a number of its own, of a new patient unless one is given. */
function buildOrder(patient?: number): Buffer {
  last += 1;
  return Buffer.from(
    EXAMPLE.replace('DEMO-000001', `B-${last}`)
      .replaceAll('R-2026-00731', `R-${last}`)
      .replace('MRN-40417', patient === undefined ? `N-${last}` : `K-${patient}`),
  );
}

export async function measureHl7({ seconds }: Options): Promise<readonly Figure[]> {
  const { folder } = await worldOf(REFERRALS);
  const ports = { in: await findPort(), out: await findPort() };
  const links = join(makeFolder(), 'links.json');
  writeFileSync(links, JSON.stringify([linkAt(ports.in)]));
  const server = await serveCloseloop(folder, {
    HL7_LINKS: links,
    BACKOFF_MIN_MS: '10',
    BACKOFF_MAX_MS: '1000',
    ATTEMPTS_MAX: '100',
  });
  const bare = fork(new URL('./hl7-peer.ts', import.meta.url));
  try {
    const [barePort] = (await once(bare, 'message')) as [number]; // hl7-peer.ts
    const ask = { seconds, port: ports.in, server };
    await sendOrders({ ...ask, connections: 4 }); // warm
    const one = await sendOrders({ ...ask, connections: 1 });
    const many = await sendOrders({ ...ask, connections: 16 });
    for (let patient = 0; patient < KNOWN_PATIENTS; patient += 1) await sendOne(ports.in, patient);
    const known = await sendOrders({ ...ask, connections: 16, patients: KNOWN_PATIENTS });
    const knownOne = await sendOrders({ ...ask, connections: 1, patients: KNOWN_PATIENTS });
    const echoOne = await sendOrders({ seconds, port: barePort, connections: 1 });
    const echoMany = await sendOrders({ seconds, port: barePort, connections: 16 });
    const outbound = await measureOutbound(server, ports);
    return [
      {
        name: 'orders (OMG^O19) of new patients, on disk and acknowledged, per core',
        value: many.perCore,
        unit: '/s',
        target: atLeast(400),
        note: `${showNumber(many.perSecond)}/s on 16 connections, ${showNumber(one.perSecond)}/s on one; p50 ${showNumber(one.p50)} ms on one`,
      },
      {
        name: 'orders of known patients, per core',
        value: known.perCore,
        unit: '/s',
        target: atLeast(700),
        note: `${showNumber(known.perSecond)}/s on 16 connections`,
      },
      {
        name: 'orders of known patients on one connection, one after the other',
        value: knownOne.perSecond,
        unit: '/s',
        target: atLeast(350),
        note: `${showNumber(one.perSecond)}/s of new patients`,
      },
      {
        name: 'the bare framer, which keeps nothing',
        value: echoMany.perSecond,
        unit: '/s',
        note: `on 16 connections; ${showNumber(echoOne.perSecond)}/s on one`,
      },
      { name: 'the example parsed and encoded again, alone', value: measureModel(seconds), unit: '/s' },
      {
        name: 'orders told to one engine, one after the other',
        value: outbound,
        unit: '/s',
        target: atLeast(600),
        note: `${OUTBOUND} that had waited for it; each with its receipt and its audit on disk`,
      },
    ];
  } finally {
    bare.disconnect();
    await server.stop();
  }
}

export const linkAt = (port: number) => ({
  port,
  links: [
    {
      name: 'bench',
      addresses: ['127.0.0.1'],
      senders: [{ facility: '2.999.360.1', organization: `Organization/${INITIATOR}` }],
      receivers: [{ facility: '2.999.360.2', organization: `Organization/${RECIPIENT}` }],
      authorities: ['2.999.360.1.5'],
    },
  ],
});

export interface Sending {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** The patient of all orders; undefined: each order brings its own. */
  readonly patients?: number;
  readonly server?: Closeloop;
}

interface Sent {
  readonly perSecond: number;
  /** By the CPU time of the server, all its threads. */
  readonly perCore: number;
  /** Milliseconds from message to acknowledgment. */
  readonly p50: number;
}

/** Each connection sends its next order when the last is acknowledged. */
export async function sendOrders({ port, connections, seconds, patients, server }: Sending): Promise<Sent> {
  const cpuBefore = (await server?.cpuSeconds()) ?? 0;
  const begun = performance.now();
  const end = begun + seconds * 1000;
  const took: number[] = [];
  const work = async (): Promise<void> => {
    const engine = await connectEngine('127.0.0.1', port);
    while (performance.now() < end) {
      const patient = patients === undefined ? undefined : last % patients;
      const order = buildOrder(patient);
      const at = performance.now();
      expectAccepted(await engine.send(order));
      took.push(performance.now() - at);
    }
    engine.close();
  };
  await Promise.all(Array.from({ length: connections }, work));
  const elapsed = (performance.now() - begun) / 1000;
  const cpu = ((await server?.cpuSeconds()) ?? 0) - cpuBefore;
  const p50 = took.toSorted((a, b) => a - b)[Math.floor(took.length / 2)] ?? Number.NaN;
  return { perSecond: took.length / elapsed, perCore: took.length / cpu, p50 };
}

async function sendOne(port: number, patient: number): Promise<void> {
  const engine = await connectEngine('127.0.0.1', port);
  expectAccepted(await engine.send(buildOrder(patient)));
  engine.close();
}

/** Fails when orders were refused: such a figure would be worth nothing. */
function expectAccepted(answer: Uint8Array): void {
  const text = Buffer.from(answer).toString();
  if (!text.includes('\rMSA|AA|')) throw new Error(`an order was not accepted: ${text}`);
}

/** Orders wait for an engine that is down; then it comes up and receives them all. */
async function measureOutbound(server: Closeloop, ports: { in: number; out: number }): Promise<number> {
  const connection = await openConnection(server.port);
  const { status, body } = await connection.send({
    method: 'POST',
    path: '/fhir/Endpoint',
    token: server.tokens[ADMINISTRATOR],
    body: JSON.stringify(endpointAt(ports.out)),
  });
  connection.close();
  if (status !== 201) throw new Error(`the Endpoint was not taken: ${status} ${body}`);
  const sender = await connectEngine('127.0.0.1', ports.in);
  for (let sent = 0; sent < OUTBOUND; sent += 1) expectAccepted(await sender.send(buildOrder()));
  sender.close();
  const arrived: number[] = [];
  const engine = await listenAsEngine('127.0.0.1', ports.out, () => arrived.push(performance.now()));
  for (const end = performance.now() + OUTBOUND_WITHIN_MS; arrived.length < OUTBOUND;) {
    if (performance.now() > end) throw new Error(`${arrived.length} of ${OUTBOUND} orders were told`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  engine.close();
  return ((arrived.length - 1) / ((arrived.at(-1) ?? 0) - (arrived[0] ?? 0))) * 1000;
}

const endpointAt = (port: number) => ({
  resourceType: 'Endpoint',
  status: 'active',
  connectionType: {
    system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
    code: 'hl7v2-mllp',
  },
  managingOrganization: { reference: `Organization/${RECIPIENT}` },
  payloadType: [{ text: 'any' }],
  address: `mllp://127.0.0.1:${port}`,
});

function measureModel(seconds: number): number {
  const bytes = Buffer.from(EXAMPLE);
  const end = performance.now() + seconds * 1000;
  const begun = performance.now();
  let count = 0;
  while (performance.now() < end) {
    const message = parseMessage(decodeMessage(bytes).text);
    encodeBytes(encodeMessage(message), message.syntax.charset);
    count += 1;
  }
  return (count / (performance.now() - begun)) * 1000;
}
