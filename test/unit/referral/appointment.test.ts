/** What a change of an Appointment shows, and which event that is in a state (rules 1.3). */
import { describe, expect, test } from '@jest/globals';
import { eventOf, evidenceOf } from '../../../src/referral/appointment.ts';
import type { Evidence } from '../../../src/referral/evidence.ts';
import type { State } from '../../../src/referral/state.ts';

const TEN = '2027-03-01T10:00:00Z';
const at = (status: string, start = TEN, end = '2027-03-01T10:30:00Z') => ({
  resourceType: 'Appointment',
  status,
  start,
  end,
});

describe('evidenceOf', () => {
  test.each<[string, object | undefined, object | undefined, boolean, Evidence | undefined]>([
    ['booked at once', undefined, at('booked'), false, 'appointment-booked'],
    ['a proposal booked', at('proposed'), at('booked'), false, 'appointment-booked'],
    ['pending booked', at('pending'), at('booked'), false, 'appointment-booked'],
    ['another booked', undefined, at('booked'), true, 'appointment-another'],
    ['only proposed', undefined, at('proposed'), false, undefined],
    ['the same again', at('booked'), at('booked'), false, undefined],
    ['a comment', at('booked'), { ...at('booked'), comment: 'bring papers' }, true, undefined],
    ['another start', at('booked'), at('booked', '2027-03-01T10:15:00Z'), false, 'appointment-rescheduled'],
    [
      'another end',
      at('booked'),
      at('booked', TEN, '2027-03-01T11:00:00Z'),
      false,
      'appointment-rescheduled',
    ],
    [
      'a start at last',
      { ...at('booked'), start: undefined },
      at('booked'),
      false,
      'appointment-rescheduled',
    ],
    [
      'the same slot in another zone',
      at('booked'),
      at('booked', '2027-03-01T11:00:00+01:00', '2027-03-01T11:30:00+01:00'),
      false,
      undefined,
    ],
    ['booked again after a no-show', at('noshow'), at('booked'), false, 'appointment-rescheduled'],
    ['booked again after a cancellation', at('cancelled'), at('booked'), false, 'appointment-rescheduled'],
    ['a no-show', at('booked'), at('noshow'), false, 'appointment-noshow'],
    ['a no-show still', at('noshow'), at('noshow'), false, undefined],
    ['a cancellation', at('booked'), at('cancelled'), false, 'appointment-cancelled'],
    ['a cancellation after a no-show', at('noshow'), at('cancelled'), false, 'appointment-cancelled'],
    ['a cancellation heard of late', undefined, at('cancelled'), false, 'appointment-cancelled'],
    ['cancelled still', at('cancelled'), at('cancelled'), false, undefined],
    ['a proposal cancelled', at('proposed'), at('cancelled'), false, undefined],
    ['arrived', at('booked'), at('arrived'), false, undefined],
    ['fulfilled', at('arrived'), at('fulfilled'), false, undefined],
    ['arrived undone', at('arrived'), at('booked'), false, undefined],
    ['entered in error', at('booked'), at('entered-in-error'), false, undefined],
    ['deleted', at('booked'), undefined, false, undefined],
  ])('%s', (_, before, after, anotherBooked, expected) => {
    expect(evidenceOf({ before: resource(before), after: resource(after), anotherBooked })).toBe(expected);
  });
});

describe('eventOf', () => {
  const SHORT: Readonly<Record<string, string>> = {
    'send-schedule-visit-information': 'S12',
    'send-rescheduled-visit-information': 'S13',
    'send-appointment-cancellation-information': 'S15',
    'send-no-show-information': 'S26',
    'send-interim-note': 'note',
  };
  const STATES: readonly State[] = [
    'received',
    'accepted',
    'in-progress',
    'in-progress/5.1.1',
    'in-progress/5.1.2',
    'in-progress/5.1.3',
    'in-progress/5.1.4',
    'in-progress/5.2',
    'completed',
  ];
  //                          2.0  3.0    5.1    5.1.1  5.1.2  5.1.3  5.1.4  5.2    7.0
  test.each<[Evidence, string]>([
    ['appointment-booked', '-    S12    S12    S12    S13    S12    S12    -      -'],
    ['appointment-another', '-    S12    S12    S12    S13    S12    S12    -      -'],
    ['appointment-rescheduled', '-    S12    S13    S13    S13    S13    S13    -      -'],
    ['appointment-noshow', '-    -      S26    S26    -      -      -      -      -'],
    ['appointment-cancelled', '-    -      S15    S15    S15    -      S15    -      -'],
    ['output', '-    note   note   note   note   note   note   note   -'],
  ])('%s: %s', (evidence, expected) => {
    const events = STATES.map((state) => SHORT[eventOf(evidence, state) ?? ''] ?? '-');
    expect(events).toEqual(expected.split(/\s+/));
  });
});

const resource = (appointment: object | undefined) =>
  appointment && { resourceType: 'Appointment', ...appointment };
