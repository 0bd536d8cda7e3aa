/** What a client wrote, what is stored instead, and what it is told (rules 1.5). */
import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { decideUpdate } from '../../../src/referral/decide.ts';
import type { Evidence } from '../../../src/referral/evidence.ts';
import { REWRITTEN_FIELDS } from '../../../src/referral/rewritten.ts';
import { BUSINESS_STATUS_SYSTEM, type State } from '../../../src/referral/state.ts';
import type { Party } from '../../../src/referral/transitions.ts';
import { DISCLOSURE_BASIS } from '../../../src/resources/referral-rules/basis.ts';
import { OUTPUT, taskIn } from './cases.ts';

const system = BUSINESS_STATUS_SYSTEM;
const code = (value: string) => ({ coding: [{ system, code: value }] });

interface Example {
  readonly name: string;
  readonly from: State | undefined;
  readonly who: Party;
  readonly write: Partial<Resource>;
  readonly evidence?: Evidence;
  readonly outcome: string;
  readonly stored: { readonly status: string; readonly code?: string; readonly text?: string };
  /** Places of the notes about rewriting. */
  readonly rewritten: readonly string[];
}

const EXAMPLES: readonly Example[] = [
  {
    name: 'requested is stored as received with 2.0 (G6)',
    from: undefined,
    who: 'referralInitiator',
    write: { status: 'requested', businessStatus: code('2.0') },
    outcome: '01',
    stored: { status: 'received', code: '2.0' },
    rewritten: ['Task.status'],
  },
  {
    name: 'the inconsistent example of the guide (G6)',
    from: 'draft',
    who: 'referralInitiator',
    write: { status: 'requested', businessStatus: code('7.0') },
    outcome: '01',
    stored: { status: 'received', code: '2.0' },
    rewritten: ['Task.status', 'Task.businessStatus'],
  },
  {
    name: 'requested while 2.0 is no change',
    from: 'received',
    who: 'referralInitiator',
    write: { status: 'requested' },
    outcome: 'edit',
    stored: { status: 'received', code: '2.0' },
    rewritten: ['Task.status', 'Task.businessStatus'],
  },
  {
    name: "the initiator's cancelled is the cancellation request",
    from: 'accepted',
    who: 'referralInitiator',
    write: { status: 'cancelled', businessStatus: code('6.0') },
    outcome: '07',
    stored: { status: 'in-progress', code: '5.2' },
    rewritten: ['Task.status', 'Task.businessStatus'],
  },
  {
    name: "the initiator's cancelled while 5.2 is no change",
    from: 'in-progress/5.2',
    who: 'referralInitiator',
    write: { status: 'cancelled' },
    outcome: 'edit',
    stored: { status: 'in-progress', code: '5.2' },
    rewritten: ['Task.status', 'Task.businessStatus'],
  },
  {
    name: "the recipient's cancelled while 5.2 is the confirmation",
    from: 'in-progress/5.2',
    who: 'referralRecipient',
    write: { status: 'cancelled', businessStatus: code('5.2') },
    outcome: '23',
    stored: { status: 'cancelled', code: '6.0' },
    rewritten: ['Task.businessStatus'],
  },
  {
    name: 'outside in-progress the server sets the business status',
    from: 'received',
    who: 'referralRecipient',
    write: { status: 'accepted', businessStatus: code('2.0') },
    outcome: '02',
    stored: { status: 'accepted', code: '3.0' },
    rewritten: ['Task.businessStatus'],
  },
  {
    name: 'Active is stored as text (G1)',
    from: 'accepted',
    who: 'referralRecipient',
    write: { status: 'in-progress', businessStatus: code('5.1') },
    evidence: 'appointment-booked',
    outcome: '31',
    stored: { status: 'in-progress', text: 'Active' },
    rewritten: ['Task.businessStatus'],
  },
  {
    name: 'Active with a note (G1)',
    from: 'accepted',
    who: 'referralRecipient',
    write: { status: 'in-progress', businessStatus: { text: 'being seen' } },
    evidence: 'output',
    outcome: '32',
    stored: { status: 'in-progress', text: 'being seen' },
    rewritten: [],
  },
  {
    name: 'Active over a sub-state is no change (G1)',
    from: 'in-progress/5.1.2',
    who: 'referralInitiator',
    write: { status: 'in-progress', businessStatus: code('5.1') },
    outcome: 'edit',
    stored: { status: 'in-progress', code: '5.1.2' },
    rewritten: ['Task.businessStatus'],
  },
  {
    name: 'a note while no-show keeps the state (G4)',
    from: 'in-progress/5.1.2',
    who: 'referralRecipient',
    write: { status: 'in-progress', businessStatus: code('5.1.4') },
    evidence: 'output',
    outcome: 'G4a',
    stored: { status: 'in-progress', code: '5.1.2' },
    rewritten: ['Task.businessStatus'],
  },
  {
    name: 'a new output with the state left as it was is an interim note',
    from: 'accepted',
    who: 'referralRecipient',
    write: { status: 'accepted', businessStatus: code('3.0') },
    evidence: 'output',
    outcome: '08',
    stored: { status: 'in-progress', code: '5.1.4' },
    rewritten: ['Task.status', 'Task.businessStatus'],
  },
  {
    name: 'a code without its system is completed',
    from: 'accepted',
    who: 'referralRecipient',
    write: { status: 'in-progress', businessStatus: { coding: [{ code: '5.1.1' }] } },
    evidence: 'appointment-booked',
    outcome: '06',
    stored: { status: 'in-progress', code: '5.1.1' },
    rewritten: ['Task.businessStatus'],
  },
  {
    name: 'what says the state already is stored as written',
    from: 'accepted',
    who: 'referralRecipient',
    write: { status: 'in-progress', businessStatus: { ...code('5.1.1'), text: 'Tuesday at ten' } },
    evidence: 'appointment-booked',
    outcome: '06',
    stored: { status: 'in-progress', code: '5.1.1', text: 'Tuesday at ten' },
    rewritten: [],
  },
];

