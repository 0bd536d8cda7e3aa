/**
 * What 360X says happens where mails contradict the state of their referral, each other or themselves (360x 8; direct-xdm 8,
 * 11): a table of situations, each by mail alone.
 */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Submission } from '../../../src/direct/xdm/submission.ts';
import type { DirectMail } from '../../../src/ports/direct.ts';
import {
  accept,
  cancel,
  confirm,
  decline,
  interim,
  outcome,
  rebook,
  request,
  stateOf,
} from '../hl7v2/exchange.ts';
import {
  ACCEPT_ZIP,
  CONSULTATION_NOTE,
  mailOf,
  mailWith,
  ofContent,
  openMailed,
  OUTCOME_ZIP,
  REQUEST_ZIP,
  TO_LARKSPUR,
  TO_TIDEWATER,
  zipFile,
  type Mailed,
  type Mailing,
} from './mailed.ts';

let mailed: Mailed;
afterEach(() => mailed.close());
const open = async (): Promise<Mailed> => (mailed = await openMailed());

const isInitiators = (message: string): boolean => message.includes('^2.999.10.1^ISO||^2.999.20.1');

const post = async (message: string, more: Partial<Mailing> = {}) =>
  mailed.post(await mailOf(message, { ...(isInitiators(message) ? TO_TIDEWATER : TO_LARKSPUR), ...more }));

const said = (at: number, more = {}) => ({ at, id: `M-${at}`, ...more });
const noted = () => ({ clinical: [CONSULTATION_NOTE] });

/** The fates of messages in the order in which they came, the state afterwards, and the open work items. */
async function happens(messages: readonly string[]) {
  await open();
  const fates: string[] = [];
  for (const message of messages)
    fates.push((await post(message, /\rORC\|SC|\nORC\|SC/.test(message) ? noted() : {})).fate);
  const tasks = await mailed.all('Task', 'code:missing=false');
  const referral = tasks.length === 0 ? undefined : await mailed.referral().catch(() => undefined);
  return {
    fates,
    state: referral === undefined ? 'none' : stateOf(referral),
    items: (await mailed.workItems()).map(({ kind }) => kind),
  };
}

describe('360x 8', () => {
  test.each<
    [
      situation: string,
      messages: readonly string[],
      fates: readonly string[],
      state: string,
      items: readonly string[],
    ]
  >([
    ['an acceptance of an unknown referral', [accept(said(1))], ['work-item'], 'none', ['message-unmatched']],
    [
      'a cancellation of an unknown referral',
      [cancel(said(1))],
      ['work-item'],
      'none',
      ['message-unmatched'],
    ],
    [
      'a note after the outcome',
      [request(said(0)), accept(said(1)), outcome(said(2)), interim(said(3))],
      ['applied', 'applied', 'applied', 'late'],
      'completed 7.0',
      [],
    ],
    [
      'the right referral, the wrong patient',
      [request(said(0)), accept(said(1, { patient: 'MQ-1' }))],
      ['applied', 'quarantine'],
      'received 2.0',
      ['message-quarantined'],
    ],
    [
      'a second acceptance',
      [request(said(0)), accept(said(1)), accept(said(2))],
      ['applied', 'applied', 'applied'],
      'accepted 3.0',
      [],
    ],
    [
      'the outcome before the acceptance',
      [request(said(0)), outcome(said(2)), accept(said(1))],
      ['applied', 'parked', 'applied'],
      'completed 7.0',
      [],
    ],
    [
      'a moved visit before it was booked',
      [request(said(0)), accept(said(1)), rebook(said(2))],
      ['applied', 'applied', 'applied'],
      'in-progress 5.1.1',
      [],
    ],
    [
      'the answer before the request',
      [accept(said(1)), request(said(0))],
      ['work-item', 'applied'],
      'accepted 3.0',
      [],
    ],
    [
      'the cancellation crosses the outcome',
      [request(said(0)), accept(said(1)), outcome(said(2)), cancel(said(3))],
      ['applied', 'applied', 'applied', 'late'],
      'completed 7.0',
      [],
    ],
    [
      'the outcome crosses the cancellation',
      [request(said(0)), accept(said(1)), cancel(said(2)), outcome(said(3))],
      ['applied', 'applied', 'applied', 'applied'],
      'completed 7.0',
      [],
    ],
    [
      'the decline crosses the cancellation',
      [request(said(0)), accept(said(1)), cancel(said(2)), decline(said(3))],
      ['applied', 'applied', 'applied', 'applied'],
      'rejected 4.0',
      [],
    ],
    [
      'an event that the state does not allow',
      [request(said(0)), cancel(said(1)), confirm(said(2)), outcome(said(3))],
      ['applied', 'applied', 'applied', 'work-item'],
      'cancelled 6.0',
      ['message-unfit'],
    ],
    [
      'the recipient requests under the number of the initiator',
      [request(said(0)), accept(said(1, { referral: 'R-other' }))],
      ['applied', 'work-item'],
      'received 2.0',
      ['message-unmatched'],
    ],
  ])('%s', async (_situation, messages, fates, state, items) => {
    expect(await happens(messages)).toEqual({ fates, state, items });
  });

  test('the documents of a late note are filed all the same', async () => {
    await happens([request(said(0)), accept(said(1)), outcome(said(2)), interim(said(3))]);
    const notes = ofContent(await mailed.all('DocumentReference'), 'application/hl7-cda+xml');
    expect(notes.length).toBe(2);
  });
});

