/**
 * 360X by Direct mail alone: every transaction in both directions, between members and with parties outside (direct-xdm 8;
 * 360x 2, 3). The same state machine and the same referral as over HL7 v2.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readCameBy } from '../../../src/resources/parties/came-by.ts';
import {
  accept,
  book,
  callOff,
  cancel,
  confirm,
  decline,
  interim,
  miss,
  outcome,
  rebook,
  REFERRAL,
  request,
  stateOf,
} from '../hl7v2/exchange.ts';
import {
  ADDRESSES,
  CONSULTATION_NOTE,
  mailOf,
  ofContent,
  openMailed,
  REFERRAL_NOTE,
  TO_LARKSPUR,
  TO_TIDEWATER,
  type Mailed,
  type Standing,
} from './mailed.ts';

type Step = readonly [
  transaction: string,
  message: string,
  state: string,
  clinical?: 'referral' | 'consultation',
];

const said = (at: number) => ({ at, id: `M-${at}` });
const STEPS: Readonly<Record<string, readonly Step[]>> = {
  'through to the outcome': [
    ['PCC-55 request', request(said(0)), 'received 2.0', 'referral'],
    ['PCC-55 accept', accept(said(1)), 'accepted 3.0'],
    ['PCC-60 booked', book(said(2)), 'in-progress 5.1.1'],
    ['PCC-60 moved', rebook(said(3), { hour: 15 }), 'in-progress 5.1.1'],
    ['PCC-61 no-show', miss(said(4), { hour: 15 }), 'in-progress 5.1.2'],
    ['PCC-60 moved again', rebook(said(5), { hour: 16 }), 'in-progress 5.1.1'],
    ['PCC-60 cancelled', callOff(said(6), { hour: 16 }), 'in-progress 5.1.3'],
    ['PCC-60 booked again', book(said(7), { visit: 'A-2', hour: 17 }), 'in-progress 5.1.1'],
    ['PCC-59 interim note', interim(said(8)), 'in-progress 5.1.4', 'consultation'],
    ['PCC-57 outcome', outcome(said(9)), 'completed 7.0', 'consultation'],
  ],
  'declined at once': [
    ['PCC-55 request', request(said(0)), 'received 2.0', 'referral'],
    ['PCC-55 decline', decline(said(1)), 'rejected 4.0'],
  ],
  'declined after accepting': [
    ['PCC-55 request', request(said(0)), 'received 2.0', 'referral'],
    ['PCC-55 accept', accept(said(1)), 'accepted 3.0'],
    ['PCC-56 decline', decline(said(2)), 'rejected 4.0'],
  ],
  cancelled: [
    ['PCC-55 request', request(said(0)), 'received 2.0', 'referral'],
    ['PCC-58 cancel', cancel(said(1)), 'in-progress 5.2'],
    ['PCC-58 confirm', confirm(said(2)), 'cancelled 6.0'],
  ],
};

/** Which parties are members. A mail that is sent in is always for a member: those to parties outside leave this server. */
const WORLDS: readonly (readonly [name: string, larkspur: Standing, tidewater: Standing])[] = [
  ['two members', 'member', 'member'],
];

describe.each(WORLDS)('%s (direct-xdm 8) (360x 2)', (_name, larkspur, tidewater) => {
  describe.each(Object.entries(STEPS))('%s', (_history, steps) => {
    let mailed: Mailed;
    beforeAll(async () => {
      mailed = await openMailed({ larkspur, tidewater });
    });
    afterAll(() => mailed.close());

    test.each(steps)('%s', async (...[, message, state, clinical]) => {
      const isInitiators = message.includes('^2.999.10.1^ISO||^2.999.20.1');
      const note = clinical === 'referral' ? REFERRAL_NOTE : CONSULTATION_NOTE;
      const mail = await mailOf(message, {
        ...(isInitiators ? TO_TIDEWATER : TO_LARKSPUR),
        ...(clinical !== undefined && { clinical: [note] }),
      });
      const received = await mailed.post(mail);
      expect(received).toEqual({ fate: 'applied', owed: ['processed', 'dispatched'] });
      expect(stateOf(await mailed.referral(REFERRAL))).toBe(state);
      expect(await mailed.workItems()).toEqual([]);
    });

    test('its order says by which Endpoint it came, so that answers go back there (360x A5)', async () => {
      const [order] = await mailed.all('ServiceRequest', `identifier=${REFERRAL}`);
      expect(await readCameBy(mailed.store.snapshot(), `ServiceRequest/${order?.id ?? ''}`)).toMatchObject({
        endpoint: 'Endpoint/direct-larkspur',
        address: ADDRESSES.larkspur,
      });
    });

    test('its documents are filed', async () => {
      const count = steps.filter(([, , , clinical]) => clinical !== undefined).length;
      const documents = await mailed.all('DocumentReference');
      expect(ofContent(documents, 'application/hl7-cda+xml').length).toBe(count);
      expect(ofContent(documents, 'message/rfc822').length).toBe(steps.length);
    });
  });
});