describe('decideUpdate stores', () => {
  test.each(EXAMPLES)('$name', ({ from, who, write, evidence, outcome, stored, rewritten }) => {
    const before = from && taskIn(from);
    const output = evidence === 'output' ? { output: [OUTPUT] } : {};
    const after: Resource = { ...taskIn('draft'), ...write, ...output };
    const ruling = decideUpdate({
      before,
      after,
      actors: new Set([who]),
      evidence: evidence ? [evidence] : [],
      administrator: false,
    });
    if (ruling.kind === 'refused') throw new Error(ruling.diagnostics);
    expect(ruling.kind === 'move' ? ruling.transition.tid : ruling.kind).toBe(outcome);
    const { status, code: value, text } = stored;
    const businessStatus = { ...(value && code(value)), ...(text && { text }) };
    expect(ruling.task).toMatchObject({ status, businessStatus });
    expect(Object.keys(ruling.task['businessStatus'] ?? {}).includes('coding')).toBe(value !== undefined);
    const said = ruling.notes.filter(({ diagnostics }) => diagnostics.startsWith('Stored: '));
    expect(said.flatMap(({ expression }) => expression)).toEqual(rewritten);
    expect(said.every(({ severity }) => severity === 'information')).toBe(true);
    expect({ ...ruling.task, status: '', businessStatus: '' }).toEqual({
      ...after,
      status: '',
      businessStatus: '',
    });
  });

  test('only published fields', () => {
    expect(new Set(REWRITTEN_FIELDS.map(({ field }) => field))).toEqual(
      new Set([
        'Task.status',
        'Task.businessStatus',
        `ServiceRequest.extension.where(url='${DISCLOSURE_BASIS}')`,
        'ServiceRequest.status',
      ]),
    );
  });
});

