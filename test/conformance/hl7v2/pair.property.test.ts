/** Whatever this server sends, another server of its kind applies: random referrals, both ways, every transaction. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import type { Caller } from '../../../src/operations/request.ts';
import { feedback } from '../../../tools/demo/package.ts';
import { proofOf } from '../../proof.ts';
import { to } from '../../resources.ts';
import { administrator, callerOf, refOf, type Stored } from '../../world.ts';
import type { Exchange } from './exchange.ts';
import { courseOf, sentence, STATUS_OF, type Move } from './moves.ts';
import { openPair, referralOn, type Pair, type Sent } from './pair.ts';

const { runs, seed, within } = proofOf('pair');

let pair: Pair;
beforeAll(async () => {
  pair = await openPair();
});
afterAll(() => pair.close());

type Side = 'larkspur' | 'tidewater';
type Raw = Readonly<Record<string, unknown>>;

// — what a client may write

const word = fc.constantFrom(
  'Quill',
  'O’Hara',
  'Ñandú',
  'Müller-Lüdenscheidt',
  'a|b^c&d~e\\f',
  '李',
  'x y  z',
  'Zoë',
);
const text = fc.oneof(word, sentence);
const maybe = <T>(arb: fc.Arbitrary<T>) => fc.option(arb, { nil: undefined });
const type = (code: string) => ({
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code }],
});
const number = (...systems: readonly (string | undefined)[]) =>
  fc.record({
    system: fc.constantFrom(...systems),
    value: fc.uuid(),
    type: maybe(fc.constantFrom(type('MR'), type('SS'), type('PI'))),
  });

const name = fc.oneof(
  fc.record({ family: word, given: fc.array(word, { minLength: 1, maxLength: 3 }) }),
  fc.record({ text: word }),
  fc.record({ family: word, use: fc.constantFrom('official', 'usual', 'maiden') }),
);
const patient = fc.record({
  identifier: maybe(
    fc.array(number('urn:oid:2.999.7.1', 'http://clinic.example.org/mrn', undefined), {
      minLength: 1,
      maxLength: 3,
    }),
  ),
  name: maybe(fc.array(name, { minLength: 1, maxLength: 2 })),
  gender: maybe(fc.constantFrom('male', 'female', 'other', 'unknown')),
  birthDate: maybe(fc.constantFrom('1980-02-29', '1980-02', '1980')),
  address: maybe(fc.constant([{ line: ['12 Alder Way', 'Unit 3'], city: 'Fairmont', country: 'US' }])),
});
const coded = fc.constantFrom(
  { coding: [{ system: 'http://snomed.info/sct', code: '396275006', display: 'Osteoarthritis' }] },
  { coding: [{ system: 'http://clinic.example.org/codes', code: 'x 1' }], text: 'ours' },
);
const concept = fc.oneof(
  text.map((words): Raw => ({ text: words })),
  coded,
);
const order = fc.record({
  identifier: maybe(
    fc.array(number('urn:oid:2.999.7.2', 'http://clinic.example.org/orders'), { minLength: 1, maxLength: 1 }),
  ),
  code: maybe(concept),
  reasonCode: maybe(fc.array(concept, { minLength: 1, maxLength: 3 })),
  priority: maybe(fc.constantFrom('routine', 'urgent', 'asap', 'stat')),
  occurrencePeriod: maybe(fc.constant({ end: '2027-01-31' })),
  orderDetail: maybe(fc.array(concept, { minLength: 1, maxLength: 2 })),
  note: maybe(
    fc.array(
      text.map((words) => ({ text: words })),
      { minLength: 1, maxLength: 2 },
    ),
  ),
  quantityQuantity: maybe(fc.constant({ value: 3 })),
  authoredOn: maybe(fc.constantFrom('2025-04-22T12:00:00Z', '2025-04-22', '2099-01-01T00:00:00+02:00')),
});

const SHAPES = ['reference', 'binary', 'bundle', 'contained', 'earlier', 'attachment', 'none'] as const;

const step = (...moves: readonly Move[]) =>
  fc.record({ move: fc.constantFrom(...moves), shape: fc.constantFrom(...SHAPES), words: text });
const referral = fc.record({
  from: fc.constantFrom<Side>('larkspur', 'tidewater'),
  patient,
  order,
  /** Without one the order cannot be told, nor anything after it. */
  contact: fc.integer({ min: 0, max: 9 }).map((chance) => chance > 0),
  moves: courseOf(step, 6),
});
type Referral = typeof referral extends fc.Arbitrary<infer T> ? T : never;

