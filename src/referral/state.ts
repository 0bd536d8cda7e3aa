/**
 * The states of a referral, read from and written to its Task: `Task.status`, and for *in-progress* also the business
 * status (BSeR, Workflow Management Resources: Task State Machine; CodeSystem TaskBusinessStatusCS).
 */
import { laterOf } from '../fhir/datetime.ts';
import type { Coding, CodeableConcept, Resource, Task } from '../fhir/types.ts';

/** The elements of a Task in a state. Without a code the server leaves the business status as it is. */
interface Meaning {
  readonly status: Task['status'];
  readonly code?: string;
  readonly display?: string;
}

//  state                            Task.status                    Task.businessStatus
// prettier-ignore
const STATES = {
  draft:               { status: 'draft' },
  received:            { status: 'received',          code: '2.0',   display: 'Service Request Created' },
  accepted:            { status: 'accepted',          code: '3.0',   display: 'Service Request Accepted' },
  'in-progress':       { status: 'in-progress',                      display: 'Active' }, // 5.1, never emitted as a code (G1)
  'in-progress/5.1.1': { status: 'in-progress',       code: '5.1.1', display: 'Service Request Event Scheduled' },
  'in-progress/5.1.2': { status: 'in-progress',       code: '5.1.2', display: 'Scheduled Service Request Event Unattended' },
  'in-progress/5.1.3': { status: 'in-progress',       code: '5.1.3', display: 'Scheduled Service Request Event Cancelled' },
  'in-progress/5.1.4': { status: 'in-progress',       code: '5.1.4', display: 'Service Request Event Completed' },
  'in-progress/5.2':   { status: 'in-progress',       code: '5.2',   display: 'Service Request Cancellation Requested' },
  rejected:            { status: 'rejected',          code: '4.0',   display: 'Service Request Declined' },
  cancelled:           { status: 'cancelled',         code: '6.0',   display: 'Service Request Fulfillment Cancelled' },
  completed:           { status: 'completed',         code: '7.0',   display: 'Service Request Fulfillment Completed' },
  'entered-in-error':  { status: 'entered-in-error' },
} as const satisfies Record<string, Meaning>;

export type State = keyof typeof STATES;

// Object.keys returns string[]; the cast restores the keys of the table.
export const ALL_STATES = Object.keys(STATES) as readonly State[];

export const BUSINESS_STATUS_SYSTEM = 'http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS';

/**
 * Our code in the extensible binding (G9): the recipient has asked a question and waits for the answer; it counts as
 * 2.0.
 */
export const LOCAL_STATUS_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/task-business-status';
export const AWAITING_INFORMATION = 'awaiting-information';

const TASK_CODE_SYSTEM = 'http://hl7.org/fhir/CodeSystem/task-code';

const TERMINAL: ReadonlySet<State> = new Set(['rejected', 'cancelled', 'completed', 'entered-in-error']);

/** Past draft and not ended: the referral is between the two parties. */
export const isOpen = (state: State): boolean => state !== 'draft' && !isTerminal(state);

/** Whether no row of the guide's table leads on from a state. */
export const isTerminal = (state: State): boolean => TERMINAL.has(state);

/** Whether a state is within the super-state 5.1 Active: the state itself or one of its sub-states. */
export const isActive = (state: State): boolean =>
  state === 'in-progress' || state.startsWith('in-progress/5.1.');

/** A state in words: `in-progress 5.1.1 (Service Request Event Scheduled)`. */
export function describeState(state: State): string {
  const { status, code, display }: Meaning = STATES[state];
  return [status, code, display && `(${display})`].filter(Boolean).join(' ');
}

/** The code in TaskBusinessStatusCS that a state always carries; undefined for draft, Active and entered-in-error. */
export const businessStatusOf = (state: State): string | undefined => (STATES[state] as Meaning).code;

/** Whether a Task is a referral's (rules 1.1): its focus is a ServiceRequest and its code `fulfill`, or absent as in STU1. */
export function isReferralTask(task: Resource): boolean {
  if (task.resourceType !== 'Task') return false;
  const { focus, code } = asTask(task);
  const focusType =
    focus?.type ?? /(?:^|\/)([A-Za-z]+)\/[^/]+(?:\/_history\/[^/]+)?$/.exec(focus?.reference ?? '')?.[1];
  return focusType === 'ServiceRequest' && (code === undefined || isFulfill(code));
}

