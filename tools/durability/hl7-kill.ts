/**
 * Kills the real server while engines send it orders over MLLP, again and again, on one folder. Every order that was
 * acknowledged has exactly one effect, every other one or none; and when all are sent again, each has exactly one.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findPort } from '../demo/world.ts';
import { connectEngine } from '../hl7/client.ts';
import { createChance } from './chance.ts';
import { send } from './client.ts';
import { startServer, type ServerProcess } from './server-process.ts';
import { createIssuer, type Issuer } from './tokens.ts';

export interface Hl7KillOptions {
  readonly kills: number;
  readonly seed: number;
  /** Engines that send at the same time, each on a connection of its own. */
  readonly engines: number;
}

export interface Hl7KillReport {
  readonly kills: number;
  readonly sent: number;
  readonly acknowledged: number;
  /** Orders without an acknowledgment that had their effect all the same: the kill came in between. */
  readonly effectsUntold: number;
  /** What is not as promised. */
  readonly faults: readonly string[];
}

const FACILITIES = { north: '2.999.360.1', south: '2.999.360.2' } as const;
const EXAMPLE = readFileSync(join(import.meta.dirname, '../../examples/omg-o19.hl7'), 'utf8');

/** The order of this number: a message, a referral and a patient of its own. */
const orderOf = (number: number): Buffer =>
  Buffer.from(
    EXAMPLE.replaceAll(/\r?\n/g, '\r')
      .replace('DEMO-000001', `K-${number}`)
      .replaceAll('R-2026-00731', `R-${number}`)
      .replace('MRN-40417', `P-${number}`),
  );

export async function killUnderMessages(options: Hl7KillOptions): Promise<Hl7KillReport> {
  const root = mkdtempSync(join(tmpdir(), 'closeloop-hl7-kill-'));
  let server: ServerProcess | undefined;
  const issuer = await createIssuer(join(root, 'keys.json'));
  const port = await findPort();
  const links = join(root, 'links.json');
  writeFileSync(links, JSON.stringify([linkAt(port)]));
  const settings = [...issuer.settings, '--hl7-links', links];
  const begin = (): ServerProcess => (server = startServer({ folder: join(root, 'data'), settings }));
  try {
    return await run(options, issuer, { begin, port });
  } finally {
    await server?.end('SIGKILL');
    rmSync(root, { recursive: true, force: true });
  }
}

const linkAt = (port: number) => ({
  port,
  links: [
    {
      name: 'north',
      addresses: ['127.0.0.1'],
      senders: [{ facility: FACILITIES.north, organization: 'Organization/north' }],
      receivers: [{ facility: FACILITIES.south, organization: 'Organization/south' }],
      authorities: ['2.999.360.1.5'],
    },
  ],
});

/** Orders acknowledged before a kill, if the machine can do it in this time. */
const ROUND_MIN = 10;
const ROUND_MAX_MS = 8000;

interface Place {
  readonly begin: () => ServerProcess;
  readonly port: number;
}

async function run(
  { kills, seed, engines }: Hl7KillOptions,
  issuer: Issuer,
  place: Place,
): Promise<Hl7KillReport> {
  const chance = createChance(seed);
  const token = await issuer.sign('admin');
  const acknowledged = new Set<number>();
  const faults: string[] = [];
  let sent = 0;

  /** One engine, until the server is gone. */
  const work = async (): Promise<void> => {
    const engine = await connectEngine('127.0.0.1', place.port);
    try {
      for (;;) {
        const number = (sent += 1);
        if (isAccepted(await engine.send(orderOf(number)), number)) acknowledged.add(number);
        else faults.push(`order ${number} was answered, but not accepted`);
      }
    } catch {
      engine.close(); // the server was killed
    }
  };

  let server = place.begin();
  await seedDirectory(await server.ready, token);
  for (let kill = 0; kill < kills; kill += 1) {
    await server.ready;
    const working = Promise.all(Array.from({ length: engines }, work));
    const before = acknowledged.size;
    await pause(200 + chance.below(500));
    // A slow machine may not have begun to answer.
    for (let waited = 0; acknowledged.size < before + ROUND_MIN && waited < ROUND_MAX_MS; waited += 50)
      await pause(50);
    await server.end('SIGKILL');
    await working;
    if (/"level":"error"/.test(server.said())) faults.push(`the server complained: ${server.said()}`);
    server = place.begin();
  }

  const base = await server.ready;
  const kept = await effectsOf(base, token);
  for (let number = 1; number <= sent; number += 1) {
    const effects = kept.get(number) ?? NONE;
    if (!isOnce(effects) && (acknowledged.has(number) || !isNever(effects)))
      faults.push(
        `order ${number}, ${acknowledged.has(number) ? '' : 'not '}acknowledged: ${JSON.stringify(effects)}`,
      );
  }
  const engine = await connectEngine('127.0.0.1', place.port);
  for (let number = 1; number <= sent; number += 1) {
    if (!isAccepted(await engine.send(orderOf(number)), number))
      faults.push(`order ${number} was refused when sent again`);
  }
  engine.close();
  const after = await effectsOf(base, token);
  for (let number = 1; number <= sent; number += 1) {
    const effects = after.get(number) ?? NONE;
    if (!isOnce(effects)) faults.push(`order ${number}, sent again: ${JSON.stringify(effects)}`);
  }
  const { code } = await server.end('SIGTERM');
  if (code !== 0) faults.push(`the last stop ended with ${code}: ${server.said()}`);
  const effectsUntold = [...kept.keys()].filter((number) => !acknowledged.has(number)).length;
  return { kills, sent, acknowledged: acknowledged.size, effectsUntold, faults };
}

