/** States read from Tasks as others write them, and written as we do. */
import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import {
  ALL_STATES,
  BUSINESS_STATUS_SYSTEM,
  isOpen,
  isReferralTask,
  isTerminal,
  LOCAL_STATUS_SYSTEM,
  readState,
  withState,
  type State,
} from '../../../src/referral/state.ts';

const system = BUSINESS_STATUS_SYSTEM;
const task = (status: string, businessStatus?: object): Resource => ({
  resourceType: 'Task',
  status,
  ...(businessStatus && { businessStatus }),
});
const coded = (...codes: string[]) => ({ coding: codes.map((code) => ({ system, code })) });

describe('readState', () => {
  test.each<[string, object | undefined, State | undefined]>([
    ['draft', undefined, 'draft'],
    ['requested', undefined, 'received'],
    ['requested', coded('2.0'), 'received'],
    ['requested', coded('7.0'), 'received'], // the guide's own example
    ['received', undefined, 'received'],
    ['received', { coding: [{ system: LOCAL_STATUS_SYSTEM, code: 'awaiting-information' }] }, 'received'],
    ['accepted', coded('5.1.1'), 'accepted'], // outside in-progress the status alone decides
    ['in-progress', undefined, 'in-progress'],
    ['in-progress', { text: 'Active' }, 'in-progress'],
    ['in-progress', { coding: [{ display: 'Active' }] }, 'in-progress'],
    ['in-progress', { coding: [{ system: 'http://elsewhere', code: '5.1.1' }] }, 'in-progress'],
    ['in-progress', coded('5.1'), 'in-progress'],
    ['in-progress', coded('5.1', '5.1.2'), 'in-progress/5.1.2'],
    ['in-progress', coded('5.1.1'), 'in-progress/5.1.1'],
    ['in-progress', { coding: [{ code: '5.1.3' }] }, 'in-progress/5.1.3'],
    ['in-progress', coded('5.1.4'), 'in-progress/5.1.4'],
    ['in-progress', coded('5.2'), 'in-progress/5.2'],
    ['in-progress', coded('5.1.1', '5.1.2'), undefined],
    ['in-progress', coded('3.0'), undefined],
    ['in-progress', coded('9.9'), undefined],
    ['rejected', coded('4.0'), 'rejected'],
    ['cancelled', undefined, 'cancelled'],
    ['completed', undefined, 'completed'],
    ['entered-in-error', undefined, 'entered-in-error'],
    ['ready', undefined, undefined],
    ['on-hold', undefined, undefined],
    ['failed', undefined, undefined],
    ['in-progress/5.1.1', undefined, undefined],
    ['constructor', undefined, undefined],
  ])('%s %j is %s', (status, businessStatus, state) => {
    expect(readState(task(status, businessStatus))).toBe(state);
  });
});

describe('withState', () => {
  test.each(ALL_STATES)('%s reads as itself again, and is written once', (state) => {
    const written = withState(task('draft'), state);
    expect(readState(written)).toBe(state);
    expect(withState(written, state)).toBe(written);
  });

  test.each<[State, object | undefined]>([
    ['draft', undefined],
    [
      'received',
      {
        coding: [{ system, code: '2.0', display: 'Service Request Created' }],
        text: 'Service Request Created',
      },
    ],
    [
      'in-progress/5.1.2',
      {
        coding: [{ system, code: '5.1.2', display: 'Scheduled Service Request Event Unattended' }],
        text: 'Scheduled Service Request Event Unattended',
      },
    ],
    ['in-progress', { text: 'Active' }],
    ['entered-in-error', undefined],
  ])('%s has the business status %j', (state, businessStatus) => {
    expect(withState(task('draft'), state)).toEqual(task(state.split('/')[0] ?? '', businessStatus));
  });

  test('leaves a business status that says so already, with its own text and translations', () => {
    const own = {
      coding: [
        { system, code: '5.1.1' },
        { system: 'http://elsewhere', code: 'booked' },
      ],
      text: 'Tuesday',
    };
    const before = task('in-progress', own);
    expect(withState(before, 'in-progress/5.1.1')).toBe(before);
    expect(withState(before, 'completed')['businessStatus']).not.toEqual(own);
  });

  test('keeps the question asked beside 2.0, and drops it when the referral moves on', () => {
    const question = { system: LOCAL_STATUS_SYSTEM, code: 'awaiting-information' };
    const asked = withState(task('received', { coding: [question] }), 'received');
    expect(asked['businessStatus']).toMatchObject({ coding: [{ system, code: '2.0' }, question] });
    expect(withState(asked, 'accepted')['businessStatus']).toMatchObject({
      coding: [{ system, code: '3.0' }],
    });
    expect(withState(asked, 'accepted')['businessStatus']).not.toMatchObject({ coding: [{}, question] });
  });

  test('leaves every other element as it is, whatever it is', () => {
    const odd = { ...task('draft'), restriction: { repetitions: Symbol('opaque') } };
    expect(withState(odd, 'accepted')['restriction']).toBe(odd.restriction);
  });
});

describe('isReferralTask', () => {
  const fulfill = { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] };
  test.each<[object, boolean]>([
    [{ focus: { reference: 'ServiceRequest/1' }, code: fulfill }, true],
    [{ focus: { reference: 'ServiceRequest/1' } }, true], // STU1
    [{ focus: { reference: 'ServiceRequest/1/_history/3' }, code: { coding: [{ code: 'fulfill' }] } }, true],
    [{ focus: { reference: 'https://elsewhere/fhir/ServiceRequest/1' }, code: fulfill }, true],
    [{ focus: { type: 'ServiceRequest', identifier: { value: '1' } }, code: fulfill }, true],
    [{ focus: { reference: 'ServiceRequest/1' }, code: { coding: [{ code: 'approve' }] } }, false],
    [
      { focus: { reference: 'ServiceRequest/1' }, code: { coding: [{ system: 'x', code: 'fulfill' }] } },
      false,
    ],
    [{ focus: { reference: 'ServiceRequest/1' }, code: { text: 'please look' } }, false],
    [{ focus: { reference: 'Task/1' }, code: fulfill }, false],
    [{ focus: { reference: '#request' }, code: fulfill }, false],
    [{ code: fulfill }, false],
    [{ resourceType: 'Basic', focus: { reference: 'ServiceRequest/1' } }, false],
  ])('%j: %s', (elements, expected) => {
    expect(isReferralTask({ resourceType: 'Task', ...elements })).toBe(expected);
  });
});

test('a referral is a draft, open or ended', () => {
  expect(ALL_STATES.filter((state) => !isOpen(state) && !isTerminal(state))).toEqual(['draft']);
  expect(ALL_STATES.filter((state) => isOpen(state) && isTerminal(state))).toEqual([]);
  expect(ALL_STATES.filter(isTerminal)).toEqual(['rejected', 'cancelled', 'completed', 'entered-in-error']);
});