/** A life with everything in it, played first. */
const WHOLE: Referral = {
  from: 'larkspur',
  patient: { name: [{ family: 'Quill', given: ['Petra'] }] },
  order: { code: { text: 'Foot clinic' } },
  contact: true,
  moves: (['accept', 'book', 'move', 'note', 'outcome'] as const).map((move) => ({
    move,
    shape: 'reference',
    words: 'well',
  })),
} as unknown as Referral; // what is left out is undefined

// — how a client writes it

interface Party {
  readonly exchange: Exchange;
  readonly caller: Caller;
  readonly organization: string;
}
const partyOf = (side: Side): Party => ({
  exchange: pair[side],
  caller: callerOf(side),
  organization: `Organization/${side}`,
});

const plain = (value: unknown): Raw => JSON.parse(JSON.stringify(value)) as Raw; // without undefined

async function refer({
  from,
  patient: person,
  order: wanted,
  contact,
}: Referral): Promise<string | undefined> {
  const { exchange, caller, organization } = partyOf(from);
  const other = from === 'larkspur' ? 'tidewater' : 'larkspur';
  const own = (await exchange.ask(caller, 'GET', organization)).json as Stored;
  const named = contact ? [{ name: { family: 'Okafor', given: ['Ngozi'] } }] : undefined;
  await exchange.ask(caller, 'PUT', organization, plain({ ...own, contact: named }));
  const { id } = await exchange.create(caller, plain({ resourceType: 'Patient', ...person }));
  const written = await exchange.create(
    caller,
    plain({
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      subject: to(`Patient/${id}`),
      requester: to(organization),
      performer: [to(`Organization/${other}`)],
      ...wanted,
      ...(wanted.code === undefined && { orderDetail: undefined }),
    }),
  );
  const stored = (await exchange.ask(caller, 'GET', refOf(written))).json as Stored;
  const numbers = stored['identifier'] as readonly {
    readonly type?: { coding: { code: string }[] };
    value: string;
  }[];
  return numbers.find(({ type: kind }) => kind?.coding.some(({ code }) => code === 'PLAC'))?.value;
}

interface Place {
  readonly party: Party;
  readonly task: Stored;
  readonly order: string;
  readonly patient: string;
}

async function outputOf(
  { party, order: focus, patient: subject }: Place,
  shape: string,
  words: string,
): Promise<Raw | undefined> {
  const { exchange, caller, organization } = party;
  const data = Buffer.from(words).toString('base64');
  const document = (attachment: object, context?: object) =>
    plain({ resourceType: 'DocumentReference', status: 'current', content: [{ attachment }], context });
  const binary = () => exchange.create(caller, { resourceType: 'Binary', contentType: 'text/plain', data });
  const said = { type: { text: 'note' } };
  switch (shape) {
    case 'none':
      return undefined;
    case 'attachment':
      return { ...said, valueAttachment: { contentType: 'text/plain', data } };
    case 'contained':
      return { ...said, valueReference: to('#note') };
    case 'binary':
      return { ...said, valueReference: to(refOf(await binary())) };
    case 'bundle': {
      const report = JSON.stringify(feedback(focus, subject)).replaceAll(
        'PractitionerRole/demo-recipient',
        organization,
      );
      return {
        ...said,
        valueReference: to(refOf(await exchange.create(caller, JSON.parse(report) as object))),
      };
    }
    case 'earlier': {
      const url = refOf(await binary());
      return {
        ...said,
        valueReference: to(
          refOf(await exchange.create(caller, document({ contentType: 'text/plain', url }))),
        ),
      };
    }
    default:
      return {
        ...said,
        valueReference: to(
          refOf(
            await exchange.create(
              caller,
              document({ contentType: 'text/plain', data }, { related: [to(focus)] }),
            ),
          ),
        ),
      };
  }
}

