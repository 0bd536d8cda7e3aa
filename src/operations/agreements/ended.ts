/**
 * The work item of an agreement that has ended (baa-messaging BT10, BT11, BT16; MK7; 45 CFR 164.504(e)(2)(ii)(J)): what was
 * told is returned or destroyed, and copies that left this server cannot be masked, so a person of the principal asks for it.
 */
import { associateOf, principalOf } from '../../agreements/contract.ts';
import type { AuditRow } from '../../ports/audit.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import type { Snapshot } from '../../ports/store.ts';
import { planWorkItem } from '../work-item.ts';
import type { Planned } from '../write/draft.ts';

const WHY = {
  revoked: 'The agreement was revoked.',
  expired: 'The agreement has expired, and no other is in force.',
  error:
    'The agreement was entered in error. The list says what was told while it counted: assess whether that was a breach.',
} as const;

const STATEMENT =
  'Ask for the statement that all protected health information was returned or destroyed, or which stays protected because neither is feasible (45 CFR 164.504(e)(2)(ii)(J)), and file it. Copies that left this server are listed; they cannot be masked.';

interface Ended {
  readonly ref: Ref;
  readonly agreement: Resource;
  readonly why: keyof typeof WHY;
  /** Instant. */
  readonly at: string;
  readonly newId: () => string;
}

/** Rows of the audit that are looked at, and deliveries that the item lists. */
const ROWS_MAX = 5000;
const ROWS_AT_ONCE = 500;
const LISTED_MAX = 500;

/** The write of the work item; undefined where the parties are not known. */
export async function planEnded(
  snapshot: Snapshot,
  { ref, agreement, why, at, newId }: Ended,
): Promise<Planned | undefined> {
  const [principal, associate] = [principalOf(agreement), associateOf(agreement)];
  if (principal === undefined || associate === undefined) return undefined;
  const { lines, isWhole } = await copiesThatLeft(snapshot, principal, associate);
  const cut = isWhole ? '' : ' The list is not whole: search the audit for all of them.';
  return planWorkItem(newId(), {
    kind: 'agreement-ended',
    says: `${WHY[why]} ${STATEMENT}${cut}`,
    focus: ref,
    authoredOn: at,
    owner: principal,
    input: lines.map((valueString) => ({ type: { text: 'Delivery' }, valueString })),
  });
}

/** What the principal told the associate by any rail: entry, rail, time, version. The newest first. */
async function copiesThatLeft(
  snapshot: Snapshot,
  principal: Ref,
  associate: Ref,
): Promise<{ readonly lines: readonly string[]; readonly isWhole: boolean }> {
  const lines: string[] = [];
  let behind: { readonly seq: number; readonly position: number } | undefined;
  for (let seen = 0; seen < ROWS_MAX; seen += ROWS_AT_ONCE) {
    const rows = await snapshot.audit({
      viewer: principal,
      names: [],
      organization: associate,
      count: ROWS_AT_ONCE,
      ...(behind !== undefined && { behind }),
    });
    lines.push(...rows.filter((row) => hasLeft(row, associate)).map(lineOf));
    if (lines.length > LISTED_MAX) break;
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS_AT_ONCE) return { lines, isWhole: true };
    behind = { seq: last.seq, position: last.position };
  }
  return { lines: lines.slice(0, LISTED_MAX), isWhole: false };
}

const hasLeft = ({ entry }: AuditRow, associate: Ref): boolean =>
  entry.event === 'deliver' && entry.outcome === '0' && entry.delivery?.to === associate;

/** `delivery 17 by direct-project on 2026-05-01T09:00:00.000Z: Task/1/_history/12` */
const lineOf = ({ at, entry }: AuditRow): string =>
  `delivery ${entry.delivery?.entry ?? ''} by ${entry.delivery?.rail ?? ''} on ${at}: ${entry.entities[0] ?? ''}`;
