/** What can be seen of a referral after a write, by everyone who may look: its state, its audit, its messages. */
import type { Ref, Resource, Task } from '../../../src/fhir/types.ts';
import type { TestServer } from '../../server.ts';
import { BUSINESS_STATUS, type Referral, type Written } from './referrals.ts';
import { REQUEST_STATUS, ROWS, SAYS, type Seat } from './table.ts';

/** A state in words: `in-progress 5.1.1`. Active has a text instead of a code. */
export function stateOf(resource: Resource | undefined): string {
  if (resource === undefined) return 'nothing';
  const { status, businessStatus } = resource as unknown as Task; // read from Task
  const codings = businessStatus?.coding ?? [];
  const codes = codings.filter(({ system }) => system === BUSINESS_STATUS).map(({ code }) => code);
  return [
    status,
    ...codes,
    ...(codings.length === 0 && businessStatus?.text ? [businessStatus.text] : []),
  ].join(' ');
}

/** The same words for a state of the fixture; entered in error and draft say nothing more. */
export function wordsOf(short: string): string {
  const { status, code } = SAYS[short] ?? {};
  if (short === '5.1') return `${status} Active`;
  return code === undefined ? `${status}` : `${status} ${code}`;
}

const isSilent = (short: string): boolean => short === 'err' || short === 'dr';

/** The row that the audit names for a version of a Task; '' when it was no move. */
export async function auditedMove(server: TestServer, task: Ref, version: number): Promise<string> {
  const events = await server.auditOf('administrator', task);
  const codes = events
    .filter(({ entity = [] }) => entity.some(({ what }) => what?.reference === `${task}/_history/${version}`))
    .flatMap(({ subtype = [] }) => subtype.map(({ code, display }) => `${code} ${display}`))
    .filter((words) => ROWS.has(words.split(' ')[0] ?? ''));
  return codes.join(', ');
}

/** Who was written a message by a commit, and of what event. */
export async function messagesOf(server: TestServer, task: Ref, version: number): Promise<string> {
  const rows = await server.outboxOf(task);
  return rows
    .filter(({ seq }) => seq === version)
    .map(({ event, receiver }) => `${event} to ${receiver}`)
    .join(', ');
}

/** A write that was done, as one line: what moved, and everything that must follow from it. */
export async function doneLine(server: TestServer, referral: Referral, written: Written): Promise<string> {
  const { version, task } = written;
  const [stored, request, moved, messages] = await Promise.all([
    server.read('administrator', referral.task),
    server.read('administrator', referral.request),
    auditedMove(server, referral.task, version),
    messagesOf(server, referral.task, version),
  ]);
  const told = stateOf(task);
  const kept = stateOf(stored);
  return line(
    moved,
    told === kept ? kept : `${told} but stored ${kept}`,
    String(request['status']),
    messages,
  );
}

const line = (moved: string, state: string, request: string, messages: string): string =>
  `${moved || 'edit'} · ${state} · request ${request} · ${messages || 'nobody is told'}`;

/** The line that a cell of the fixture asks for. */
export function expectedLine(cell: string, from: string, before: Before, seat: Seat): string {
  const row = ROWS.get(cell);
  if (row === undefined) return line('', isSilent(from) ? before.state : wordsOf(from), before.request, '');
  const { tid, event, to, actor } = row;
  const state = isSilent(to) ? before.state.replace(/^\S+/, wordsOf(to)) : wordsOf(to);
  return line(
    `${tid} ${event}`,
    state,
    REQUEST_STATUS[to] ?? before.request,
    from === 'dr' && to === 'err' ? '' : tellings(event, actor, seat),
  );
}

/** The referral as it was, in words. */
export interface Before {
  readonly state: string;
  readonly request: string;
}

function tellings(event: string, actor: string, { requester, owner }: Seat): string {
  if (requester === owner) return '';
  const told = actor === 'R' ? [requester] : actor === 'I' ? [owner] : [requester, owner];
  return told.map((party) => `${event} to Endpoint/${party}`).join(', ');
}
