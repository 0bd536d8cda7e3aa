/**
 * The newest versions that were read lately. A write asks for the same roles, organizations and endpoints as the write
 * before it, and while others write SQLite forgets its pages between two reads: what is remembered is not asked again.
 */
import type { Ref } from '../../fhir/types.ts';
import type { AuditEntry, Version } from '../../ports/store.ts';
import type { BatchMember } from '../log/write-batch.ts';

/** Versions that are remembered. */
const VERSIONS_MAX = 1000;
/** Characters of their texts together. */
const CHARACTERS_MAX = 4 * 1024 * 1024;
/** Characters of one: a file is not remembered in place of a hundred roles. */
const LENGTH_MAX = 256 * 1024;

export interface Recent {
  /** The newest version as of `seq`, if it is known. Says nothing of who may see it. */
  find(ref: Ref, seq: number): Version | undefined;
  /** Remembers the newest version as of `seq`, unless something was acknowledged since. */
  keep(version: Version, seq: number): void;
  /** A group is on disk and about to be acknowledged: what it wrote is no longer the newest, what it expunged has no text. */
  written(members: readonly BatchMember[]): void;
  /** Others wrote: what, is not known here. */
  forgetAll(): void;
}

/** @param head the seq up to which everything is acknowledged */
export function createRecent(head: () => number): Recent {
  const known = new Map<Ref, Version>();
  let characters = 0;

  function forget(ref: Ref): void {
    const version = known.get(ref);
    if (version === undefined) return;
    characters -= lengthOf(version);
    known.delete(ref);
  }

  function forgetOldest(): void {
    const [oldest] = known.keys();
    if (oldest !== undefined) forget(oldest);
  }

  return {
    find(ref, seq) {
      const version = known.get(ref);
      return version !== undefined && version.seq <= seq ? version : undefined;
    },
    keep(version, seq) {
      if (seq !== head() || lengthOf(version) > LENGTH_MAX) return;
      forget(version.ref);
      known.set(version.ref, version);
      characters += lengthOf(version);
      while (known.size > VERSIONS_MAX || characters > CHARACTERS_MAX) forgetOldest();
    },
    written(members) {
      for (const member of members) {
        if (member.kind !== 'commit') continue;
        for (const { ref } of member.commit.writes) forget(ref);
        for (const ref of expungedIn(member.commit.audit)) forget(ref);
      }
    },
    forgetAll() {
      known.clear();
      characters = 0;
    },
  };
}

/** Resources of which a commit takes the content of versions away (law 28). */
const expungedIn = (audit: readonly AuditEntry[]): readonly Ref[] =>
  audit.flatMap(({ event, entities }) =>
    event === 'expunge' ? entities.map((entity) => entity.split('/_history/', 1)[0] as Ref) : [],
  );

const lengthOf = ({ text = '' }: Version): number => text.length;
