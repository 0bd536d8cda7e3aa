/** Which event a message is: message × ORC-1 × ORC-5 × note × sender × state (360X; rules 7.4). */
import { describe, expect, test } from '@jest/globals';
import { parseMessage } from '../../../../src/hl7v2/message.ts';
import { meaningOf, type Meaning, type Said } from '../../../../src/hl7v2/messages/events.ts';
import { definitionNamed } from '../../../../src/hl7v2/messages/registry.ts';
import { ALL_STATES, type State } from '../../../../src/referral/state.ts';
import type { Party } from '../../../../src/referral/transitions.ts';

type Sender = 'I' | 'R' | '?';
type Row = readonly [
  message: string,
  orc1: string,
  orc5: string,
  note: boolean,
  Sender,
  State | undefined,
  means: string,
];

const PARTIES: Readonly<Record<Sender, Party | undefined>> = {
  I: 'referralInitiator',
  R: 'referralRecipient',
  '?': undefined,
};

const OPEN: State = 'accepted';
const ENDING: State = 'in-progress/5.2';
const NEW = undefined;

//  message    ORC-1 ORC-5  note   from  state      means; `!X` that the other party X would have to say it
// prettier-ignore
const ROWS: readonly Row[] = [
  ['OMG^O19', 'NW', '',    false, 'I', NEW,    'send-referral-package'],
  ['OMG^O19', 'NW', '',    false, '?', NEW,    'send-referral-package'],
  ['OMG^O19', 'NW', '',    false, 'R', OPEN,   '!referralInitiator'],
  ['OMG^O19', 'CA', '',    false, 'I', OPEN,   'send-cancellation-request'],
  ['OMG^O19', 'XO', '',    false, 'I', OPEN,   'none'],
  ['ORM^O01', 'NW', '',    false, 'I', NEW,    'send-referral-package'],
  ['ORM^O01', 'CA', '',    false, 'I', OPEN,   'send-cancellation-request'],
  ['ORM^O01', 'CA', 'CA',  false, 'R', OPEN,   '!referralInitiator'],
  ['ORM^O01', 'SC', 'IP',  false, 'R', OPEN,   'none'],
  ['REF^I12', '',   '',    false, 'I', NEW,    'send-referral-package'],
  ['OSU^O51', 'OK', 'IP',  false, 'R', 'received', 'send-acceptance'],
  ['OSU^O51', 'OK', '',    false, 'R', 'received', 'send-acceptance'],
  ['OSU^O51', 'OK', 'CM',  false, 'R', 'received', 'none'],
  ['OSU^O51', 'OK', 'IP',  false, 'I', 'received', '!referralRecipient'],
  ['OSU^O51', 'UA', 'CA',  false, 'R', 'received', 'send-decline'],
  ['OSU^O51', 'UA', '',    false, 'R', OPEN,   'send-decline'],
  ['OSU^O51', 'UA', 'CA',  false, 'R', ENDING, 'send-decline'],
  ['OSU^O51', 'OC', 'CA',  false, 'R', OPEN,   'send-decline'],
  ['OSU^O51', 'OC', 'CA',  false, 'R', NEW,    'send-decline'],
  ['OSU^O51', 'OC', 'CA',  false, 'R', ENDING, 'send-cancellation-confirmation'],
  ['OSU^O51', 'OC', '',    false, 'R', OPEN,   'none'],
  ['OSU^O51', 'SC', 'CA',  false, 'R', ENDING, 'send-cancellation-confirmation'],
  ['OSU^O51', 'SC', 'CA',  false, 'R', OPEN,   'none'],
  ['OSU^O51', 'CR', 'CA',  false, 'R', ENDING, 'send-cancellation-confirmation'],
  ['OSU^O51', 'CR', '',    false, 'R', ENDING, 'send-cancellation-confirmation'],
  ['OSU^O51', 'CR', 'CA',  false, 'I', ENDING, '!referralRecipient'],
  ['OSU^O51', 'SC', 'CM',  true,  'R', OPEN,   'send-referral-outcome'],
  ['OSU^O51', 'SC', 'CM',  false, 'R', OPEN,   'send-referral-outcome'],
  ['OSU^O51', 'SC', 'CM',  false, 'I', OPEN,   '!referralRecipient'],
  ['OSU^O51', 'SC', 'A',   true,  'R', OPEN,   'send-interim-note'],
  ['OSU^O51', 'SC', 'A',   false, 'R', OPEN,   'send-interim-note'],
  ['OSU^O51', 'SC', 'IP',  true,  'R', OPEN,   'send-interim-note'],
  ['OSU^O51', 'SC', '',    true,  'R', OPEN,   'send-interim-note'],
  ['OSU^O51', 'SC', 'IP',  false, 'R', OPEN,   'status-ping'],
  ['OSU^O51', 'SC', '',    false, 'R', OPEN,   'status-ping'],
  ['OSU^O51', 'CA', '',    false, 'I', OPEN,   'send-cancellation-request'],
  ['OSU^O51', 'CA', 'CA',  false, '?', OPEN,   'send-cancellation-request'],
  ['OSU^O51', 'CA', '',    false, 'R', OPEN,   '!referralInitiator'],
  ['OSU^O51', 'UC', '',    false, 'R', ENDING, 'none'],
  ['OSU^O51', 'SC', 'SC',  false, 'R', OPEN,   'none'],
  ['OSU^O51', 'DC', 'CA',  false, 'I', OPEN,   'none'],
  ['OSU^O51', '',   '',    false, 'R', OPEN,   'none'],
  ['SIU^S12', '',   '',    false, 'R', OPEN,   'send-schedule-visit-information'],
  ['SIU^S13', '',   '',    false, 'R', OPEN,   'send-rescheduled-visit-information'],
  ['SIU^S14', '',   '',    false, 'R', OPEN,   'send-rescheduled-visit-information'],
  ['SIU^S15', '',   '',    false, 'R', OPEN,   'send-appointment-cancellation-information'],
  ['SIU^S16', '',   '',    false, 'R', OPEN,   'send-appointment-cancellation-information'],
  ['SIU^S17', '',   '',    false, 'R', OPEN,   'send-appointment-cancellation-information'],
  ['SIU^S26', '',   '',    false, 'R', OPEN,   'send-no-show-information'],
  ['SIU^S26', '',   '',    false, '?', OPEN,   'send-no-show-information'],
  ['SIU^S12', '',   '',    false, 'I', OPEN,   '!referralRecipient'],
];

