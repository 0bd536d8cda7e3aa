/**
 * Every write of every referral Task by everyone, on every way that a Task can be written, through HTTP: what the
 * hand-written tables say is what is answered, stored, audited and told; and what is refused leaves no trace.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { someOf, type Run } from '../../proof.ts';
import { openServer, type TestServer } from '../../server.ts';
import { doneLine, expectedLine, stateOf } from './facts.ts';
import { inParallel, makeReferrals, OUTPUT, writing, type Referral, type Write } from './referrals.ts';
import { cellsFor, legalFrom, SEATS, type Seat } from './table.ts';

/** The server of the file that runs. */
export let server: TestServer;

/** Declares that a file's tests have a server; each file has its own. */
export function serve(): void {
  beforeAll(async () => {
    // The table is asked about every write, also about those that change nothing and would make no version (rules 3.14).
    server = await openServer(undefined, '--no-skip-unchanged');
  });
  afterAll(() => server.close());
}

export interface Case {
  readonly from: string;
  readonly to: string;
  readonly cell: string;
}

export const casesOf = (seat: Seat, evidence: string): readonly Case[] =>
  [...cellsFor(seat.is, evidence)].map(([key, cell]) => {
    const [from = '', to = ''] = key.split('>');
    return { from, to, cell };
  });

export const isRefused = ({ cell }: Case): boolean => cell === 'x' || cell === 'Y';

/** A draft is seen by its initiator alone (G11), and nothing by a stranger. */
const isUnseen = ({ is }: Seat, from: string): boolean =>
  is.length === 0 || (is.join() === 'R' && from === 'dr');

const keyOf = ({ from, to }: Case): string => `${from}>${to}`;

type Lines = Record<string, string>;

/** How the cases are tried. */
export interface Trial {
  readonly name: string;
  readonly write: Write;
  readonly seat: Seat;
  /** A new Task.output that each write adds. */
  readonly output?: object;
  /** What each referral has beside it from its draft on. */
  readonly prepare?: (referral: Referral) => Promise<void>;
}

/** Each write that is done has a referral of its own. */
export async function tryDone(trial: Trial, cases: readonly Case[]): Promise<[Lines, Lines]> {
  const { write, seat, output, prepare } = trial;
  const [got, expected]: [Lines, Lines] = [{}, {}];
  for (const [from, some] of Map.groupBy(cases, (one) => one.from)) {
    const referrals = await makeReferrals(server, from, some.length, seat, prepare);
    await inParallel([...some.entries()], async ([i, one]) => {
      const referral = referrals[i] as Referral; // as many as cases
      const [current, request] = await Promise.all([
        server.read('administrator', referral.task),
        server.read('administrator', referral.request),
      ]);
      const written = await write(server, seat.who, referral, current, writing(one.to, output));
      const before = { state: stateOf(current), request: String(request['status']) };
      expected[keyOf(one)] = `200 · ${expectedLine(one.cell, from, before, seat)}`;
      got[keyOf(one)] =
        written.version === 0
          ? `${written.status} ${written.says}`
          : `${written.status} · ${await doneLine(server, referral, written)}`;
    });
  }
  return [got, expected];
}

/** All refusals from one state are tried on one referral, which must be as it was afterwards. */
export async function tryRefused(trial: Trial, cases: readonly Case[]): Promise<[Lines, Lines]> {
  const { name, write, seat, output, prepare } = trial;
  const [got, expected]: [Lines, Lines] = [{}, {}];
  await inParallel(
    [...Map.groupBy(cases, (one) => one.from)],
    async ([from, some]) => {
      const [referral] = await makeReferrals(server, from, 1, seat, prepare);
      if (referral === undefined) throw new Error('one was asked for');
      const [task, request, messages] = await traces(referral);
      for (const one of some) {
        const { status, code, says } = await write(server, seat.who, referral, task, writing(one.to, output));
        const legal = namesMoves(seat, one) ? `, legal ${tidsIn(says)}` : '';
        got[keyOf(one)] = `${status} ${code}${legal}`;
        expected[keyOf(one)] = refusalOf(seat, one, name);
      }
      expect(await traces(referral)).toEqual([task, request, messages]);
    },
    4,
  );
  return [got, expected];
}

async function traces({ task, request }: Referral) {
  const messages = async () => (await server.outboxOf(task)).map(({ id }) => id);
  return Promise.all([server.read('administrator', task), server.read('administrator', request), messages()]);
}

const tidsIn = (says: string): string =>
  [...says.matchAll(/TID ([0-9A-Za-z]+)/g)]
    .map(([, tid = '']) => tid)
    .toSorted()
    .join(' ');

/** Who asks for a move is told what it may do instead; to leave a Task as it was, or Active, asks for none. */
const namesMoves = (seat: Seat, { from, to, cell }: Case): boolean =>
  !isUnseen(seat, from) && (cell === 'x' || !(from === to || (to === '5.1' && from.startsWith('51'))));

function refusalOf(seat: Seat, one: Case, name: string): string {
  const { cell, from } = one;
  // Nothing is found, so it would be a new Task on a ServiceRequest that the caller may not read.
  if (isUnseen(seat, from))
    return name === 'PUT by a condition' ? '422 reference-not-found' : '404 not-found';
  const refusal = cell === 'x' ? '422 transition-not-allowed' : '403 not-your-move';
  if (!namesMoves(seat, one)) return refusal;
  return `${refusal}, legal ${legalFrom(from, new Set(seat.is)).toSorted().join(' ')}`;
}

/** The seeds of two trials are so far apart that they take other cases. */
const APART = 1_327_217_884;

/** Cases of a trial in a run, spread over all; each trial takes others. @param trial its number */
export const triedOf = (cases: readonly Case[], trial: number, { runs, seed }: Run): readonly Case[] =>
  someOf(cases, { runs, seed: seed + trial * APART });

/** Declares the tests of some ways to write a Task. @param run how many pairs of states each takes; default: all */
export function describeWrites(paths: readonly (readonly [name: string, write: Write])[], run?: Run): void {
  serve();
  let trial = 0;
  const tried = (cases: readonly Case[]): readonly Case[] =>
    run === undefined ? cases : triedOf(cases, (trial += 1), run);

  describe.each(paths)('%s', (name, write) => {
    describe.each(SEATS)('by $name', (seat) => {
      const cases = casesOf(seat, '');

      test('is asked about every pair of states', () => expect(cases).toHaveLength(169));

      describeTrial({ name, write, seat }, tried(cases));
    });

    describe.each(SEATS.filter(({ is }) => is.includes('R')))('with a new output, by $name', (seat) => {
      describeTrial({ name, write, seat, output: OUTPUT }, tried(casesOf(seat, 'output')));
    });
  });
}

export function describeTrial(trial: Trial, cases: readonly Case[]): void {
  test('moves and edits', async () => {
    const done = cases.filter((one) => !isRefused(one));
    const [got, expected] = await tryDone(trial, done);
    expect(got).toEqual(expected);
  });

  test('refusals', async () => {
    const [got, expected] = await tryRefused(trial, cases.filter(isRefused));
    expect(got).toEqual(expected);
  });
}
