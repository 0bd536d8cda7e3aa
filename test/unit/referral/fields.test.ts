/** Fields that freeze when a referral is sent, and whose the output is (rules 1.4). */
import { describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { addsOutput, checkFields } from '../../../src/referral/fields.ts';
import type { State } from '../../../src/referral/state.ts';
import type { Party } from '../../../src/referral/transitions.ts';
import { OUTPUT, taskIn } from './cases.ts';

const OTHER_OUTPUT = { ...OUTPUT, valueReference: { reference: 'Bundle/2' } };
const fulfill = { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] };

interface Example {
  readonly before?: Partial<Resource>;
  readonly after?: Partial<Resource>;
  readonly who?: Party;
  readonly from?: State;
  readonly to?: State;
  readonly owners?: readonly [Ref | undefined, Ref | undefined];
  readonly subject?: string;
}

function check({ before, after, who, from, to, owners, subject }: Example) {
  const refusal = checkFields({
    before: taskIn(from ?? 'accepted', before),
    after: taskIn(to ?? 'accepted', after),
    actors: new Set([who ?? 'referralRecipient']),
    ownerBefore: owners ? owners[0] : 'Organization/b',
    ownerAfter: owners ? owners[1] : 'Organization/b',
    subject: { reference: subject ?? 'Patient/1' },
  });
  return refusal && `${refusal.issue} ${refusal.expression.join()}`;
}

const role = (id: string) => ({ owner: { reference: `PractitionerRole/${id}` } });
const organization = { owner: { reference: 'Organization/b' } };

