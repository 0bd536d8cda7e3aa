/**
 * One commit in the writer's transaction: everything is checked before anything is written, against the state that the
 * commits before it have left, those of the same group included. What was decided elsewhere is applied unchecked.
 */
import type { DatabaseSync } from 'node:sqlite';
import { withDenied } from '../../../ports/query.ts';
import type { AuditEntry, Commit, DeliveryOutcome } from '../../../ports/store.ts';
import {
  auditMembers,
  digestDeliveryOutcome,
  digestOutbox,
  rowsText,
  auditRowTexts,
} from '../../log/chain.ts';
import type { Digest, Members } from '../../log/chain.ts';
import { entryText } from '../../log/entry-text.ts';
import { stampEntry } from '../../log/audit-rows.ts';
import { decideCommit, isDeletion, partiesIn } from '../../log/log-entry.ts';
import type { AppliedCommit, DecidedCommit, DecidedOutboxEntry, LogEntry } from '../../log/log-entry.ts';
import type { NoteAbout } from './about.ts';
import type { AuditIndex } from './audit-index.ts';
import { prepareChecks, type CheckCommit, type CheckTools } from './commit-checks.ts';
import { keptId, prepareCommitKeys } from './commit-keys.ts';
import type { Denials } from './denials.ts';
import type { Expunge } from './expunge.ts';
import { prepareHeads, type Heads } from './heads.ts';
import type { ApplyReach } from './reach.ts';
import type { LogPlace } from './verdict.ts';
import type { NoteMarks } from './marks.ts';
import { prepareVersions } from './versions.ts';

interface CommitTools extends CheckTools {
  readonly auditIndex: AuditIndex;
  readonly reach: ApplyReach;
  readonly about: NoteAbout;
  readonly marks: NoteMarks;
  readonly denials: Denials;
  readonly expunge: Expunge;
  readonly keyRetentionMs: number;
}

/** What a commit left, for the log. */
interface Written {
  readonly members: Members;
  /** JSON of the stamped audit rows. */
  readonly audit: string;
  readonly commit: AppliedCommit;
}

export interface Commits {
  readonly check: CheckCommit;
  write(commit: Commit, place: LogPlace): Written;
  /** Applies what was decided, whatever this state says to it. `members`: as the log has them. */
  replay(commit: AppliedCommit, decided: Pick<LogEntry, 'audit' | 'members'>, place: LogPlace): Written;
}

/** The audit rows of a commit, stamped, and the text that is digested. */
interface AuditText {
  readonly rows: readonly AuditEntry[];
  /** Each row by itself. */
  readonly texts: readonly string[];
  readonly text: string;
  /** The members of the commit as the log has them already. */
  readonly written?: string;
}

export function prepareCommits(db: DatabaseSync, tools: CommitTools): Commits {
  const { identities, auditIndex, outbox, reach, records, denials } = tools;
  const heads = prepareHeads(db);
  const keys = prepareCommitKeys(db, tools.keyRetentionMs);
  const writeVersion = prepareVersions(db, tools, heads.headOf);

  return {
    check: prepareChecks(db, tools, keys, heads),
    write(commit, place) {
      const rows = commit.audit.map((entry) => stampEntry(entry, place.seq));
      const texts = rows.map((row) => JSON.stringify(row));
      const audit = { rows, texts, text: rowsText(texts) };
      return apply(decideCommit(commit, place, keptId), audit, place, () => toldOf(commit, place, heads));
    },
    replay(commit, { audit: text, members: written }, place) {
      const rows = JSON.parse(text) as readonly AuditEntry[]; // a text of the log
      const texts = auditRowTexts(text, rows);
      heads.begin();
      return apply(commit, { rows, texts, text, written }, place, () => commit.outbox);
    },
  };

  function apply(
    commit: DecidedCommit,
    audit: AuditText,
    place: LogPlace,
    entriesOf: () => readonly DecidedOutboxEntry[],
  ): Written {
    const { writes, outcomes, leaves, key } = commit;
    const moved: number[] = [];
    const versions = writes.map((one) => writeVersion(one, place, moved));
    const { roots, sighted } = reach(
      writes.map((one) => ({
        ref: one.ref,
        rid: identities.ridOf(one.ref),
        reach: isDeletion(one) ? undefined : one.reach,
      })),
      place.seq,
      leaves,
    );
    denials.apply({ denials: commit.denials, kinds: commit.kinds, moved, roots });
    const told = entriesOf();
    for (const one of told) outbox.insert(one, place);
    for (const outcome of outcomes) outbox.conclude(outcome, place.at);
    auditIndex.note(audit.rows, place.seq);
    tools.expunge(audit.rows);
    const kept = commit.records.map((one) => records.write(one, place.seq));
    const members: Members = {
      ...auditMembers(audit.text, audit.texts, audit.written),
      ...(versions.length > 0 && { versions, p: partiesIn(writes) }),
      ...(told.length > 0 && { outbox: told.map(({ id, text }) => [id, digestOutbox(id, text)] as const) }),
      ...(outcomes.length > 0 && { settles: outcomes.map(digestOutcome) }),
      ...(key && { key: keys.write(key, place) }),
      ...(leaves && { x: leaves.map(({ root, organization }) => [root, organization] as const) }),
      ...(kept.length > 0 && { c: kept }),
    };
    return { members, audit: audit.text, commit: { ...commit, outbox: told, sighted } };
  }
}

/** The entries of the outbox whose subject is visible; asked when the commit's versions and its reach are written. */
function toldOf({ outbox }: Commit, { seq, at }: LogPlace, heads: Heads): readonly DecidedOutboxEntry[] {
  // What is denied is told to nobody all the same: the dispatcher asks the policies, and leaves a trace of it.
  return outbox.flatMap((entry, position) =>
    heads.isVisible(entry.subject, withDenied(entry.sight), { seq, now: at })
      ? [{ id: `${seq}-${position}`, entry, text: entryText(entry) }]
      : [],
  );
}

const digestOutcome = (one: DeliveryOutcome): Digest => [one.id, digestDeliveryOutcome(one)];