describe('decideUpdate warns', () => {
  test.each<[string, State, State, readonly Evidence[], readonly RegExp[]]>([
    ['a decision needs no evidence', 'received', 'accepted', [], []],
    [
      'a visit without its Appointment',
      'accepted',
      'in-progress/5.1.1',
      [],
      [/without its evidence, the Appointment/],
    ],
    ['a visit with it', 'accepted', 'in-progress/5.1.1', ['appointment-booked'], []],
    [
      'an outcome without a document',
      'accepted',
      'completed',
      [],
      [/without its evidence, a new Task.output/],
    ],
    ['an outcome with one', 'accepted', 'completed', ['output'], []],
    ['a note that keeps the state (G4)', 'in-progress/5.1.3', 'in-progress/5.1.3', ['output'], [/^G4b: /]],
    [
      'evidence of something else',
      'in-progress/5.1.1',
      'in-progress/5.1.2',
      ['appointment-noshow', 'output'],
      [/moves nothing, since this write is send-no-show-information \(TID 12\): output/],
    ],
    [
      'visits called off because the referral ends',
      'in-progress/5.2',
      'cancelled',
      ['appointment-cancelled'],
      [],
    ],
    [
      'a visit booked too early',
      'received',
      'received',
      ['appointment-booked'],
      [/moves nothing, since no row/],
    ],
  ])('%s', (_, from, to, evidence, expected) => {
    const said = warnings(from, to, evidence);
    expect(said).toHaveLength(expected.length);
    for (const [i, pattern] of expected.entries()) expect(said[i]).toMatch(pattern);
  });
});

describe('decideUpdate refuses', () => {
  test("the other's move, naming whose it is and what may be done instead", () => {
    const ruling = decideUpdate({
      ...by('referralInitiator'),
      before: taskIn('received'),
      after: taskIn('accepted'),
    });
    expect(ruling).toMatchObject({
      kind: 'refused',
      issue: 'not-your-move',
      diagnostics:
        'To accepted 3.0 (Service Request Accepted) is a move of the Referral Recipient. The Referral Initiator may, from received 2.0 (Service Request Created): send-cancellation-request (TID 04, to in-progress 5.2 (Service Request Cancellation Requested)); mark-entered-in-error (TID G12b, to entered-in-error).',
      expression: ['Task.status', 'Task.businessStatus'],
    });
  });

  test('no move at all, naming the legal ones', () => {
    const ruling = decideUpdate({
      ...by('referralRecipient'),
      before: taskIn('completed'),
      after: taskIn('accepted'),
    });
    expect(ruling).toMatchObject({
      issue: 'transition-not-allowed',
      diagnostics: expect.stringMatching(/from completed 7\.0 \(.*\): nothing\.$/),
    });
  });

  test.each([
    [{ status: 'on-hold' }],
    [{ status: 'failed' }],
    [{ status: 'in-progress', businessStatus: code('7.0') }],
  ])('what is no state of a referral: %j', (write) => {
    const after = { ...taskIn('accepted'), ...write };
    const ruling = decideUpdate({ ...by('referralRecipient'), before: taskIn('accepted'), after });
    expect(ruling).toMatchObject({ kind: 'refused', issue: 'transition-not-allowed' });
  });

  test('an administrator without a reason (G12)', () => {
    const write = { ...by(), administrator: true, before: taskIn('completed') };
    expect(decideUpdate({ ...write, after: taskIn('entered-in-error') })).toMatchObject({
      issue: 'referral-rule',
      expression: ['Task.statusReason'],
    });
    const after = taskIn('entered-in-error', { statusReason: { text: 'wrong patient' } });
    expect(decideUpdate({ ...write, after })).toMatchObject({ kind: 'move', transition: { tid: 'G12l' } });
  });

  test('a stored Task in no state of a referral', () => {
    const before = { ...taskIn('accepted'), status: 'on-hold' };
    expect(decideUpdate({ ...by('referralRecipient'), before, after: taskIn('accepted') })).toMatchObject({
      issue: 'transition-not-allowed',
    });
  });
});

/** What the recipient is warned of. */
function warnings(from: State, to: State, evidence: readonly Evidence[]): readonly string[] {
  const actors = new Set(['referralRecipient'] as const);
  const ruling = decideUpdate({
    before: taskIn(from),
    after: taskIn(to, evidence.includes('output') ? { output: [OUTPUT] } : {}),
    actors,
    evidence,
    administrator: false,
  });
  if (ruling.kind === 'refused') throw new Error(ruling.diagnostics);
  return ruling.notes.filter(({ severity }) => severity === 'warning').map(({ diagnostics }) => diagnostics);
}

function by(...parties: Party[]) {
  return { actors: new Set(parties), evidence: [], administrator: false };
}
