/**
 * The Task that the server opens for an order (rules 1.7), and its mark, by which a Task posted later finds and adopts
 * it.
 */
import { isAfter } from '../../fhir/datetime.ts';
import type { Coding, Ref, Resource } from '../../fhir/types.ts';
import { withState } from '../../referral/state.ts';

/** The mark of such a Task. */
export const OPENED: Coding = {
  system: 'https://closeloop.dev/fhir/CodeSystem/task-origin',
  code: 'opened-by-server',
  display: 'Opened by the server for an active order',
};

export const isOpenedByServer = ({ meta }: Resource): boolean =>
  (meta?.tag ?? []).some(({ system, code }) => system === OPENED.system && code === OPENED.code);

/**
 * The Task without the mark. Every write of the Task removes it, because nobody adopts a Task that a party has touched.
 */
export function withoutOpenedMark(task: Resource): Resource {
  if (!isOpenedByServer(task)) return task;
  const { tag = [], ...meta } = task.meta ?? {};
  const others = tag.filter(({ system, code }) => system !== OPENED.system || code !== OPENED.code);
  return { ...task, meta: { ...meta, ...(others.length > 0 && { tag: others }) } };
}

/**
 * The Task of an active order: received, 2.0, from the request's requester to its performer. Its `authoredOn` is the
 * order's, but never later than now, because the clock that dated the order may be ahead.
 */
export function buildOpenedTask(id: string, ref: Ref, request: Resource, now: string): Resource {
  const { subject, requester, performer, priority, authoredOn } = request as Resource & {
    readonly performer: readonly unknown[];
  };
  const task: Resource = {
    resourceType: 'Task',
    id,
    meta: { tag: [OPENED] },
    intent: 'order',
    ...(priority !== undefined && { priority }),
    code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
    focus: { reference: ref },
    for: subject,
    authoredOn: authoredOn === undefined || isAfter(authoredOn, Date.parse(now)) ? now : authoredOn,
    lastModified: now,
    requester,
    owner: performer[0],
  };
  return withState(task, 'received');
}
