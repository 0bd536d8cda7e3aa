/** What happens to referrals between two servers that mail each other: any order, any course, written as clients write it. */
import { randomUUID } from 'node:crypto';
import * as fc from '../../chance.ts';
import { to } from '../../resources.ts';
import { refOf, type Stored } from '../../world.ts';
import { courseOf, sentence, STATUS_OF, type Move } from '../hl7v2/moves.ts';
import { referralAt, type DirectPair, type DirectSide, type SideName } from './pair.ts';

export interface Life {
  readonly from: SideName;
  readonly family: string;
  readonly reason: string;
  readonly moves: readonly { readonly move: Move; readonly words: string }[];
}

const words = fc.oneof(
  fc.constantFrom('Quill', 'O’Hara', 'Ñandú', 'a|b^c&d~e\\f', '李', 'x y  z', '<b>&amp;'),
  sentence,
);
const step = (...moves: readonly Move[]) => fc.record({ move: fc.constantFrom(...moves), words });

export const lives: fc.Arbitrary<Life> = fc.record({
  from: fc.constantFrom<SideName>('alder', 'tarn'),
  family: fc.constantFrom('Quill', 'O’Hara', 'Ñandú', 'Müller-Lüdenscheidt'),
  reason: words,
  moves: courseOf(step, 5),
});

const course = (from: SideName, ...moves: readonly Move[]): Life => ({
  from,
  family: 'Quill',
  reason: 'Foot clinic',
  moves: moves.map((move) => ({ move, words: 'well' })),
});

/** Courses with every transaction in them, both ways. */
export const WHOLE: readonly Life[] = (['alder', 'tarn'] as const).flatMap((from) => [
  course(from, 'accept', 'book', 'move', 'note', 'outcome'),
  course(from, 'accept', 'book', 'miss', 'book', 'callOff', 'decline'),
  course(from, 'decline'),
  course(from, 'accept', 'cancel', 'confirm'),
]);

/** Writes the order; its number. */
export async function refer(pair: DirectPair, { from, family, reason }: Life): Promise<string> {
  const { server, name, own, other } = pair[from];
  const patient = await server.create(name, {
    resourceType: 'Patient',
    name: [{ family, given: ['Petra'] }],
    gender: 'female',
    birthDate: '1980-02-29',
  });
  const number = `R-${randomUUID().slice(0, 8)}`;
  await server.create(name, {
    resourceType: 'ServiceRequest',
    identifier: [
      {
        type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'PLAC' }] },
        system: 'urn:oid:2.999.7.2',
        value: number,
      },
    ],
    status: 'active',
    intent: 'order',
    code: { text: 'Foot clinic' },
    reasonCode: [{ text: reason }],
    subject: to(refOf(patient)),
    requester: to(own),
    performer: [to(other)],
  });
  return number;
}

const ENDED: ReadonlySet<string> = new Set(['completed', 'rejected', 'cancelled', 'failed']);

/** Makes a move as its party writes it; whether the rules let it. */
export async function makeMove(
  pair: DirectPair,
  life: Life,
  number: string,
  { move, words: said }: Life['moves'][number],
): Promise<boolean> {
  const answering = life.from === 'alder' ? 'tarn' : 'alder';
  const side = pair[move === 'cancel' ? life.from : answering];
  const there = await referralAt(side, number);
  if (there === undefined) return false;
  const { task, order } = there;
  // A visit after the end is no part of the referral, and nobody is told of it.
  if (move === 'book' || move === 'move' || move === 'callOff' || move === 'miss')
    return ENDED.has(String(task['status'])) ? false : visit(side, move, order, task);
  const output =
    move === 'note' || move === 'outcome'
      ? { type: { text: 'note' }, valueReference: to(refOf(await fileNote(side, order, said))) }
      : undefined;
  const written = {
    ...task,
    meta: undefined, // without the profile, which takes documents alone
    status: STATUS_OF[move],
    businessStatus: undefined,
    output: [...((task['output'] ?? []) as readonly unknown[]), ...(output === undefined ? [] : [output])],
    ...((move === 'decline' || move === 'cancel') && { statusReason: { text: said } }),
  };
  if (written.output.length === 0) delete (written as { output?: unknown }).output;
  return (await side.server.ask(side.name, 'PUT', refOf(task), written)).status < 300;
}

const fileNote = ({ server, name }: DirectSide, order: string, said: string): Promise<Stored> =>
  server.create(name, {
    resourceType: 'DocumentReference',
    status: 'current',
    content: [{ attachment: { contentType: 'text/plain', data: Buffer.from(said).toString('base64') } }],
    context: { related: [to(order)] },
  });

const DAY_MS = 86_400_000;
const VISIT_MS = 1_800_000;

async function visit(
  { server, name }: DirectSide,
  move: 'book' | 'move' | 'callOff' | 'miss',
  order: string,
  task: Stored,
): Promise<boolean> {
  const at = (days: number) => ({
    start: new Date(Date.now() + days * DAY_MS).toISOString(),
    end: new Date(Date.now() + days * DAY_MS + VISIT_MS).toISOString(),
  });
  if (move === 'book') {
    const booked = {
      resourceType: 'Appointment',
      status: 'booked',
      basedOn: [to(order)],
      ...at(1),
      participant: [{ actor: task['for'], status: 'accepted' }],
    };
    return (await server.ask(name, 'POST', 'Appointment', booked)).status < 300;
  }
  const [known] = await server.search(name, `Appointment?based-on=${order}&_sort=-_lastUpdated`);
  if (known === undefined) return false;
  const status = { callOff: 'cancelled', miss: 'noshow', move: 'booked' }[move];
  const changed = { ...known, status, ...(move === 'move' && at(2)) };
  return (await server.ask(name, 'PUT', refOf(known), changed)).status < 300;
}

export interface Standing {
  readonly status: string;
  /** The code of the state; '' for the super-state without one, which is Active to either side (G1). */
  readonly code: string;
  /** The states of its visits. */
  readonly visits: readonly string[];
}

/** What both sides hold of a referral. */
export async function standingsOf(
  pair: DirectPair,
  number: string,
): Promise<readonly (Standing | undefined)[]> {
  return Promise.all(
    [pair.alder, pair.tarn].map(async (side) => {
      const there = await referralAt(side, number);
      if (there === undefined) return undefined;
      const { coding = [] } = (there.task['businessStatus'] ?? {}) as {
        readonly coding?: readonly { readonly code: string }[];
      };
      const visits = await side.server.search(side.name, `Appointment?based-on=${there.order}`);
      return {
        status: String(there.task['status']),
        code: coding[0]?.code ?? '',
        visits: visits.map(({ status }) => String(status)).toSorted(),
      };
    }),
  );
}
