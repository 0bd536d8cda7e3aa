import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { typeOf } from '../../../src/resources/element.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import {
  accept,
  book,
  callOff,
  cancel,
  confirm,
  decline,
  interim,
  miss,
  MESSAGE_SETTINGS,
  openExchange,
  outcome,
  rebook,
  request,
  stateOf,
  tidewater,
  type Exchange,
} from './exchange.ts';

let exchange: Exchange;
beforeEach(async () => {
  exchange = await openExchange();
});
afterEach(() => exchange.close());

const fates = async (...messages: readonly string[]): Promise<readonly string[]> => {
  const told: string[] = [];
  for (const message of messages) told.push((await exchange.say(message)).fate);
  return told;
};
const kinds = async (): Promise<readonly string[]> => (await exchange.workItems()).map(({ kind }) => kind);

const R = request({ at: 0, id: 'L-0' });
const ACCEPT = accept({ at: 10, id: 'T-10' });
const BOOK = book({ at: 20, id: 'T-20' });
const REBOOK = rebook({ at: 30, id: 'T-30' }, { hour: 16 });
const MISS = miss({ at: 40, id: 'T-40' });
const OFF = callOff({ at: 40, id: 'T-41' });
const OFF_EARLY = callOff({ at: 25, id: 'T-25' });
const INTERIM = interim({ at: 50, id: 'T-50' });
const OUTCOME = outcome({ at: 60, id: 'T-60' });
const DECLINE = decline({ at: 60, id: 'T-61' });
const CANCEL = cancel({ at: 55, id: 'L-55' });
const CONFIRM = confirm({ at: 70, id: 'T-70' });

describe('crossings', () => {
  // prettier-ignore
  const CROSSINGS = [
    // what crosses what                                    as it arrives                         fates after the acceptance             state                 left to do
    ['cancel, then the outcome: it wins',                   [CANCEL, OUTCOME],                    ['applied', 'applied'],                'completed 7.0',      ['note-missing']],
    ['the outcome, then cancel: it wins',                   [OUTCOME, CANCEL],                    ['applied', 'late'],                   'completed 7.0',      ['note-missing']],
    ['cancel, then a decline (G10)',                        [CANCEL, DECLINE],                    ['applied', 'applied'],                'rejected 4.0',       []],
    ['a decline, then cancel',                              [DECLINE, CANCEL],                    ['applied', 'late'],                   'rejected 4.0',       []],
    ['cancel, then a visit',                                [CANCEL, BOOK, CONFIRM],              ['applied', 'late', 'applied'],        'cancelled 6.0',      []],
    ['cancel, then a visit moved that nobody knew of',      [CANCEL, REBOOK, CONFIRM],            ['applied', 'late', 'applied'],        'cancelled 6.0',      []],
    ['confirmed before cancel came',                        [CONFIRM, CANCEL],                    ['parked', 'applied'],                 'cancelled 6.0',      []],
    ['cancelled, and cancelled once more',                  [CANCEL, CONFIRM, cancel({ at: 80, id: 'L-80' })], ['applied', 'applied', 'late'], 'cancelled 6.0', []],
    ['a note after the outcome',                            [OUTCOME, interim({ at: 80, id: 'T-80' })], ['applied', 'late'],             'completed 7.0',      ['note-missing']],
    ['accepted again during a visit',                       [BOOK, accept({ at: 80, id: 'T-80' })], ['applied', 'late'],                 'in-progress 5.1.1',  []],
    ['a visit after the outcome',                           [OUTCOME, book({ at: 80, id: 'T-80' })], ['applied', 'work-item'],           'completed 7.0',      ['message-unfit', 'note-missing']],
    ['the outcome after a decline',                         [DECLINE, outcome({ at: 80, id: 'T-80' })], ['applied', 'work-item'],        'rejected 4.0',       ['message-unfit']],
    ['an outcome after it was cancelled',                   [CANCEL, CONFIRM, outcome({ at: 80, id: 'T-80' })], ['applied', 'applied', 'work-item'], 'cancelled 6.0', ['message-unfit']],
  ] as const;

  test.each(CROSSINGS)('%s', async (_name, messages, expected, state, left) => {
    await fates(R, ACCEPT);
    expect(await fates(...messages)).toEqual(expected);
    expect(stateOf(await exchange.referral())).toBe(state);
    expect((await kinds()).toSorted()).toEqual(left);
  });

  test('cancel before it was accepted, and the acceptance crosses', async () => {
    expect(await fates(R, CANCEL, ACCEPT, CONFIRM)).toEqual(['applied', 'applied', 'late', 'applied']);
    expect(stateOf(await exchange.referral())).toBe('cancelled 6.0');
  });
});

