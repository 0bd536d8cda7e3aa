/**
 * The statuses of headers and messages with their moves, as a table (baa-messaging 7, MS5 to MS7): who may make which. A move
 * without a row is refused. `docs/reference/messages.md` is made from it.
 */

/** Codes of http://hl7.org/fhir/event-status as messages use them. */
type MessageStatus =
  | 'preparation'
  | 'in-progress'
  | 'on-hold'
  | 'not-done'
  | 'completed'
  | 'stopped'
  | 'entered-in-error';

/** What each status says; `–`: there is none such. */
// prettier-ignore
export const STATUSES: Readonly<Record<MessageStatus, { readonly header: string; readonly message: string }>> = {
  preparation:        { header: 'prepared; its keeper’s alone', message: 'a draft; its keeper’s alone' },
  'in-progress':      { header: 'open',                          message: 'sent, and not read by everybody' },
  'on-hold':          { header: '–',                             message: 'waits until its attachments are examined; its keeper’s alone' },
  'not-done':         { header: '–',                             message: 'blocked, and why stands in statusReason; its keeper’s alone' },
  completed:          { header: 'closed',                        message: 'read by every organization that it was sent to' },
  stopped:            { header: '–',                             message: 'taken back unread; its keeper’s alone' },
  'entered-in-error': { header: 'opened by mistake',             message: 'retracted; whoever had read it keeps it' },
};

/** `sender`: the organization of the sender. `recipient`: who is addressed. `participant`: whoever takes part in a thread. */
type MessageActor = 'sender' | 'recipient' | 'participant' | 'server';

type MessageEvent =
  | 'draft'
  | 'send'
  | 'hold'
  | 'release'
  | 'block'
  | 'read'
  | 'withdraw'
  | 'retract'
  | 'open'
  | 'close'
  | 'reopen';

interface StatusMove {
  readonly of: 'header' | 'message';
  readonly event: MessageEvent;
  readonly by: MessageActor;
  /** undefined: it is new. */
  readonly from: MessageStatus | undefined;
  readonly to: MessageStatus;
  readonly says: string;
}

// prettier-ignore
export const STATUS_MOVES: readonly StatusMove[] = [
  { of: 'message', event: 'draft',    by: 'sender',      from: undefined,     to: 'preparation',      says: 'It is written, and nobody else sees it.' },
  { of: 'message', event: 'send',     by: 'sender',      from: undefined,     to: 'in-progress',      says: 'It reaches its recipients.' },
  { of: 'message', event: 'send',     by: 'sender',      from: 'preparation', to: 'in-progress',      says: 'The draft is sent.' },
  { of: 'message', event: 'hold',     by: 'server',      from: undefined,     to: 'on-hold',          says: 'An attachment is not examined yet.' },
  { of: 'message', event: 'hold',     by: 'server',      from: 'preparation', to: 'on-hold',          says: 'An attachment of the draft is not examined yet.' },
  { of: 'message', event: 'release',  by: 'server',      from: 'on-hold',     to: 'in-progress',      says: 'Every attachment is clean.' },
  { of: 'message', event: 'block',    by: 'server',      from: 'on-hold',     to: 'not-done',         says: 'An attachment is refused; statusReason says why.' },
  { of: 'message', event: 'read',     by: 'recipient',   from: 'in-progress', to: 'in-progress',      says: 'Somebody has read it, and others have not.' },
  { of: 'message', event: 'read',     by: 'recipient',   from: 'in-progress', to: 'completed',        says: 'Everybody has read it.' },
  { of: 'message', event: 'withdraw', by: 'sender',      from: 'on-hold',     to: 'stopped',          says: 'It is taken back before anybody had it.' },
  { of: 'message', event: 'withdraw', by: 'sender',      from: 'in-progress', to: 'stopped',          says: 'It is taken back unread.' },
  { of: 'message', event: 'retract',  by: 'sender',      from: 'in-progress', to: 'entered-in-error', says: 'It is wrong: whoever has read it keeps it with this mark, and nobody else sees it.' },
  { of: 'message', event: 'retract',  by: 'sender',      from: 'completed',   to: 'entered-in-error', says: 'It is wrong: it stays with this mark.' },
  { of: 'header',  event: 'draft',    by: 'participant', from: undefined,     to: 'preparation',      says: 'A thread is prepared, and nobody else sees it.' },
  { of: 'header',  event: 'open',     by: 'participant', from: 'preparation', to: 'in-progress',      says: 'The prepared thread begins.' },
  { of: 'header',  event: 'open',     by: 'participant', from: undefined,     to: 'in-progress',      says: 'A thread begins.' },
  { of: 'header',  event: 'open',     by: 'participant', from: undefined,     to: 'completed',        says: 'A conversation is put on record that is over.' },
  { of: 'header',  event: 'close',    by: 'participant', from: 'in-progress', to: 'completed',        says: 'No message can be added.' },
  { of: 'header',  event: 'reopen',   by: 'participant', from: 'completed',   to: 'in-progress',      says: 'Messages can be added again.' },
  { of: 'header',  event: 'retract',  by: 'sender',      from: 'in-progress', to: 'entered-in-error', says: 'It was opened by mistake.' },
  { of: 'header',  event: 'retract',  by: 'sender',      from: 'completed',   to: 'entered-in-error', says: 'It was opened by mistake.' },
];

/** The row of a move, if the actor may make it; the server makes its own beside. */
export const statusMove = (
  of: StatusMove['of'],
  from: unknown,
  to: unknown,
  by: readonly MessageActor[],
): StatusMove | undefined =>
  STATUS_MOVES.find((row) => row.of === of && row.from === from && row.to === to && by.includes(row.by));

/** Statuses in which a message is its sender's alone. */
const UNSENT: ReadonlySet<unknown> = new Set<MessageStatus>([
  'preparation',
  'on-hold',
  'not-done',
  'stopped',
]);

export const isUnsent = ({ status }: { readonly [element: string]: unknown }): boolean => UNSENT.has(status);
