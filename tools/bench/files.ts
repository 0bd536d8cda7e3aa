/** Attachments: how long ten megabytes take up and down, and how much memory of the server they take at most. */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { median, showNumber, type Figure, type Options } from './figure.ts';
import { serveCloseloop, type Closeloop } from './serving.ts';
import { worldOf } from './world.ts';

const MB = 1024 * 1024;
const SIZE = 10 * MB;
/** The largest content that a body of FHIR JSON holds by default. */
const IN_JSON = Math.floor(3.7 * MB);
const REFERRALS = 1000;
const ROUNDS = 9;
const AT_ONCE = 8;
const CLINIC = 'clinic-0';

/** The peak is looked for this often, in milliseconds. */
const LOOK_MS = 2;

export async function measureFiles(_options: Options): Promise<readonly Figure[]> {
  const { folder } = await worldOf(REFERRALS);
  const server = await serveCloseloop(folder);
  try {
    const headers = { authorization: `Bearer ${server.tokens[CLINIC]}` };
    const base = `http://127.0.0.1:${server.port}/fhir`;
    const up = async (): Promise<string> => {
      const pdf = { ...headers, 'content-type': 'application/pdf', prefer: 'return=minimal' };
      const answer = await fetch(`${base}/Binary`, { method: 'POST', headers: pdf, body: randomBytes(SIZE) });
      if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
      return /(Binary\/[^/]+)\/_history/.exec(answer.headers.get('location') ?? '')?.[1] ?? '';
    };
    const down = (ref: string, accept: string) => async (): Promise<void> => {
      const answer = await fetch(`${base}/${ref}`, { headers: { ...headers, accept } });
      for await (const _ of answer.body ?? []);
    };
    const inJson = async (): Promise<void> => {
      const data = randomBytes(IN_JSON).toString('base64');
      const body = JSON.stringify({ resourceType: 'Binary', contentType: 'application/pdf', data });
      const json = { ...headers, 'content-type': 'application/fhir+json', prefer: 'return=minimal' };
      const answer = await fetch(`${base}/Binary`, { method: 'POST', headers: json, body });
      if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
    };
    const ref = await up();
    return [
      ...(await figuresOf(server, '10 MiB up', 1, up)),
      ...(await figuresOf(server, '10 MiB down', 1, down(ref, '*/*'))),
      ...(await figuresOf(server, '10 MiB down in FHIR JSON', 1, down(ref, 'application/fhir+json'))),
      ...(await figuresOf(server, `${AT_ONCE} × 10 MiB up at once`, AT_ONCE, up)),
      ...(await figuresOf(server, `${AT_ONCE} × 10 MiB down at once`, AT_ONCE, down(ref, '*/*'))),
      ...(await figuresOf(server, '3.7 MiB up in FHIR JSON, into the log', 1, inJson)),
    ];
  } finally {
    await server.stop();
  }
}

async function figuresOf(
  server: Closeloop,
  name: string,
  atOnce: number,
  work: () => Promise<unknown>,
): Promise<readonly Figure[]> {
  await work();
  const times: number[] = [];
  const grown: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = server.memory().own;
    const peak = watchPeak(server);
    const began = performance.now();
    await Promise.all(Array.from({ length: atOnce }, work));
    times.push(performance.now() - began);
    grown.push((await peak()) - before);
  }
  return [
    { name, value: median(times), unit: 'ms' },
    {
      name: `${name}: memory at its peak, over that before`,
      value: median(grown) / MB,
      unit: 'MB',
      note: `at most ${showNumber(Math.max(...grown) / MB)} MB in ${ROUNDS} rounds`,
    },
  ];
}

/** Looks at the memory of a server until it is asked for the most that it saw. */
function watchPeak(server: Closeloop): () => Promise<number> {
  let peak = server.memory().own;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      peak = Math.max(peak, server.memory().own);
      await setTimeout(LOOK_MS);
    }
  })();
  return async () => {
    isOver = true;
    await watching;
    return peak;
  };
}
