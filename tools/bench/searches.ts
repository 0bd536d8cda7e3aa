/** Searches over Tasks, each row of the table alone, and how they grow with the number of referrals. */
import { atMost, showNumber, type Figure, type Options } from './figure.ts';
import { load, type Loaded } from './load.ts';
import { serveCloseloop } from './serving.ts';
import { SEARCH_NAMES } from './steps.ts';
import { worldOf } from './world.ts';

const SMALL = 10_000;
const LARGE = 200_000;
const LARGEST = 1_000_000;

type Row = Readonly<Record<string, Loaded>>;

export async function measureSearches({ full, seconds }: Options): Promise<readonly Figure[]> {
  const sizes = [SMALL, LARGE, ...(full ? [LARGEST] : [])];
  const rows: Row[] = [];
  for (const size of sizes) rows.push(await measureAt(size, seconds));
  const [small, largest] = [rows[0], rows.at(-1)];
  return SEARCH_NAMES.flatMap((name) => {
    const [before, after] = [small?.[name], largest?.[name]];
    if (before === undefined || after === undefined) return [];
    const p50s = rows.map((row) => showNumber(row[name]?.all.p50 ?? 0)).join(', ');
    const p99s = rows.map((row) => showNumber(row[name]?.all.p99 ?? 0)).join(', ');
    return [
      {
        name: `Task?${name} at ${(sizes.at(-1) ?? 0).toLocaleString('en')} referrals, p99`,
        value: after.all.p99,
        unit: 'ms',
        target: atMost(20),
        note: `p50 ${p50s} ms; p99 ${p99s} ms (${sizes.map((size) => size.toLocaleString('en')).join(', ')} referrals)`,
      },
      {
        name: `growth of Task?${name}, by p50`,
        value: after.all.p50 / before.all.p50,
        unit: '×',
        target: atMost(1.5),
      },
    ];
  });
}

/** One request at a time: what a search takes, not how many fit. */
async function measureAt(size: number, seconds: number): Promise<Row> {
  const { folder, referrals } = await worldOf(size);
  const server = await serveCloseloop(folder);
  const row: Record<string, Loaded> = {};
  try {
    for (const name of SEARCH_NAMES) {
      row[name] = await load(server, {
        steps: `search ${name}`,
        around: { tokens: server.tokens, referrals, run: 'search' },
        connections: 1,
        warmSeconds: 1,
        seconds: seconds / 2,
      });
    }
  } finally {
    await server.stop();
  }
  return row;
}
