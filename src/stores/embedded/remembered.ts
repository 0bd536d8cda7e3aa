/** What the main thread remembers of the store, so that it is not asked again, and forgets by what is written. */
import type { Ref } from '../../fhir/types.ts';
import type { AuditEntry } from '../../ports/store.ts';
import type { BatchMember } from '../log/write-batch.ts';

/** What is remembered until something else is written. The store calls it before it acknowledges or tells anything. */
export interface Remembered {
  /** A group is on disk and about to be acknowledged. A group that was undone is never given to it. */
  written(members: readonly BatchMember[]): void;
  /** Others wrote: what, is not known here. */
  forgetAll(): void;
}

/** Whether a group writes more than read-audit rows. */
export const writesMore = (members: readonly BatchMember[]): boolean =>
  members.some(({ kind }) => kind !== 'block');

/** The resources that a group writes, and those of which it takes the content of versions away (law 28). */
export const changedBy = (members: readonly BatchMember[]): readonly Ref[] =>
  members.flatMap((member) =>
    member.kind === 'commit'
      ? [...member.commit.writes.map(({ ref }) => ref), ...expungedIn(member.commit.audit)]
      : [],
  );

const expungedIn = (audit: readonly AuditEntry[]): readonly Ref[] =>
  audit.flatMap(({ event, entities }) =>
    event === 'expunge' ? entities.map((entity) => entity.split('/_history/', 1)[0] as Ref) : [],
  );