describe('messages that come too early', () => {
  // prettier-ignore
  const EARLY = [
    ['the outcome before the acceptance',        [R, OUTCOME, ACCEPT],               'completed 7.0'],
    ['a visit before the acceptance',            [R, BOOK, ACCEPT],                  'in-progress 5.1.1'],
    ['a no-show before its visit',               [R, ACCEPT, MISS, BOOK],            'in-progress 5.1.2'],
    ['a whole history backwards',                [OUTCOME, MISS, REBOOK, BOOK, ACCEPT, R], 'completed 7.0'],
    ['a status before the request',              [ACCEPT, R],                        'accepted 3.0'],
    ['a visit moved before it was booked',       [R, ACCEPT, REBOOK, BOOK],          'in-progress 5.1.1'],
    ['called off before it was booked',          [R, OFF, BOOK, ACCEPT],             'in-progress 5.1.3'],
  ] as const;

  test.each(EARLY)('%s', async (_name, messages, state) => {
    const told = await fates(...messages);
    expect(told.at(-1)).not.toBe('work-item');
    expect(stateOf(await exchange.referral())).toBe(state);
    expect((await kinds()).filter((kind) => kind !== 'note-missing')).toEqual([]);
    expect(exchange.logged).toEqual([]);
  });

  test('are tried again after a move that was made over FHIR', async () => {
    expect(await fates(R, BOOK)).toEqual(['applied', 'parked']);
    const { id } = await exchange.referral();
    const accepts = [{ op: 'replace', path: '/status', value: 'accepted' }];
    expect((await exchange.ask(tidewater, 'PATCH', `Task/${id}`, accepts)).status).toBe(200);
    await exchange.engine.messages.waiting.touched([`Task/${id}`]);
    expect(stateOf(await exchange.referral())).toBe('in-progress 5.1.1');
    expect(await kinds()).toEqual([]);
  });

  test('are a person’s after parkMs', async () => {
    await fates(R, OUTCOME);
    await exchange.engine.messages.waiting.askAboutOverdue();
    expect((await exchange.workItems()).map(({ kind, task }) => [kind, task['status']])).toEqual([
      ['message-parked', 'on-hold'],
    ]);
    exchange.clock.now += MESSAGE_SETTINGS.parkMs + 1;
    await exchange.engine.messages.waiting.askAboutOverdue();
    expect(
      (await exchange.workItems()).map(({ kind, task, owner }) => [kind, task['status'], owner]),
    ).toEqual([['message-unfit', 'requested', 'Organization/larkspur']]);
    expect(stateOf(await exchange.referral())).toBe('received 2.0');
  });

  test('two of one second are taken as they come', async () => {
    const same = accept({ at: 20, id: 'T-1' });
    expect(await fates(R, same, BOOK)).toEqual(['applied', 'applied', 'applied']);
  });

  test('older ones are filed with the referral, and move nothing', async () => {
    expect(
      await fates(
        R,
        ACCEPT,
        BOOK,
        DECLINE.replace('T-61', 'T-62').replace(/\|20250314\d+/, '|20250314090500'),
      ),
    ).toEqual(['applied', 'applied', 'applied', 'late']);
    const [late] = await exchange.all('DocumentReference', 'identifier=T-62');
    expect(late).toMatchObject({
      context: { related: [{}] },
      category: [{ coding: [{ code: 'late' }] }, {}],
    });
    expect(stateOf(await exchange.referral())).toBe('in-progress 5.1.1');
  });

  // prettier-ignore
  const NOTES = [
    // what comes after a note that was written later          as it arrives                              state
    ['a visit moved',                                          [R, ACCEPT, INTERIM, REBOOK],              'in-progress 5.1.4'],
    ['a visit, where the note had left the state as it was',   [R, ACCEPT, BOOK, OFF_EARLY, INTERIM, REBOOK], 'in-progress 5.1.4'],
    ['a visit called off, which the note leaves as it is',     [R, ACCEPT, BOOK, INTERIM, OFF],           'in-progress 5.1.3'],
    ['the outcome: the loop is closed',                        [R, ACCEPT, interim({ at: 70, id: 'T-70' }), OUTCOME],  'completed 7.0'],
    ['a decline',                                              [R, ACCEPT, interim({ at: 70, id: 'T-70' }), DECLINE],  'rejected 4.0'],
    ['a visit that another waited for',                        [R, ACCEPT, MISS, INTERIM, BOOK],          'in-progress 5.1.2'],
  ] as const;

  test.each(NOTES)('an interim note overtakes nothing: %s (ADR 0019)', async (_name, messages, state) => {
    const told = await fates(...messages);
    expect(told.at(-1)).toBe('applied');
    expect(stateOf(await exchange.referral())).toBe(state);
    expect((await kinds()).filter((kind) => kind !== 'note-missing')).toEqual([]);
    expect(exchange.logged).toEqual([]);
  });

  test('an interim note that has its effect again is a move of its own, and says which message it came of', async () => {
    await fates(R, ACCEPT, INTERIM, REBOOK);
    const [document] = await exchange.all('DocumentReference', 'identifier=T-50');
    const made = await exchange.all('Provenance', `entity=DocumentReference/${document?.id ?? ''}`);
    expect(
      made.flatMap(({ target }) =>
        (target as { reference: Ref }[]).map(({ reference }) => typeOf(reference)),
      ),
    ).toEqual(expect.arrayContaining(['Task', 'ServiceRequest']));
    expect(made).toHaveLength(2);
    expect(await exchange.all('Appointment')).toMatchObject([{ status: 'booked' }]);
  });
});

test('whatever crosses on the way to the disk, nothing stays parked that may happen', async () => {
  for (let round = 0; round < 20; round += 1) {
    const referral = `C-${round}`;
    const said = (at: number, id: string) => ({ at, id: `${referral}-${id}`, referral });
    const messages = [
      request(said(0, 'L-0')),
      accept(said(10, 'T-10')),
      book(said(20, 'T-20')),
      miss(said(40, 'T-40')),
      outcome(said(60, 'T-60')),
    ];
    await Promise.all(messages.toReversed().map((message) => exchange.say(message)));
    expect(stateOf(await exchange.referral(referral))).toBe('completed 7.0');
  }
  expect((await kinds()).filter((kind) => kind !== 'note-missing')).toEqual([]);
  expect(exchange.logged).toEqual([]);
}, 60_000);