async function make(place: Place, move: Move, shape: string, words: string): Promise<number> {
  const { party, task, order: focus, patient: subject } = place;
  const { exchange, caller } = party;
  exchange.clock.now += 60_000;
  if (move === 'book') {
    const start = new Date(exchange.clock.now + 86_400_000).toISOString();
    const end = new Date(exchange.clock.now + 88_200_000).toISOString();
    const visit = {
      resourceType: 'Appointment',
      status: 'booked',
      basedOn: [to(focus)],
      start,
      end,
      participant: [{ actor: to(subject), status: 'accepted' }],
    };
    return (await exchange.ask(caller, 'POST', 'Appointment', visit)).status;
  }
  if (move === 'move' || move === 'callOff' || move === 'miss') {
    const [visit] = await exchange.all('Appointment', `based-on=${focus}`);
    if (visit === undefined) return 404;
    const status = { callOff: 'cancelled', miss: 'noshow', move: 'booked' }[move];
    const later = move === 'move' && {
      start: new Date(exchange.clock.now + 90_000_000).toISOString(),
      end: new Date(exchange.clock.now + 91_800_000).toISOString(),
    };
    return (await exchange.ask(caller, 'PUT', refOf(visit), { ...visit, status, ...later })).status;
  }
  const output = move === 'note' || move === 'outcome' ? await outputOf(place, shape, words) : undefined;
  const contained = shape === 'contained' &&
    output !== undefined && {
      contained: [
        {
          resourceType: 'Binary',
          id: 'note',
          contentType: 'text/plain',
          data: Buffer.from(words).toString('base64'),
        },
      ],
    };
  const outputs = [
    ...((task['output'] ?? []) as readonly unknown[]),
    ...(output === undefined ? [] : [output]),
  ];
  const written = {
    ...task,
    meta: undefined, // without the profile, which takes documents alone
    ...contained,
    ...(outputs.length > 0 && { output: outputs }),
    status: STATUS_OF[move],
    businessStatus: undefined,
    ...((move === 'decline' || move === 'cancel') && { statusReason: { text: words } }),
  };
  return (await exchange.ask(caller, 'PUT', refOf(task), plain(written))).status;
}

const kindOf = (message: string): string => (message.split('|')[8] ?? '').split('^', 2).join('^');

const told = ({ text: message, answer }: Sent): string =>
  `${answer.code} ${answer.fate} ${answer.remarks.map(({ location, says }) => `${location} ${says}`).join('; ')}\n${message.replaceAll('\r', '\n').slice(0, 1500)}`;

/** Moves that were not told, on both sides, so far. */
const withheldSoFar = async (): Promise<number> => {
  const counts = [pair.larkspur, pair.tidewater].map(async (side) => {
    const { total = 0 } = await side.bundle(administrator, 'Task?code=message-incomplete&_summary=count');
    return total;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
};

describe('(rules 7.9) what one server sends', () => {
  test(
    'another applies',
    async () => {
      await fc.assert(
        fc.asyncProperty(referral, async (one) => {
          const [before, withheldBefore] = [pair.sent.length, await withheldSoFar()];
          const placer = await refer(one);
          await pair.settle();
          const sides =
            one.from === 'larkspur'
              ? (['larkspur', 'tidewater'] as const)
              : (['tidewater', 'larkspur'] as const);
          for (const { move, shape, words } of one.moves) {
            const side = move === 'cancel' ? sides[0] : sides[1];
            const there = await referralOn(pair[side], placer ?? '');
            if (there === undefined) break;
            const { task, order: focus } = there;
            const { reference = '' } = (task['for'] ?? {}) as { readonly reference?: string };
            await make(
              { party: partyOf(side), task: task as Stored, order: focus, patient: reference },
              move,
              shape,
              words,
            );
            await pair.settle();
          }
          // What was not told may cross what the other side does meanwhile, and is filed there.
          const withheld = (await withheldSoFar()) > withheldBefore;
          const isTaken = ({ answer: { code, fate } }: Sent): boolean =>
            code === 'AA' && (fate === 'applied' || (withheld && fate === 'late'));
          expect(
            pair.sent
              .slice(before)
              .filter((each) => !isTaken(each))
              .map(told),
          ).toEqual([]);
          const [mine, theirs] = [
            await referralOn(pair[sides[0]], placer ?? ''),
            await referralOn(pair[sides[1]], placer ?? ''),
          ];
          // The super-state without a code is Active to either side (G1).
          const states = [mine, theirs].map((there) => there?.task['status']);
          expect(withheld || states[0] === states[1] ? [] : states).toEqual([]);
        }),
        { numRuns: runs, seed, examples: [[WHOLE]] },
      );
    },
    within(1500),
  );

  test('is of every kind that is sent', () => {
    const kinds = new Set(pair.sent.map(({ text: message }) => kindOf(message)));
    expect([...kinds].toSorted()).toEqual(
      expect.arrayContaining(['MDM^T02', 'OMG^O19', 'OSU^O51', 'SIU^S12']),
    );
  });
});
