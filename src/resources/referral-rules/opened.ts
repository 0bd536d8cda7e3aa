/** The Task that an order opens by itself (rules 1.7), and the mark by which a Task posted later finds and adopts it. */
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

/** Whoever writes the Task takes the mark away: what a party has touched is adopted no more. */
export function withoutOpenedMark(task: Resource): Resource {
  if (!isOpenedByServer(task)) return task;
  const { tag = [], ...meta } = task.meta ?? {};
  const others = tag.filter(({ system, code }) => system !== OPENED.system || code !== OPENED.code);
  return { ...task, meta: { ...meta, ...(others.length > 0 && { tag: others }) } };
}

/**
 * The Task of an active order: received, 2.0, from the request's requester to its performer. It is authored when the
 * order was, but never later than now: the clock that dated the order may run ahead.
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
