/**
 * The newest versions that were read lately. A write asks for the same roles, organizations and endpoints as the write
 * before it, and while others write SQLite forgets its pages between two reads: what is remembered is not asked again.
 */
import type { Ref } from '../../fhir/types.ts';
import type { Version } from '../../ports/store.ts';
import { changedBy, type Remembered } from './remembered.ts';

/** Versions that are remembered. */
const VERSIONS_MAX = 5000;
/** Characters of their texts together. */
const CHARACTERS_MAX = 8 * 1024 * 1024;
/** Characters of one: a file is not remembered in place of a hundred roles. */
const LENGTH_MAX = 256 * 1024;

/** What a group wrote is no longer the newest; what it expunged has no text. */
export interface Recent extends Remembered {
  /** The newest version as of `seq`, if it is known. Says nothing of who may see it. */
  find(ref: Ref, seq: number): Version | undefined;
  /** Remembers the newest version as of `seq`, where nothing was acknowledged since or nothing has come after it. */
  keep(version: Version, seq: number, isCurrent?: boolean): void;
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
    keep(version, seq, isCurrent = false) {
      if ((seq !== head() && !isCurrent) || lengthOf(version) > LENGTH_MAX) return;
      const before = known.get(version.ref);
      forget(version.ref);
      // The same object stays, with whatever was made of its text.
      const isSame = before?.seq === version.seq && before.text === version.text;
      known.set(version.ref, isSame ? before : version);
      characters += lengthOf(version);
      while (known.size > VERSIONS_MAX || characters > CHARACTERS_MAX) forgetOldest();
    },
    written(members) {
      for (const ref of changedBy(members)) forget(ref);
    },
    forgetAll() {
      known.clear();
      characters = 0;
    },
  };
}

const lengthOf = ({ text = '' }: Version): number => text.length;