/** Whether a code says `fulfill`, in the task code system or in none. */
export const isFulfill = (code: CodeableConcept): boolean =>
  (code.coding ?? []).some(
    (coding) => coding.code === 'fulfill' && (coding.system ?? TASK_CODE_SYSTEM) === TASK_CODE_SYSTEM,
  );

/**
 * The state of a Task, read leniently: `requested` is `received` (G6), in-progress without a code or with "5.1" is
 * Active (G1), and outside in-progress the business status does not count. Undefined when no state of a referral has
 * the Task's status, or its code within in-progress.
 */
export function readState(task: Resource): State | undefined {
  const { status, businessStatus } = asTask(task);
  if (status === 'requested') return 'received';
  if (status !== 'in-progress') return ALL_STATES.find((state) => STATES[state].status === status);
  const codes = new Set(bserCodings(businessStatus).map((coding) => coding.code));
  codes.delete('5.1');
  if (codes.size === 0) return 'in-progress';
  const [code] = codes;
  if (codes.size > 1) return undefined;
  return ALL_STATES.find((state) => state === `in-progress/${code}`);
}

/**
 * The Task in a state: its status, and the business status of the state as coding and text (G8); Active has text
 * without a coding (G1). A business status that says so already stays as written. The function is pure, works on every
 * tree of a resource, and returns the same tree when nothing changes.
 */
export function withState(task: Resource, state: State): Resource {
  const { status } = STATES[state];
  const { businessStatus } = asTask(task);
  if (saysState(businessStatus, state)) return task['status'] === status ? task : { ...task, status };
  return { ...task, status, businessStatus: buildBusinessStatus(state, businessStatus) };
}

/**
 * The Task as the server stores it after `before`: {@link withState}, and in the two states without a business status
 * of their own the business status that it had before. A draft therefore has none, and a Task entered in error shows
 * whether it was ever sent.
 */
export function storedAs(task: Resource, state: State, before: Resource | undefined): Resource {
  const had = before === undefined ? undefined : asTask(before).businessStatus;
  if (!isSilent(state) || asTask(task).businessStatus === had) return withState(task, state);
  const { businessStatus: _written, ...rest } = task;
  return withState({ ...rest, ...(had !== undefined && { businessStatus: had }) } as Resource, state); // an element less
}

/** Whether the initiator has sent the referral. Until then, or if it never does, only the initiator sees it (G11). */
export function wasSent(task: Resource): boolean {
  const state = readState(task);
  return state === 'entered-in-error' ? asTask(task).businessStatus !== undefined : state !== 'draft';
}

const isSilent = (state: State): boolean => state === 'draft' || state === 'entered-in-error';

function saysState(written: CodeableConcept | undefined, state: State): boolean {
  if (isSilent(state)) return true;
  if (state === 'in-progress') return written?.coding === undefined && Boolean(written?.text);
  const codings = bserCodings(written);
  return (
    codings.length === 1 && codings[0]?.system !== undefined && codings[0].code === businessStatusOf(state)
  );
}

function buildBusinessStatus(state: State, written: CodeableConcept | undefined): CodeableConcept {
  const { code, display }: Meaning = STATES[state];
  const text = display ?? '';
  if (code === undefined) return { text };
  const coding: Coding[] = [{ system: BUSINESS_STATUS_SYSTEM, code, display: text }];
  const question = state === 'received' ? (written?.coding ?? []).filter(isAwaitingInformation) : [];
  return { coding: [...coding, ...question], text };
}

const isAwaitingInformation = ({ system, code }: Coding): boolean =>
  system === LOCAL_STATUS_SYSTEM && code === AWAITING_INFORMATION;

/** Codings of the guide's system; a coding without a system counts as one. */
const bserCodings = (concept: CodeableConcept | undefined): readonly Coding[] =>
  (concept?.coding ?? []).filter(
    ({ system, code }) => code !== undefined && (system ?? BUSINESS_STATUS_SYSTEM) === BUSINESS_STATUS_SYSTEM,
  );

/** A plain tree whose structure was validated before any rule sees it. */
const asTask = (task: Resource): Task => task as unknown as Task;

/**
 * The Task with `lastModified` set to now, but never before `authoredOn` (R4, inv-1), whatever clock wrote that time.
 */
export const modifiedAt = (task: Resource, now: string): Resource => ({
  ...task,
  lastModified: laterOf(now, task['authoredOn']),
});
