/** The fate of a message, from what was found in it and what the rules refused (rules 7.2, 7.5). */
import { describe, expect, test } from '@jest/globals';
import { OperationOutcomeError, type IssueCode } from '../../../src/fhir/issue.ts';
import {
  remark,
  verdictOfFindings,
  verdictOfRefusal,
  type MessageVerdict,
} from '../../../src/inbound/fate.ts';
import { isOurFault } from '../../../src/operations/our-fault.ts';
import type { Referral } from '../../../src/inbound/find-referral.ts';
import type { State } from '../../../src/referral/state.ts';
import type { Event } from '../../../src/referral/transitions.ts';

const referralIn = (state: State): Referral => ({
  request: 'ServiceRequest/1',
  order: { resourceType: 'ServiceRequest' },
  task: 'Task/1',
  state,
  initiator: 'Organization/initiator',
  recipient: 'Organization/recipient',
  actors: new Set(['referralRecipient']),
  patient: 'Patient/1',
});

const shown = ({ fate, kind }: MessageVerdict) => (kind === undefined ? fate : `${fate} ${kind}`);

describe('(rules 7.2) findings decide', () => {
  test.each<[what: string, findings: readonly ReturnType<typeof remark>[], fate: string | undefined]>([
    ['nothing without an error', [remark('structure-invalid', 'W', 'PID-7', '')], undefined],
    ['a person’s work', [remark('referral-rule', 'E', 'ORC-1', '')], 'work-item message-unfit'],
    ['a quarantine', [remark('message-unreadable', 'E', '', '')], 'quarantine message-quarantined'],
    [
      'a quarantine before a person’s work',
      [remark('referral-rule', 'E', 'ORC-1', ''), remark('message-unreadable', 'E', '', '')],
      'quarantine message-quarantined',
    ],
  ])('%s', (_what, findings, fate) => {
    const verdict = verdictOfFindings(findings);
    expect(verdict && shown(verdict)).toBe(fate);
  });
});

describe('(rules 7.5) a move that the table refuses', () => {
  test.each<[event: Event, state: State, fate: string]>([
    ['send-acceptance', 'in-progress', 'late'],
    ['send-cancellation-request', 'completed', 'late'],
    ['send-interim-note', 'completed', 'late'],
    ['send-referral-outcome', 'received', 'parked message-parked'],
    ['send-referral-outcome', 'rejected', 'work-item message-unfit'],
  ])('%s in %s is %s', (event, state, fate) => {
    const refused = new OperationOutcomeError('transition-not-allowed');
    expect(shown(verdictOfRefusal(refused, [], { referral: referralIn(state), event }))).toBe(fate);
  });

  test('a refusal of another kind asks a person, with the way out and at most ten issues', () => {
    const issues = Array.from({ length: 12 }, () => ({ code: 'referral-rule', diagnostics: 'no' }) as const);
    const refused = OperationOutcomeError.of([{ code: 'referral-rule' }, ...issues]);
    const verdict = verdictOfRefusal(refused, [], { referral: referralIn('received'), event: undefined });
    expect(shown(verdict)).toBe('work-item message-unfit');
    expect(verdict.remarks).toHaveLength(10);
  });
});

test.each<[IssueCode, boolean]>([
  ['busy', true],
  ['storage-full', true],
  ['write-conflict', true],
  ['referral-rule', false],
])('(rules 7.2) %s: the server’s fault, so the sender sends again: %s', (code, ours) => {
  expect(isOurFault(new OperationOutcomeError(code))).toBe(ours);
});