describe('what came before (direct-xdm 8)', () => {
  const count = async (): Promise<number> =>
    (await mailed.all('DocumentReference')).length + (await mailed.all('Task')).length;

  test('the same submission in another mail is told the same again, and changes nothing', async () => {
    await open();
    const first = await mailOf(request(said(0)), TO_TIDEWATER);
    await mailed.post(first);
    const before = await count();
    const again: DirectMail = { ...first, messageId: 'resent@direct.larkspur.example.org' };
    expect(await mailed.post(again)).toEqual({ fate: 'repeated', owed: ['processed', 'dispatched'] });
    expect(await count()).toBe(before);
    const ids = (await mailed.owed()).map(({ messageId, disposition }) => `${disposition} ${messageId}`);
    expect(ids.toSorted()).toEqual(
      [first, again]
        .flatMap(({ messageId }) => [`dispatched ${messageId}`, `processed ${messageId}`])
        .toSorted(),
    );
  });

  test('another content under the number of a submission is kept apart', async () => {
    await open();
    await post(request(said(0)));
    const { fate } = await post(request(said(0), { reason: '^Another reason' }));
    expect(fate).toBe('quarantine');
    expect((await mailed.workItems()).map(({ kind }) => kind)).toEqual(['message-quarantined']);
  });

  test('the same message in another submission changes nothing (MSH-10, MSH-4)', async () => {
    await open();
    await post(request(said(0)));
    const before = await count();
    const another = { change: (one: Submission) => ({ ...one, uniqueId: '2.25.77' }) };
    expect((await post(request(said(0)), another)).fate).toBe('repeated');
    expect(await count()).toBe(before);
  });

  test('another message under its control id is kept apart', async () => {
    await open();
    await post(request(said(0)));
    const another = { change: (one: Submission) => ({ ...one, uniqueId: '2.25.77' }) };
    expect((await post(request(said(0), { reason: '^Another reason' }), another)).fate).toBe('quarantine');
  });

  test('what was kept apart may be put right under the same number', async () => {
    await open();
    await post(request(said(0)));
    const wrong = {
      change: (one: Submission) => ({ ...one, referralId: { ...one.referralId, value: 'R-0' } }),
    };
    expect((await post(accept(said(1)), wrong)).fate).toBe('quarantine');
    expect((await post(accept(said(1)))).fate).toBe('applied');
    expect(await mailed.workItems()).toEqual([]);
  });
});