const inWords = (meaning: Meaning): string =>
  'belongsTo' in meaning ? `!${meaning.belongsTo}` : meaning.event;

/** No definition here reads the order control elsewhere in the message. */
const NO_MESSAGE = parseMessage('MSH|^~\\&|');

/** What a message means, as its definition says whose events it has. */
function meantBy(message: string, said: Said): Meaning {
  const definition = definitionNamed(message);
  if (definition === undefined || !('means' in definition)) return { event: 'none' };
  const meant = definition.means(said.orderControl);
  const orderControl = meant.orderControl?.(NO_MESSAGE) ?? said.orderControl;
  return meaningOf(meant, { ...said, orderControl });
}

/** How many things it can mean, by the state. */
const meaningsOf = (orderControl: string, orderStatus: string) =>
  new Set(
    ALL_STATES.map((state) =>
      inWords(
        meantBy('OSU^O51', {
          orderControl,
          orderStatus,
          hasDocument: true,
          sender: undefined,
          state,
        }),
      ),
    ),
  ).size;

describe('a message means', () => {
  test.each(ROWS)(
    '%s %s/%s, note %s, from %s, in %s: %s',
    (message, orderControl, orderStatus, hasDocument, sender, state, means) => {
      const said = { orderControl, orderStatus, hasDocument, sender: PARTIES[sender], state };
      expect(inWords(meantBy(message, said))).toBe(means);
    },
  );

  test('only OC and SC with CA hang on the state', () => {
    const controls = ['NW', 'OK', 'UA', 'CA', 'CR', 'OC', 'UC', 'SC', 'DC', ''];
    const statuses = ['A', 'CA', 'CM', 'IP', 'SC', ''];
    const hanging = controls.flatMap((control) =>
      statuses.filter((status) => meaningsOf(control, status) > 1).map((status) => `${control}/${status}`),
    );
    expect(hanging).toEqual(['OC/CA', 'SC/CA']);
  });
});
