/**
 * The longest time for which one request keeps all others waiting: the longest block of the event loop for input of
 * growing size.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPort } from '../demo/world.ts';
import { connectEngine } from '../hl7/client.ts';
import { openConnection } from './connection.ts';
import { atMost, type Figure, type Options } from './figure.ts';
import { linkAt } from './hl7.ts';
import { organizationIds } from './resources.ts';
import { serveCloseloop, type Closeloop } from './serving.ts';
import { STALL_CASES, type StallCase } from './stall-cases.ts';
import { makeFolder, worldOf } from './world.ts';

const REFERRALS = 1000;
const GOAL_MS = 50;
const MIB = 1024 * 1024;
/** The largest body that the default settings allow, and a far smaller one. */
const BODY_SIZES = [200_000, 4.9 * MIB] as const;
const MESSAGE_SIZES = [200_000, 20 * MIB] as const;
const ANSWER_WITHIN_MS = 120_000;

export async function measureStalls({ matching = '' }: Options): Promise<readonly Figure[]> {
  const { folder } = await worldOf(REFERRALS);
  const ports = { mllp: await findPort(), probe: await findPort() };
  const links = join(makeFolder(), 'links.json');
  writeFileSync(links, JSON.stringify([linkAt(ports.mllp)]));
  const probe = ['--import', new URL('./stall-probe.ts', import.meta.url).href];
  const server = await serveCloseloop(
    folder,
    { HL7_LINKS: links, STALL_PROBE_PORT: String(ports.probe), REQUEST_TIMEOUT_MS: '120000' },
    probe,
  );
  try {
    const figures: Figure[] = [];
    for (const one of STALL_CASES.filter(({ says }) => says.includes(matching))) {
      const figure = await measureCase(server, ports, one);
      console.log(`${Math.round(figure.value)} ms`.padStart(8), one.says, `(${figure.note ?? ''})`);
      figures.push(figure);
    }
    return figures;
  } finally {
    await server.stop();
  }
}

async function measureCase(
  server: Closeloop,
  ports: { readonly mllp: number; readonly probe: number },
  one: StallCase,
): Promise<Figure> {
  const blocks: string[] = [];
  let longest = 0;
  for (const bytes of one.send === 'MLLP' ? MESSAGE_SIZES : BODY_SIZES) {
    const body = one.make(bytes);
    const path = await pathOf(server, one);
    await ask(ports.probe);
    const at = performance.now();
    const answered = await send(server, ports.mllp, { ...one, path }, body);
    const took = performance.now() - at;
    const block = Number(await ask(ports.probe));
    longest = Math.max(longest, block);
    blocks.push(
      `${Math.round(body.length / 1000)} kB: ${Math.round(block)} of ${Math.round(took)} ms, ${answered}`,
    );
  }
  return { name: one.says, value: longest, unit: 'ms', target: atMost(GOAL_MS), note: blocks.join('; ') };
}

/** Each size gets a new resource to patch. */
async function pathOf(server: Closeloop, { path }: StallCase): Promise<string> {
  if (!path.includes('PATCHED')) return path;
  const connection = await openConnection(server.port);
  const body =
    '{"resourceType":"Basic","code":{"text":"x"},"extension":[{"url":"http://example.org/x","valueString":"y"}]}';
  const made = await connection.send({ method: 'POST', path: '/fhir/Basic', token: tokenOf(server), body });
  connection.close();
  return path.replace('PATCHED', (JSON.parse(made.body) as { readonly id: string }).id);
}

const tokenOf = ({ tokens }: Closeloop): string | undefined => tokens[organizationIds[0] ?? ''];

async function send(server: Closeloop, mllp: number, one: StallCase, body: string): Promise<string> {
  if (one.send === 'MLLP') {
    const engine = await connectEngine('127.0.0.1', mllp, ANSWER_WITHIN_MS);
    try {
      const answer = Buffer.from(await engine.send(Buffer.from(body))).toString('latin1');
      return /\rMSA\|(\w\w)/.exec(answer)?.[1] ?? 'no acknowledgment';
    } catch {
      return 'cut';
    } finally {
      engine.close();
    }
  }
  const connection = await openConnection(server.port);
  const { path, contentType } = one;
  const method = one.send;
  try {
    const exchange = {
      method,
      path,
      token: tokenOf(server),
      ...(contentType !== undefined && { contentType }),
    };
    const answer = await connection.send(method === 'GET' ? exchange : { ...exchange, body });
    return `${answer.status} ${/"code":"([a-z-]+)"\}/.exec(answer.body)?.[1] ?? ''}`.trim();
  } catch {
    return 'cut';
  } finally {
    connection.close();
  }
}

async function ask(port: number): Promise<string> {
  const connection = await openConnection(port);
  const { body } = await connection.send({ method: 'GET', path: '/' });
  connection.close();
  return body;
}
