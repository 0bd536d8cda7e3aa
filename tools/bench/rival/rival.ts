/**
 * Nine kinds of work against another FHIR server and Closeloop, in turns, on the same world. A kind that either server
 * answers otherwise than the standard says, or than the other does, is named with its reason and not measured.
 */
import { randomUUID } from 'node:crypto';
import { showNumber, showSpread, median } from '../figure.ts';
import { load, type Loaded } from '../load.ts';
import { disagreement, type Side } from './agree.ts';
import type { RivalAsked } from './asked.ts';
import { contend, type Contending } from './contend.ts';
import { RIVAL_KINDS } from './rival-steps.ts';
import { loadRivalWorld } from './rival-world.ts';

const CONNECTIONS = 16;
/** What is run before each turn is counted: the other server has had the processor's caches. */
const TURN_WARM_S = 0.2;
/** The length of a measurement whose figure nobody reads. */
const WARMING_S = 0.1;

type Named = Side & Contending;

interface Turn {
  readonly rival: Loaded;
  readonly ours: Loaded;
}

export interface RivalRow {
  readonly kind: string;
  readonly turns: readonly Turn[];
  /** Why there are none, or why they do not count. */
  readonly refused: string | undefined;
}

type Tell = (line: string) => void;

/** Runs the comparison, and tells its table as Markdown. */
export async function runRival(asked: RivalAsked, tell: Tell = console.log): Promise<readonly RivalRow[]> {
  const contending: Contending[] = [];
  try {
    contending.push(await contend(asked.rival, asked.pid), await contend(asked.ours));
    const sides = await settle(contending, asked, tell);
    const rows = await measureKinds(sides, asked, tell);
    tell(showRows(rows, asked));
    return rows;
  } finally {
    for (const one of contending) await one.stop();
  }
}

/** Loads the same world into both, one after the other so that each has the machine. */
async function settle(
  contending: readonly Contending[],
  { patients }: RivalAsked,
  tell: Tell,
): Promise<[Named, Named]> {
  const run = `r${randomUUID().slice(0, 8)}`;
  const settleOne = async (name: string, one: Contending | undefined): Promise<Named> => {
    if (one === undefined) throw new Error('a comparison has two sides');
    const begun = performance.now();
    const world = await loadRivalWorld(one.target, run, patients);
    const seconds = (performance.now() - begun) / 1000;
    tell(`${name} at ${one.target.base}: ${patients} patients loaded in ${showNumber(seconds)} s`);
    return { ...one, name, world };
  };
  return [await settleOne('the rival', contending[0]), await settleOne('Closeloop', contending[1])];
}

/** Reads before writes: what a kind leaves behind is there for the next. */
async function measureKinds(
  sides: readonly [Named, Named],
  asked: RivalAsked,
  tell: Tell,
): Promise<readonly RivalRow[]> {
  const rows: RivalRow[] = [];
  for (const kind of RIVAL_KINDS) {
    const why = await disagreement(kind, sides);
    const row =
      why === undefined ? await measureOrTell(kind, sides, asked) : { kind, turns: [], refused: why };
    rows.push(row);
    tell(`${kind}: ${row.refused ?? 'measured'}`);
  }
  return rows;
}

/** A server that breaks off in the middle of a kind may still answer the next. */
async function measureOrTell(
  kind: string,
  sides: readonly [Named, Named],
  asked: RivalAsked,
): Promise<RivalRow> {
  try {
    return await measureKind(kind, sides, asked);
  } catch (error) {
    const [why = ''] = error instanceof Error ? error.message.split('\n') : [String(error)];
    return { kind, turns: [], refused: why };
  }
}

/** Pairs of turns; which server begins changes with each. */
async function measureKind(
  kind: string,
  [rival, ours]: readonly [Named, Named],
  { pairs, seconds, warmSeconds }: RivalAsked,
): Promise<RivalRow> {
  const turn = (side: Named, name: string, warm: number, length: number): Promise<Loaded> =>
    load(side.measured, {
      steps: `rival ${kind}`,
      around: { tokens: {}, referrals: 0, run: `${side.world.run}-${name}`, rival: side.world },
      connections: CONNECTIONS,
      warmSeconds: warm,
      seconds: length,
      countsWrong: true,
    });
  const turns: Turn[] = [];
  if (warmSeconds > 0) {
    for (const side of [rival, ours])
      await turn(side, `${RIVAL_KINDS.indexOf(kind)}-warm`, warmSeconds, WARMING_S);
  }
  for (let pair = 0; pair < pairs; pair += 1) {
    const name = `${RIVAL_KINDS.indexOf(kind)}-${pair}`;
    const ofRival = (): Promise<Loaded> => turn(rival, name, TURN_WARM_S, seconds);
    const first = pair % 2 === 0 ? await ofRival() : undefined;
    const ofOurs = await turn(ours, name, TURN_WARM_S, seconds);
    turns.push({ rival: first ?? (await ofRival()), ours: ofOurs });
  }
  return { kind, turns, refused: refusalIn(turns) };
}

/** Failed answers are no work: a kind that had any is told, and has no ratio. */
function refusalIn(turns: readonly Turn[]): string | undefined {
  for (const name of ['rival', 'ours'] as const) {
    const failed = turns.map((turn) => turn[name]).filter(({ wrong }) => wrong > 0);
    const wrong = failed.reduce((sum, one) => sum + one.wrong, 0);
    const of = turns.reduce((sum, turn) => sum + turn[name].all.count, 0);
    if (wrong > 0) return `${name}: ${wrong} of ${of} answers failed; ${failed[0]?.firstWrong ?? ''}`;
  }
  return undefined;
}

const HEAD = `| work | rival | Closeloop | Closeloop of the rival, by rate | by CPU |
|---|---:|---:|---:|---:|`;

export function showRows(rows: readonly RivalRow[], { pairs, seconds, patients }: RivalAsked): string {
  const circumstances = `${patients} patients, ${CONNECTIONS} connections, ${pairs} pairs of ${seconds} s: medians, and how far the pairs spread.`;
  return `\n${HEAD}\n${rows.map(showRow).join('\n')}\n\n${circumstances}`;
}

function showRow({ kind, turns, refused }: RivalRow): string {
  if (refused !== undefined) return `| ${kind} | refused: ${refused.replaceAll('|', '\\|')} | | | |`;
  const rateOf = (name: keyof Turn): string =>
    `${showNumber(median(turns.map((turn) => turn[name].perSecond)))}/s`;
  const byRate = turns.map(({ rival, ours }) => ours.perSecond / rival.perSecond);
  const byCpu = turns.map(({ rival, ours }) => rival.cpuPerRequest / ours.cpuPerRequest);
  const cpu = byCpu.every(Number.isFinite) ? `${showSpread(byCpu)} ×` : '-';
  return `| ${kind} | ${rateOf('rival')} | ${rateOf('ours')} | ${showSpread(byRate)} × | ${cpu} |`;
}