describe('the checks of a package (direct-xdm 8)', () => {
  const change = (how: (one: Submission) => Submission) => ({ change: how });
  const ofMessage = (how: object) =>
    change((one) => ({
      ...one,
      documents: one.documents.map((document) =>
        document.kind === 'message' ? { ...document, ...how } : document,
      ),
    }));
  const id = { value: 'X-1', assigner: '2.999.9' };

  test.each<[check: string, more: Partial<Mailing>, fate: string, items: readonly string[]]>([
    ['0: nothing is wrong', {}, 'applied', []],
    [
      '1: another referral',
      change((one) => ({ ...one, referralId: { ...one.referralId, value: 'R-0' } })),
      'quarantine',
      ['message-quarantined'],
    ],
    [
      '1: another authority',
      change((one) => ({ ...one, referralId: { ...one.referralId, assigner: '2.999.9' } })),
      'quarantine',
      ['message-quarantined'],
    ],
    [
      '2: another source patient',
      change((one) => ({ ...one, sourcePatientId: id })),
      'quarantine',
      ['message-quarantined'],
    ],
    [
      '2: another patient at the initiator',
      change((one) => ({ ...one, patientId: id })),
      'quarantine',
      ['message-quarantined'],
    ],
    [
      '2: no patient on an answer',
      change(({ patientId: _none, ...one }) => one),
      'quarantine',
      ['message-quarantined'],
    ],
    [
      '4: the class of another message',
      ofMessage({ classCode: { code: 'SIU', system: '2.16.840.1.113883.18.30' } }),
      'applied',
      ['package-differs'],
    ],
    [
      '4: the format of another message',
      ofMessage({
        formatCode: { code: 'urn:ihe:pcc:360x:hl7:OMG:O19:2017', system: '1.3.6.1.4.1.19376.1.2.3' },
      }),
      'applied',
      ['package-differs'],
    ],
    [
      '5: meant for another address',
      change((one) => ({ ...one, intendedRecipient: { telecom: 'other@direct.larkspur.example.org' } })),
      'applied',
      ['package-differs'],
    ],
    [
      '5: signed for another address',
      { mail: { writtenTo: ['other@direct.larkspur.example.org'] } },
      'applied',
      ['package-differs'],
    ],
    [
      '5: by another address (A5)',
      change((one) => ({ ...one, author: { telecom: 'other@direct.tidewater.example.org' } })),
      'applied',
      [],
    ],
    ['6: at another time', ofMessage({ creationTime: Date.parse('2025-03-14T08:00:00Z') }), 'applied', []],
  ])('%s', async (_check, more, fate, items) => {
    await open();
    await post(request(said(0)));
    expect((await post(accept(said(1)), more)).fate).toBe(fate);
    expect((await mailed.workItems()).map(({ kind }) => kind)).toEqual(items);
    expect(stateOf(await mailed.referral())).toBe(fate === 'applied' ? 'accepted 3.0' : 'received 2.0');
  });

  test('3: a clinical document about somebody else is kept, not read, and a person is asked', async () => {
    await open();
    await post(request(said(0)));
    await post(accept(said(1)));
    const text = Buffer.from(CONSULTATION_NOTE).toString('utf8').replaceAll('Quintero', 'Somebody');
    const { fate } = await post(interim(said(2)), { clinical: [Buffer.from(text)] });
    expect(fate).toBe('applied');
    const [item, ...others] = await mailed.workItems();
    expect(item).toMatchObject({ kind: 'package-differs' });
    // It came beside the message: there is no OBX-5.
    const says = /^the clinical document is kept, and was not read/;
    expect(item?.task['description']).toMatch(says);
    const kept = (await mailed.all('DocumentReference')).map(({ description }) => description);
    expect(kept).toContainEqual(expect.stringMatching(says));
    expect(others).toEqual([]);
    expect(await mailed.all('Composition')).toEqual([]);
  });
});

describe('packages as they were made elsewhere', () => {
  test('the request, the acceptance and the outcome of the samples (direct-xdm 8)', async () => {
    await open();
    const alder = { ...TO_TIDEWATER };
    for (const [zip, mailing, state] of [
      [REQUEST_ZIP, alder, 'received 2.0'],
      [ACCEPT_ZIP, TO_LARKSPUR, 'accepted 3.0'],
      [OUTCOME_ZIP, TO_LARKSPUR, 'completed 7.0'],
    ] as const) {
      const { fate } = await mailed.post(await mailWith([zipFile(zip)], mailing));
      expect([state, fate]).toEqual([state, 'applied']);
      expect(stateOf(await mailed.referral())).toBe(state);
    }
  });
});