describe('checkFields', () => {
  test.each<[string, Example, string | undefined]>([
    ['nothing changed', {}, undefined],
    ['a note added', { after: { note: [{ text: 'seen' }] } }, undefined],
    // frozen
    [
      'requester',
      { after: { requester: { reference: 'PractitionerRole/9' } } },
      'field-frozen Task.requester',
    ],
    ['requester gone', { after: { requester: undefined } }, 'field-frozen Task.requester'],
    ['focus', { after: { focus: { reference: 'ServiceRequest/9' } } }, 'field-frozen Task.focus'],
    ['for', { after: { for: { reference: 'Patient/9' } }, subject: 'Patient/9' }, 'field-frozen Task.for'],
    ['code', { after: { code: { text: 'fulfill' } } }, 'field-frozen Task.code'],
    ['intent', { after: { intent: 'plan' } }, 'field-frozen Task.intent'],
    [
      'two at once',
      { after: { intent: 'plan', focus: { reference: 'ServiceRequest/9' } } },
      'field-frozen Task.focus,Task.intent',
    ],
    // no change
    ['a display', { after: { focus: { reference: 'ServiceRequest/1', display: 'Cardiology' } } }, undefined],
    [
      'the version of a reference',
      { after: { focus: { reference: 'ServiceRequest/1/_history/2' } } },
      undefined,
    ],
    [
      'a logical reference kept',
      {
        before: { requester: { identifier: { value: '1' } } },
        after: { requester: { identifier: { value: '1' } } },
      },
      undefined,
    ],
    [
      'a logical reference changed',
      {
        before: { requester: { identifier: { value: '1' } } },
        after: { requester: { identifier: { value: '2' } } },
      },
      'field-frozen Task.requester',
    ],
    // STU1 had neither
    ['a code said later', { before: { code: undefined }, after: { code: fulfill } }, undefined],
    [
      'another code said later',
      { before: { code: undefined }, after: { code: {} } },
      'field-frozen Task.code',
    ],
    ['a patient said later', { before: { for: undefined } }, undefined],
    // drafts are free
    ['a draft', { from: 'draft', to: 'draft', who: 'referralInitiator', after: { focus: {} } }, undefined],
    [
      'a draft when it is sent',
      {
        from: 'draft',
        to: 'received',
        who: 'referralInitiator',
        after: role('9'),
        owners: ['Organization/b', 'Organization/c'],
      },
      undefined,
    ],
    // owner
    ['owner to a role', { before: organization, after: role('9') }, undefined],
    ['owner to another role', { before: role('8'), after: role('9') }, undefined],
    ['owner widened', { before: role('8'), after: organization }, 'field-frozen Task.owner'],
    [
      'owner elsewhere',
      { before: organization, after: role('9'), owners: ['Organization/b', 'Organization/c'] },
      'field-frozen Task.owner',
    ],
    [
      'owner unknown',
      { before: organization, after: role('9'), owners: [undefined, undefined] },
      'field-frozen Task.owner',
    ],
    [
      'owner gone',
      { after: { owner: undefined }, owners: ['Organization/b', undefined] },
      'field-frozen Task.owner',
    ],
    // output
    ['output added', { after: { output: [OUTPUT] } }, undefined],
    [
      'output added by the initiator',
      { after: { output: [OUTPUT] }, who: 'referralInitiator' },
      'field-frozen Task.output',
    ],
    [
      'output kept',
      { before: { output: [OUTPUT] }, after: { output: [OUTPUT] }, who: 'referralInitiator' },
      undefined,
    ],
    ['output removed', { before: { output: [OUTPUT] } }, 'field-frozen Task.output'],
    [
      'output replaced',
      { before: { output: [OUTPUT] }, after: { output: [OTHER_OUTPUT] } },
      'field-frozen Task.output',
    ],
    [
      'output put in another order',
      { before: { output: [OUTPUT, OTHER_OUTPUT] }, after: { output: [OTHER_OUTPUT, OUTPUT] } },
      undefined,
    ],
    [
      'one of two alike removed',
      { before: { output: [OUTPUT, OUTPUT] }, after: { output: [OUTPUT] } },
      'field-frozen Task.output',
    ],
    [
      'output sent with the referral',
      { from: 'draft', to: 'received', who: 'referralInitiator', after: { output: [OUTPUT] } },
      'field-frozen Task.output',
    ],
    // the patient is the request's
    ['another patient than the request', { subject: 'Patient/2' }, 'referral-rule Task.for'],
    [
      'another patient than the request, when sent',
      { from: 'draft', to: 'received', who: 'referralInitiator', subject: 'Patient/2' },
      'referral-rule Task.for',
    ],
    [
      'another patient than the request, in a draft',
      { from: 'draft', to: 'draft', who: 'referralInitiator', subject: 'Patient/2' },
      undefined,
    ],
  ])('%s', (_, example, expected) => expect(check(example)).toBe(expected));

  test('creating a Task past draft', () => {
    expect(create(taskIn('received'), 'Patient/1')).toBeUndefined();
    expect(create(taskIn('received'), 'Patient/2')).toMatchObject({ issue: 'referral-rule' });
    expect(create(taskIn('received', { output: [OUTPUT] }), 'Patient/1')).toMatchObject({
      issue: 'field-frozen',
    });
  });
});

test.each<[string, readonly unknown[] | undefined, readonly unknown[] | undefined, boolean]>([
  ['none', undefined, undefined, false],
  ['the first', undefined, [OUTPUT], true],
  ['the same', [OUTPUT], [OUTPUT], false],
  ['one more', [OUTPUT], [OUTPUT, OTHER_OUTPUT], true],
  ['the same twice', [OUTPUT], [OUTPUT, OUTPUT], true],
  ['one less', [OUTPUT], undefined, false],
])('addsOutput: %s', (_, before, after, expected) => {
  expect(addsOutput(taskIn('accepted', { output: before }), taskIn('accepted', { output: after }))).toBe(
    expected,
  );
});

const create = (after: Resource, subject: string) =>
  checkFields({
    before: undefined,
    after,
    actors: new Set(['referralInitiator']),
    ownerBefore: undefined,
    ownerAfter: 'Organization/b',
    subject: { reference: subject },
  });
