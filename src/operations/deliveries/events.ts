/**
 * The events of a referral that somebody must be told (routing section 1): moves, visits, messages and documents, each with
 * the party that made it and those that it is for. They are read from the commits that the caller may see.
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import { ROWS } from '../../referral/extensions.ts';
import { isReferralTask } from '../../referral/state.ts';
import type { AuditEntry } from '../../ports/store.ts';
import { idOf } from '../../resources/element.ts';
import { addressedParty } from '../../resources/party.ts';
import { partyWorldOf } from '../../resources/party-world.ts';
import { readRows, type TimelineGathering } from '../timeline/gather.ts';
import type { StepKind, TimelineCommit, TimelineParties, Written } from '../timeline/step.ts';
import { heldBy, isClosedItem, workItemKindOf, type WorkItemKind } from '../work-item.ts';

export interface ToldEvent {
  readonly seq: number;
  readonly at: string;
  /** The trigger event of a move, else what was written: `visit`, `communication`, `document`. */
  readonly event: string;
  readonly isMove: boolean;
  readonly task: Ref;
  /** What the commit wrote of the referral. */
  readonly subjects: readonly Ref[];
  readonly parties: TimelineParties;
  /** Who made it; undefined for an administrator who acts for nobody. */
  readonly by: Ref | undefined;
  readonly to: readonly Ref[];
  /** Why it is not told yet, where a person must act first. */
  readonly held: string | undefined;
}

/** What is told by itself; in a commit with a move, the move tells it. */
const TOLD_ALONE: readonly StepKind[] = ['visit', 'document', 'communication'];

/** @param commits oldest first */
export async function gatherEvents(
  gathering: TimelineGathering,
  commits: readonly TimelineCommit[],
): Promise<readonly ToldEvent[]> {
  const held = heldAt(commits);
  const current = new Map<Ref, TimelineParties>();
  const events: ToldEvent[] = [];
  const world = partyWorldOf(gathering.snapshot);
  for (const commit of commits) {
    const { seq, at, written } = commit;
    const tasks = written.filter(isReferral);
    for (const { version, resource } of tasks)
      current.set(version.ref, {
        initiator: await addressedParty(resource?.['requester'], world),
        recipient: await addressedParty(resource?.['owner'], world),
      });
    const alone = TOLD_ALONE.find((kind) => written.some((one) => one.kind === kind));
    if (tasks.length === 0 && alone === undefined) continue;
    const rows = await readRows(gathering, commit);
    const base = { seq, at, held: held.get(seq), subjects: written.map(({ version }) => version.ref) };
    for (const [task, parties] of current) {
      const made = madeOf(task, rows, alone, parties);
      if (made === undefined) continue;
      const to = counterparties(made.by, parties);
      if (to.length > 0 || base.held !== undefined) events.push({ ...base, ...made, task, parties, to });
    }
  }
  return events;
}

const isReferral = ({ kind, resource }: Written): boolean =>
  kind === 'edit' && resource !== undefined && isReferralTask(resource);

/** What of a commit is told about this referral, and by whom; undefined: nothing. */
function madeOf(
  task: Ref,
  rows: readonly AuditEntry[],
  alone: StepKind | undefined,
  parties: TimelineParties,
): Pick<ToldEvent, 'event' | 'isMove' | 'by'> | undefined {
  const own = rows.find(
    ({ transition, entities }) =>
      transition !== undefined && entities.some((entity) => entity.startsWith(`${task}/_history/`)),
  );
  if (own?.transition !== undefined)
    return { event: own.transition.event, isMove: true, by: moverOf(own, parties) };
  // What comes with the move of another referral belongs to that one.
  if (alone === undefined || rows.some(({ transition }) => transition !== undefined)) return undefined;
  const by = rows.map(agentOf).find((organization) => organization !== undefined);
  const isParty = by === undefined || by === parties.initiator || by === parties.recipient;
  return isParty ? { event: alone, isMove: false, by } : undefined;
}

/** The party whose move it is by its row of the table: who writes for a sender that is no member is its keeper. */
function moverOf(row: AuditEntry, { initiator, recipient }: TimelineParties): Ref | undefined {
  const agent = agentOf(row);
  if (agent === undefined) return undefined;
  const actor = ROWS.find(({ tid }) => tid === row.transition?.tid)?.actor;
  if (actor === 'referralInitiator') return initiator ?? agent;
  return actor === 'referralRecipient' ? (recipient ?? agent) : agent;
}

const agentOf = ({ agent: { organization, onBehalfOf } }: AuditEntry): Ref | undefined =>
  onBehalfOf ?? (organization === '' ? undefined : organization);

/** The other party; both where nobody's move it was (G12). An organization on both sides knows already. */
function counterparties(by: Ref | undefined, { initiator, recipient }: TimelineParties): readonly Ref[] {
  if (initiator === recipient) return [];
  return [initiator, recipient].filter((party) => party !== undefined && party !== by) as Ref[]; // none is undefined
}

const INCOMPLETE: WorkItemKind = 'message-incomplete';

/** Why the events of a commit wait for a person, by commit; from the work items that the caller sees and that are open. */
function heldAt(commits: readonly TimelineCommit[]): ReadonlyMap<number, string> {
  const items = new Map<string, { seq: number; resource: Resource | undefined }>();
  for (const { seq, written } of commits)
    for (const { kind, version, resource } of written)
      if (kind === 'held' || kind === 'work')
        items.set(idOf(version.ref), { seq: items.get(idOf(version.ref))?.seq ?? seq, resource });
  const held = new Map<number, string>();
  for (const { seq, resource } of items.values()) {
    if (resource === undefined || isClosedItem(resource)) continue;
    const says = heldBy(resource) ?? incompleteBecause(resource);
    if (says !== undefined) held.set(seq, says);
  }
  return held;
}

const incompleteBecause = (item: Resource): string | undefined =>
  workItemKindOf(item) === INCOMPLETE ? String(item['description']) : undefined;