const isAccepted = (answer: Uint8Array, number: number): boolean =>
  Buffer.from(answer).toString().includes(`\rMSA|AA|K-${number}\r`);

async function seedDirectory(base: string, token: string): Promise<void> {
  for (const id of ['north', 'south']) {
    const body = JSON.stringify({ resourceType: 'Organization', id, active: true, name: id });
    const ask = { method: 'PUT', path: `/Organization/${id}`, token, requestId: randomUUID(), body } as const;
    const answer = await send(base, ask);
    if (answer?.status !== 201) throw new Error(`seed: ${answer?.status} ${answer?.text}`);
  }
}

/** How many resources an order has made. */
interface Effects {
  readonly orders: number;
  readonly patients: number;
  readonly tasks: number;
  readonly messages: number;
}

const NONE: Effects = { orders: 0, patients: 0, tasks: 0, messages: 0 };
const isNever = (effects: Effects): boolean => Object.values(effects).every((count) => count === 0);
const isOnce = (effects: Effects): boolean => Object.values(effects).every((count) => count === 1);

/** By the number of the order. */
async function effectsOf(base: string, token: string): Promise<ReadonlyMap<number, Effects>> {
  const effects = new Map<number, Effects>();
  const numbers = new Map<string, number>();
  const count = (number: number | undefined, what: keyof Effects): void => {
    if (number === undefined) return;
    const before = effects.get(number) ?? NONE;
    effects.set(number, { ...before, [what]: before[what] + 1 });
  };
  for (const resource of await everyOf(base, token, 'ServiceRequest')) {
    const number = numberIn(resource, 'R');
    if (number !== undefined) numbers.set(`ServiceRequest/${resource.id}`, number);
    count(number, 'orders');
  }
  for (const resource of await everyOf(base, token, 'Patient')) count(numberIn(resource, 'P'), 'patients');
  for (const { focus } of await everyOf(base, token, 'Task'))
    count(numbers.get(focus?.reference ?? ''), 'tasks');
  for (const { context } of await everyOf(base, token, 'DocumentReference')) {
    const order = context?.related?.find(({ reference }) => numbers.has(reference))?.reference ?? '';
    count(numbers.get(order), 'messages');
  }
  return effects;
}

interface Stored {
  readonly id: string;
  readonly identifier?: readonly { readonly value?: string }[];
  readonly focus?: { readonly reference: string };
  readonly context?: { readonly related?: readonly { readonly reference: string }[] };
}

function numberIn({ identifier = [] }: Stored, kind: 'R' | 'P'): number | undefined {
  const found = identifier.find(({ value }) => value?.startsWith(`${kind}-`))?.value;
  return found === undefined ? undefined : Number(found.slice(2));
}

interface Page {
  readonly entry?: readonly { readonly resource: Stored }[];
  readonly link: readonly { readonly relation: string; readonly url: string }[];
}

async function everyOf(base: string, token: string, type: string): Promise<readonly Stored[]> {
  const found: Stored[] = [];
  for (let path = `/${type}?_count=500`; path !== '';) {
    const answer = await send(base, { method: 'GET', path, token, requestId: randomUUID() });
    if (answer?.status !== 200 || answer.text === undefined)
      throw new Error(`${path}: ${answer?.status} ${answer?.text}`);
    const { entry = [], link } = JSON.parse(answer.text) as Page; // a search answers a Bundle
    found.push(...entry.map(({ resource }) => resource));
    const next = link.find(({ relation }) => relation === 'next')?.url;
    path = next?.slice(next.indexOf(`/${type}?`)) ?? '';
  }
  return found;
}
