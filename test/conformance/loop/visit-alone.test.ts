/**
 * An Appointment that is written by itself moves the referral by the same rows, in the same commit (rules 1.3): every
 * kind of evidence in every state, by the parties and by an administrator who is none.
 */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EVENTS } from '../../fixtures/transitions-expected.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { readMatrix, SHORT } from '../../unit/referral/cases.ts';
import { doneLine, expectedLine, stateOf } from './facts.ts';
import { inBundle, inParallel, makeReferrals, single, type Referral, type Written } from './referrals.ts';
import { cellsFor, legalFrom, SEATS, type Seat } from './table.ts';
import { createBooked, VISIT_EVIDENCE, visitEntry, VISITS, type VisitEvidence } from './visits.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

const events = readMatrix(EVENTS);

/** What each piece of evidence shows before all, and on which event's row the fixture has it refused or done already. */
const SHOWN: Readonly<Record<VisitEvidence, string>> = {
  'appointment-booked': 'R send-schedule-visit-information',
  'appointment-another': 'R send-schedule-visit-information',
  'appointment-rescheduled': 'R send-rescheduled-visit-information',
  'appointment-noshow': 'R send-no-show-information',
  'appointment-cancelled': 'R send-appointment-cancellation-information',
};

const OPEN: ReadonlySet<string> = new Set(['2.0', '3.0', '5.1', '511', '512', '513', '514', '5.2']);

/** The row that the evidence moves an untouched Task by, else what the event is in that state. */
function cellOf(state: string, evidence: VisitEvidence, { is }: Seat): string {
  if (!OPEN.has(state)) return 'e';
  if (!is.includes('R')) return 'Y';
  const moved = cellsFor(['R'], evidence).get(`${state}>${state}`) ?? 'e';
  if (moved !== 'e') return moved;
  return events.get(`${SHOWN[evidence]}>${state}`) === '=' ? 'e' : 'x';
}

type Way = 'by itself' | 'in a transaction';

async function write(way: Way, seat: Seat, visit: ReturnType<typeof make.appointment>): Promise<Written> {
  const entry = visitEntry(visit);
  return way === 'by itself'
    ? single(server, seat.who, entry.method, entry.url, visit)
    : inBundle(server, seat.who, entry);
}

async function tryOne(
  way: Way,
  seat: Seat,
  evidence: VisitEvidence,
  state: string,
): Promise<[string, string]> {
  const { booked: isBooked, build } = VISITS[evidence];
  const keeper = seat.who.startsWith('administrator') ? seat.owner : seat.who;
  const booked = createBooked(() => server, keeper);
  const [referral] = await makeReferrals(server, state, 1, seat, isBooked ? booked.book : undefined);
  if (referral === undefined) throw new Error('one was asked for');
  const before = await server.read('administrator', referral.task);
  const request = await server.read('administrator', referral.request);
  const current = await currentOf(booked.of(referral));
  const visit = build(referral, current);
  const written = await write(way, seat, visit);
  if (seat.is.join() === 'R' && state === 'dr' && visit.id === undefined) {
    return [`${written.status} ${written.code}`, '422 reference-not-found']; // its order is not seen yet (G11)
  }
  const cell = cellOf(state, evidence, seat);
  if (cell === 'x' || cell === 'Y') {
    const [task, visits] = [await server.read('administrator', referral.task), await visitsOf(referral)];
    const isKept = isDeepStrictEqual(task, before) && visits.length === (isBooked ? 1 : 0);
    const trace = isKept ? 'leaves no trace' : 'changed something';
    return [
      `${written.status} ${written.code} ${tidsIn(written.says)} ${trace}`,
      `${refusalOf(cell, state, seat)} leaves no trace`,
    ];
  }
  const was = { state: stateOf(before), request: String(request['status']) };
  const expected = `${visit.id === undefined ? 201 : 200} · ${expectedLine(cell, state, was, seat)}`;
  if (written.version === 0) return [`${written.status} ${written.says}`, expected];
  const task = await server.read('administrator', referral.task);
  // What changes nothing makes no version (rules 3.14): it has neither an audit nor messages of its own.
  const version = String(written.version) === current?.meta?.versionId ? UNCHANGED : written.version;
  return [`${written.status} · ${await doneLine(server, referral, { ...written, version, task })}`, expected];
}

/** The number of no version. */
const UNCHANGED = -1;

const visitsOf = ({ request }: Referral) => server.search('administrator', `Appointment?based-on=${request}`);

/** A confirmed cancellation has cancelled it meanwhile. */
const currentOf = async (visit: { readonly id: string } | undefined) =>
  visit === undefined ? undefined : server.read('administrator', `Appointment/${visit.id}`);

const tidsIn = (says: string): string =>
  [...says.matchAll(/TID ([0-9A-Za-z]+)/g)]
    .map(([, tid = '']) => tid)
    .toSorted()
    .join(' ');

const refusalOf = (cell: string, state: string, { is }: Seat): string => {
  const legal = legalFrom(state, new Set(is.filter((actor) => actor !== 'A')));
  const refusal = cell === 'x' ? '422 transition-not-allowed' : '403 not-your-move';
  return `${refusal} ${legal.toSorted().join(' ')}`;
};

const WRITERS = SEATS.filter(({ name }) => !name.includes('stranger') && !name.includes('for the'));

describe.each(['by itself', 'in a transaction'] as const)('%s', (way) => {
  describe.each(VISIT_EVIDENCE)('%s', (evidence) => {
    test.each(WRITERS)('by $name', async (seat) => {
      const lines = await inParallel(SHORT, (state) => tryOne(way, seat, evidence, state), 6);
      const byState = (side: 0 | 1) => Object.fromEntries(SHORT.map((state, i) => [state, lines[i]?.[side]]));
      expect(byState(0)).toEqual(byState(1));
    });
  });
});

test('a stranger books nothing', async () => {
  const [referral] = await makeReferrals(server, '3.0', 1);
  if (referral === undefined) throw new Error('one was asked for');
  const visit = make.appointment(referral.request, referral.patient);
  const { status, code } = await single(server, 'stranger', 'POST', 'Appointment', visit);
  expect([status, code]).toEqual([422, 'reference-not-found']);
});
