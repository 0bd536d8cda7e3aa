/** Events and 360X messages, both ways. */
import { describe, expect, test } from '@jest/globals';
import { ALL_STATES } from '../../../src/referral/state.ts';
import {
  eventOfMessage,
  TRANSACTIONS,
  transactionOf,
  type MessageType,
} from '../../../src/referral/transactions.ts';
import { TRANSITIONS } from '../../../src/referral/transitions.ts';

test('every event of the guide has one transaction, and reads back as itself where it may happen', () => {
  expect(new Set(TRANSACTIONS.map(({ event }) => event))).toEqual(
    new Set(TRANSITIONS.map(([, , event]) => event)),
  );
  for (const [tid, sender, event, state] of TRANSITIONS) {
    const { message, orderControl, orderStatus, document } = transactionOf(event, state);
    const received = { message, sender, orderControl, orderStatus, document: document === 'required', state };
    expect([tid, eventOfMessage(received)]).toEqual([tid, event]);
  }
});

test.each([
  ['received', 'PCC-55'],
  ['accepted', 'PCC-56'],
  ['in-progress/5.1.1', 'PCC-56'],
] as const)('a decline from %s is %s', (state, transaction) => {
  expect(transactionOf('send-decline', state)).toMatchObject({
    transaction,
    orderControl: 'UA',
    reason: 'required',
  });
});

describe('eventOfMessage', () => {
  const R = 'referralRecipient';
  const I = 'referralInitiator';
  test.each<
    [
      string,
      MessageType,
      typeof I | typeof R,
      string,
      boolean,
      (typeof ALL_STATES)[number],
      string | undefined,
    ]
  >([
    ['OC with CA is a decline', 'OSU^O51', R, 'OC/CA', false, 'accepted', 'send-decline'],
    [
      'but confirms a requested cancellation',
      'OSU^O51',
      R,
      'OC/CA',
      false,
      'in-progress/5.2',
      'send-cancellation-confirmation',
    ],
    ['so does SC with CA', 'OSU^O51', R, 'SC/CA', false, 'in-progress/5.2', 'send-cancellation-confirmation'],
    ['which is nothing otherwise', 'OSU^O51', R, 'SC/CA', false, 'accepted', undefined],
    ['a decline crosses the request', 'OSU^O51', R, 'UA/CA', false, 'in-progress/5.2', 'send-decline'],
    ['a note flagged without its document', 'OSU^O51', R, 'SC/A', false, 'accepted', 'send-interim-note'],
    ['a note by IP with a document', 'OSU^O51', R, 'SC/IP', true, 'accepted', 'send-interim-note'],
    ['a sign of life', 'OSU^O51', R, 'SC/IP', false, 'accepted', undefined],
    [
      'a cancellation request with any status',
      'OSU^O51',
      I,
      'CA/CA',
      false,
      'accepted',
      'send-cancellation-request',
    ],
    ["the recipient's CA is none", 'OSU^O51', R, 'CA/', false, 'accepted', undefined],
    ["the initiator's OK is none", 'OSU^O51', I, 'OK/IP', false, 'received', undefined],
    ['the transfer extension confirms', 'OSU^O51', I, 'SC/SC', false, 'accepted', undefined],
    ['the transfer extension discontinues', 'OSU^O51', I, 'DC/CA', false, 'accepted', undefined],
    ["the initiator's appointment is none", 'SIU^S12', I, '/', false, 'accepted', undefined],
    ['an order of another kind', 'OMG^O19', I, 'XO/', true, 'draft', undefined],
  ])('%s', (_, message, sender, codes, document, state, expected) => {
    const [orderControl = '', orderStatus = ''] = codes.split('/');
    expect(eventOfMessage({ message, sender, orderControl, orderStatus, document, state })).toBe(expected);
  });
});
