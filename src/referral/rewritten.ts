/**
 * The published list of fields that the server may store otherwise than the client wrote them (rules 1.5), each with
 * its reason. An informational issue beside the reply names each rewritten field.
 */
import type { CodeableConcept, Resource } from '../fhir/types.ts';
import { note, type Note } from './ruling.ts';
import { isActive, type State } from './state.ts';

interface RewrittenField {
  readonly field: string;
  readonly written: string;
  readonly stored: string;
  readonly reason: string;
}

/** A write of a Task, with the state that the client wrote and the state that the server stores. */
interface Writing {
  readonly status: unknown;
  readonly written: State;
  readonly stored: State;
}

interface RewrittenTaskField extends RewrittenField {
  /** The server tries the rows in order; the first row of a field that holds gives the reason. */
  readonly when: (writing: Writing) => boolean;
}

const isCancelRequest = ({ written, stored }: Writing): boolean =>
  written === 'cancelled' && stored === 'in-progress/5.2';

const REWRITTEN_TASK_FIELDS: readonly RewrittenTaskField[] = [
  {
    field: 'Task.status',
    written: 'requested',
    stored: 'received',
    reason: 'The guide ends the sending of a referral in received; requested means the same (G6).',
    when: ({ status }) => status === 'requested',
  },
  {
    field: 'Task.status',
    written: 'cancelled, by the initiator',
    stored: 'in-progress',
    reason:
      'A cancellation needs the confirmation of the recipient: it is stored as the cancellation request (TID 04, 07, 14, 20, 22, 28, 34).',
    when: isCancelRequest,
  },
  {
    field: 'Task.status',
    written: 'accepted as it was, with new evidence (an output, an Appointment)',
    stored: 'in-progress',
    reason: 'New evidence is a move even where the state was left as it was (TID 06, 08).',
    when: () => true,
  },
  {
    field: 'Task.businessStatus',
    written: 'anything, with the status cancelled, by the initiator',
    stored: '5.2',
    reason: 'It is stored as the cancellation request, see Task.status.',
    when: isCancelRequest,
  },
  {
    field: 'Task.businessStatus',
    written: 'anything, as draft or entered-in-error',
    stored: 'nothing for a draft; what it was for entered-in-error',
    reason:
      'These states have no code in the CodeSystem; what stays tells whether the referral was ever sent (G11).',
    when: ({ stored }) => stored === 'draft' || stored === 'entered-in-error',
  },
  {
    field: 'Task.businessStatus',
    written: 'anything else than the code of the status, outside in-progress',
    stored: '2.0, 3.0, 4.0, 6.0 or 7.0',
    reason: 'Outside in-progress the status alone decides, and the business status follows it (G8).',
    when: ({ stored }) => !stored.startsWith('in-progress'),
  },
  {
    field: 'Task.businessStatus',
    written: 'nothing, or 5.1, before any sub-state is known',
    stored: 'the text Active, without a coding',
    reason: "The code 5.1 is missing from the guide's CodeSystem (G1).",
    when: ({ stored }) => stored === 'in-progress',
  },
  {
    field: 'Task.businessStatus',
    written: 'nothing, or 5.1, while in a sub-state of 5.1',
    stored: 'the sub-state',
    reason:
      'Active includes its sub-states; the referral stays in, or moves by its evidence to, a sub-state (G1).',
    when: ({ written, stored }) => written === 'in-progress' && isActive(stored),
  },
  {
    field: 'Task.businessStatus',
    written: '5.1.4 with a new output, while 5.1.2, 5.1.3 or 5.2',
    stored: '5.1.2, 5.1.3 or 5.2',
    reason: 'An interim note is kept and sent, but leaves these states as they are (G4).',
    when: ({ written, stored }) => written === 'in-progress/5.1.4' && stored !== written,
  },
  {
    field: 'Task.businessStatus',
    written: 'the state it was in, with new evidence (an output, an Appointment)',
    stored: 'the state to which the evidence leads',
    reason: 'New evidence is a move even where the state was left as it was.',
    when: ({ written, stored }) => written !== stored,
  },
  {
    field: 'Task.businessStatus',
    written: 'the code without its system, or beside another of the same system',
    stored: 'the code with its system, display and text',
    reason: 'Exactly one coding of the CodeSystem says the state.',
    when: () => true,
  },
];

const REWRITTEN_REQUEST_FIELDS: readonly RewrittenField[] = [
  {
    field:
      "ServiceRequest.extension.where(url='https://closeloop.dev/fhir/StructureDefinition/disclosure-basis')",
    written: 'nothing, in an order that is sent',
    stored: 'the basis treatment; once it was sent, the basis that it had',
    reason:
      'The basis on which the recipient is told is on record for every referral, also the usual one (45 CFR 164.506(c)).',
  },
  {
    field: 'ServiceRequest.status',
    written: 'revoked, by the initiator, while a Task is open',
    stored: 'active',
    reason:
      'It is the cancellation request of each open Task; the request is revoked when the recipient confirms.',
  },
  {
    field: 'ServiceRequest.status',
    written: 'not written: the Task moved',
    stored: 'active, completed or revoked',
    reason:
      'The request follows its Tasks: active while one is open, completed on 7.0, revoked on 4.0 and 6.0.',
  },
];

export const REWRITTEN_FIELDS: readonly RewrittenField[] = [
  ...REWRITTEN_TASK_FIELDS,
  ...REWRITTEN_REQUEST_FIELDS,
];

/** One note for each field that `stored` has otherwise than `task`. */
export function rewritingNotes(
  task: Resource,
  stored: Resource,
  written: State,
  state: State,
): readonly Note[] {
  const writing: Writing = { status: task['status'], written, stored: state };
  return ['status', 'businessStatus']
    .filter((element) => task[element] !== stored[element])
    .flatMap((element) => {
      const field = `Task.${element}`;
      const row = REWRITTEN_TASK_FIELDS.find(
        (candidate) => candidate.field === field && candidate.when(writing),
      );
      const says = `Stored: ${describe(stored[element])}. ${row?.reason}`;
      return row === undefined ? [] : [note('information', says, [field])];
    });
}

/** The value that the resource has now: a status, or a business status by its code. */
function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return value;
  const { coding = [], text } = value as CodeableConcept; // validated structure
  return coding[0]?.code ?? text ?? 'nothing';
}
