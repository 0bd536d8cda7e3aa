/** Searches over Tasks, each row of the table alone, and how they grow with the number of referrals. */
import { atMost, showNumber, type Figure, type Options } from './figure.ts';
import { load, type Loaded } from './load.ts';
import { serveCloseloop, type Closeloop } from './serving.ts';
import { titleOf } from './search-rows.ts';
import { SEARCH_NAMES } from './steps.ts';
import { worldOf } from './world.ts';

const SMALL = 10_000;
const LARGE = 200_000;
const LARGEST = 1_000_000;

/** What is measured is how a search is done, so none is answered by what another found. */
export const SEARCHED_ANEW = { SEARCHES_REMEMBERED: '0' } as const;

type Row = Readonly<Record<string, Loaded>>;

export async function measureSearches({ full, seconds }: Options): Promise<readonly Figure[]> {
  const sizes = [SMALL, LARGE, ...(full ? [LARGEST] : [])];
  const rows = await measureAt(sizes, seconds);
  const [small, largest] = [rows[0], rows.at(-1)];
  return SEARCH_NAMES.flatMap((name) => {
    const [before, after] = [small?.[name], largest?.[name]];
    if (before === undefined || after === undefined) return [];
    const p50s = rows.map((row) => showNumber(row[name]?.all.p50 ?? 0)).join(', ');
    const p99s = rows.map((row) => showNumber(row[name]?.all.p99 ?? 0)).join(', ');
    return [
      {
        name: `${titleOf(name)} at ${(sizes.at(-1) ?? 0).toLocaleString('en')} referrals, p99`,
        value: after.all.p99,
        unit: 'ms',
        target: atMost(20),
        note: `p50 ${p50s} ms; p99 ${p99s} ms (${sizes.map((size) => size.toLocaleString('en')).join(', ')} referrals)`,
      },
      {
        name: `growth of ${titleOf(name)}, by p50`,
        value: after.all.p50 / before.all.p50,
        unit: '×',
        target: atMost(1.5),
      },
    ];
  });
}

/**
 * Sends one request at a time: the figure is the time of a search, not the throughput. All sizes are served side by
 * side and asked in turns, so that growth does not depend on other work on the machine.
 */
async function measureAt(sizes: readonly number[], seconds: number): Promise<readonly Row[]> {
  const served: {
    readonly server: Closeloop;
    readonly referrals: number;
    readonly row: Record<string, Loaded>;
  }[] = [];
  try {
    for (const size of sizes) {
      const { folder, referrals } = await worldOf(size);
      const server = await serveCloseloop(folder, SEARCHED_ANEW);
      served.push({ server, referrals, row: {} });
      await readTexts(server);
    }
    for (const name of SEARCH_NAMES) {
      for (const { server, referrals, row } of served) {
        const around = { tokens: server.tokens, referrals, run: 'search' };
        const asked = { steps: `search ${name}`, around, connections: 1 };
        row[name] = await load(server, { ...asked, warmSeconds: 1, seconds: seconds / 2 });
      }
    }
  } finally {
    for (const { server } of served) await server.stop();
  }
  return served.map(({ row }) => row);
}

/** Full text of a folder that was loaded at once is built by the first search; each attempt continues the last one. */
async function readTexts({ port, tokens }: Closeloop): Promise<void> {
  const headers = { authorization: `Bearer ${tokens['clinic-0'] ?? ''}` };
  for (let tries = 0; tries < READS_MAX; tries += 1) {
    const { status } = await fetch(`http://127.0.0.1:${port}/fhir/Task?_content=warm`, { headers });
    if (status === 200) return;
  }
  throw new Error('the full text was not read');
}

const READS_MAX = 100;
