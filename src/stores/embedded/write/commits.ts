/**
 * One commit in the writer's transaction: everything is checked before anything is written, against the state that the
 * commits before it have left, those of the same group included.
 */
import type { DatabaseSync } from 'node:sqlite';
import { withDenied } from '../../../ports/query.ts';
import { stampText } from '../../../ports/store.ts';
import type { AuditEntry, Commit, OutboxEntry } from '../../../ports/store.ts';
import { digestAudit, digestDeliveryOutcome, digestOutbox } from '../../log/chain.ts';
import type { Digest, Members } from '../../log/chain.ts';
import { stampEntry } from '../../log/audit-rows.ts';
import { entryText } from '../../log/entry-text.ts';
import type { NoteAbout } from './about.ts';
import type { AuditIndex } from './audit-index.ts';
import { prepareChecks, type CheckCommit, type CheckTools } from './commit-checks.ts';
import { prepareCommitKeys } from './commit-keys.ts';
import type { Denials } from './denials.ts';
import { prepareHeads } from './heads.ts';
import type { ApplyReach } from './reach.ts';
import type { LogPlace } from './verdict.ts';
import { prepareVersions } from './versions.ts';

interface CommitTools extends CheckTools {
  readonly auditIndex: AuditIndex;
  readonly reach: ApplyReach;
  readonly about: NoteAbout;
  readonly denials: Denials;
  readonly keyRetentionMs: number;
}

interface AppliedCommit {
  readonly members: Members;
  /** The stored audit text. */
  readonly audit: string;
  readonly reply?: string;
  /** Outbox entries written less those settled. */
  readonly waiting: number;
}

export interface Commits {
  readonly check: CheckCommit;
  write(commit: Commit, place: LogPlace): AppliedCommit;
}

export function prepareCommits(db: DatabaseSync, tools: CommitTools): Commits {
  const { identities, auditIndex, outbox, reach, records, denials } = tools;
  const heads = prepareHeads(db);
  const keys = prepareCommitKeys(db, tools.keyRetentionMs);
  const writeVersion = prepareVersions(db, tools, heads.headOf);

  return { check: prepareChecks(db, tools, keys, heads), write };

  function write(commit: Commit, place: LogPlace): AppliedCommit {
    const at = new Date(place.at).toISOString();
    const moved: number[] = [];
    const versions = commit.writes.map((one) => writeVersion(one, place, at, moved));
    const roots = reach(
      commit.writes.map(({ ref, text, reach: wanted }) => ({
        ref,
        rid: identities.ridOf(ref),
        reach: text === undefined ? undefined : wanted,
      })),
      place.seq,
      commit.leaves,
    );
    denials.apply({ denials: commit.denials ?? [], moved, roots });
    const entries = commit.outbox.flatMap((entry, position) => writeEntry(entry, position, place));
    for (const outcome of commit.deliveryOutcomes) outbox.conclude(outcome, place.at);
    const reply = commit.key && stampText(commit.key.reply, place.seq, at);
    const audit = writeAudit(commit.audit, place.seq, auditIndex);
    const kept = (commit.records ?? []).map((one) => records.write(one, place.seq));
    const members: Members = {
      audit: digestAudit(audit),
      ...(versions.length > 0 && { versions, p: partiesIn(commit) }),
      ...(entries.length > 0 && { outbox: entries }),
      ...(commit.deliveryOutcomes.length > 0 && {
        settles: commit.deliveryOutcomes.map((one) => [one.id, digestDeliveryOutcome(one)] as const),
      }),
      ...(commit.key && reply !== undefined && { key: keys.write(commit.key, reply, place) }),
      ...(commit.leaves && {
        x: commit.leaves.map(({ root, organization }) => [root, organization] as const),
      }),
      ...(kept.length > 0 && { c: kept }),
    };
    return {
      members,
      audit,
      waiting: entries.length - commit.deliveryOutcomes.length,
      ...(reply !== undefined && { reply }),
    };
  }

  function writeEntry(entry: OutboxEntry, position: number, { seq, at }: LogPlace): Digest[] {
    // What is denied is told to nobody all the same: the dispatcher asks the policies, and leaves a trace of it.
    if (!heads.isVisible(entry.subject, withDenied(entry.sight), { seq, now: at })) return [];
    const id = `${seq}-${position}`;
    const text = entryText(entry);
    outbox.insert(id, seq, at, entry, text);
    return [[id, digestOutbox(id, text)]];
  }
}

/** The stored text of the audit rows; they are found by their keys from now on. */
function writeAudit(entries: readonly AuditEntry[], seq: number, index: AuditIndex): string {
  const stamped = entries.map((entry) => stampEntry(entry, seq));
  index.note(stamped, seq);
  return JSON.stringify(stamped);
}

/** The parties that the commit's roots of reach have from now on. */
const partiesIn = ({ writes }: Commit): NonNullable<Members['p']> =>
  writes.flatMap(({ ref, text, reach: { parties } }) =>
    text === undefined || parties.length === 0 ? [] : [[ref, parties] as const],
  );
