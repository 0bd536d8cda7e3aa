/**
 * Records: state of the server that is no FHIR resource (who a number is, an account, a token). A record has a kind and a
 * key, one current value and no history; it is written in the same commit as versions and audit, and no search, history
 * or export of FHIR ever finds it.
 */

/** A record by which it is found again. */
interface RecordName {
  /** What it is, one word of a list that its owner keeps: `register`, `standing`. */
  readonly kind: string;
  /** Unique within its kind. Of what bears a right by itself it is a hash, never the thing. */
  readonly key: string;
}

export interface RecordWrite extends RecordName {
  /** Compared when the commit is decided: there is none (or none any more), it is at this version, or whatever is. */
  readonly expect: 'absent' | 'any' | number;
  /** JSON; undefined takes the record away. */
  readonly body: object | undefined;
  /** Milliseconds since 1970 from which it counts as absent; it is physically gone within a day after. */
  readonly expiresAt?: number | undefined;
  /** Names and values by which it is found beside its key. */
  readonly index?: readonly (readonly [name: string, value: string])[];
}

/** "I relied on this record being at this version", or on there being none. */
export interface RecordPrecondition extends RecordName {
  /** 0: absent. */
  readonly version: number;
}

/** The current value. */
export interface StoredRecord extends RecordName {
  /** The `seq` of the commit that wrote it. */
  readonly version: number;
  readonly body: object;
  readonly expiresAt: number | undefined;
}

/** Records that one question is answered with at most; the next ones follow after the last key. */
export const RECORDS_AT_ONCE = 1000;

/** What answers questions about records, a page at a time: `Snapshot` does. */
interface RecordPages {
  readonly records: (
    kind: string,
    name: string,
    value: string,
    after?: string,
  ) => Promise<readonly StoredRecord[]>;
}

/** All records of a kind with this index value, in the order of their keys. */
export async function allRecords(
  pages: RecordPages,
  kind: string,
  name: string,
  value: string,
): Promise<readonly StoredRecord[]> {
  const found: StoredRecord[] = [];
  for (let after = ''; ;) {
    const page = await pages.records(kind, name, value, after);
    found.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < RECORDS_AT_ONCE) return found;
    after = last.key;
  }
}
