/**
 * What was found for a token, remembered until a commit writes one of the records and resources that it was found by (smart
 * SM-63). The key is the digest of the token: nothing that is remembered can be sent as one.
 */
import type { Ref } from '../../fhir/types.ts';
import type { Commit, Snapshot, StoreFollower } from '../../ports/store.ts';

/** Finds a value, and notes what it is found by. */
export interface CallerInquiry<T> {
  /** Notes what is read of it. */
  readonly snapshot: Snapshot;
  /** Notes a record that was read elsewhere. */
  noteRecord(kind: string, key: string): void;
  /** Notes a resource that was read elsewhere. */
  noteResource(ref: Ref): void;
  /** Remembers the value until an instant, unless a commit has written meanwhile what it was found by. */
  keep(key: string, value: T, until: number): void;
  /** To be called in any case. */
  end(): void;
}

interface KnownCallers<T> {
  get(key: string, now: number): T | undefined;
  find(snapshot: Snapshot): CallerInquiry<T>;
}

interface Entry<T> {
  readonly value: T;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly names: ReadonlySet<string>;
}

/** What is noted while a value is being found. */
interface Notes {
  readonly names: Set<string>;
  /** What commits wrote meanwhile. */
  readonly touched: Set<string>;
  isSpoilt: boolean;
}

/** Whose numbers are whose, and of which kind a party is: too far from a caller to be noted one by one. */
const KINDS_OF_ALL: ReadonlySet<string> = new Set(['register']);

const nameOfRecord = (kind: string, key: string): string => `${kind} ${key}`;

/** @param max entries; beyond it the oldest goes, and 0 remembers nothing */
export function createKnownCallers<T>(follow: (told: StoreFollower) => void, max: number): KnownCallers<T> {
  const entries = createEntries<T>(max);
  const finding = new Set<Notes>();

  follow((commits) => {
    if (commits?.every((commit) => !concernsAll(commit)) !== true) {
      entries.clear();
      for (const notes of finding) notes.isSpoilt = true;
      return;
    }
    for (const name of commits.flatMap(namesIn)) {
      entries.forgetFoundBy(name);
      for (const { touched } of finding) touched.add(name);
    }
  });

  return {
    get(key, now) {
      const entry = entries.get(key);
      if (entry === undefined || entry.until > now) return entry?.value;
      entries.forget(key);
      return undefined;
    },
    find(snapshot) {
      const notes: Notes = { names: new Set(), touched: new Set(), isSpoilt: false };
      finding.add(notes);
      return {
        snapshot: noting(snapshot, notes),
        noteRecord: (kind, key) => void notes.names.add(nameOfRecord(kind, key)),
        noteResource: (ref) => void notes.names.add(ref),
        keep(key, value, until) {
          const { names, touched, isSpoilt } = notes;
          if (isSpoilt || [...names].some((name) => touched.has(name))) return;
          entries.put(key, { value, until, names });
        },
        end: () => void finding.delete(notes),
      };
    },
  };
}

interface Entries<T> {
  get(key: string): Entry<T> | undefined;
  put(key: string, entry: Entry<T>): void;
  forget(key: string): void;
  forgetFoundBy(name: string): void;
  clear(): void;
}

function createEntries<T>(max: number): Entries<T> {
  const entries = new Map<string, Entry<T>>();
  /** The keys of the entries that were found by it. */
  const byName = new Map<string, Set<string>>();

  function forget(key: string): void {
    for (const name of entries.get(key)?.names ?? []) {
      const keys = byName.get(name);
      keys?.delete(key);
      if (keys?.size === 0) byName.delete(name);
    }
    entries.delete(key);
  }

  return {
    get: (key) => entries.get(key),
    put(key, entry) {
      if (max === 0) return;
      forget(key);
      const oldest = entries.size >= max ? entries.keys().next().value : undefined;
      if (oldest !== undefined) forget(oldest);
      entries.set(key, entry);
      for (const name of entry.names) {
        const keys = byName.get(name);
        if (keys === undefined) byName.set(name, new Set([key]));
        else keys.add(key);
      }
    },
    forget,
    forgetFoundBy(name) {
      for (const key of byName.get(name) ?? []) forget(key);
    },
    clear() {
      entries.clear();
      byName.clear();
    },
  };
}

/** A snapshot that notes single records and resources. What is found by searching cannot be noted, so it is not remembered. */
const noting = (snapshot: Snapshot, notes: Notes): Snapshot => ({
  ...snapshot,
  record(kind, key) {
    notes.names.add(nameOfRecord(kind, key));
    return snapshot.record(kind, key);
  },
  read(ref, sight) {
    notes.names.add(ref);
    return snapshot.read(ref, sight);
  },
  records(kind, name, value, after) {
    notes.isSpoilt = true;
    return snapshot.records(kind, name, value, after);
  },
  search(query, signal) {
    notes.isSpoilt = true;
    return snapshot.search(query, signal);
  },
});

const concernsAll = ({ kinds = [], records = [] }: Commit): boolean =>
  kinds.length > 0 || records.some(({ kind }) => KINDS_OF_ALL.has(kind));

const namesIn = ({ writes, records = [] }: Commit): readonly string[] => [
  ...writes.map(({ ref }) => ref),
  ...records.map(({ kind, key }) => nameOfRecord(kind, key)),
];
