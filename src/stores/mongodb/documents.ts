/**
 * The documents of the log (ADR 0028): one batch of commits is one document whose `_id` is its first seq, so that it is
 * there whole or not at all, and two that would follow the same commit meet in one unique key.
 */
import type { Ref } from '../../fhir/types.ts';
import type { SearchValue } from '../../ports/query.ts';
import type { DenialWrite, KindWrite } from '../../ports/denial.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { guardMarksOf } from '../../policies/guards/marks.ts';
import type { DeliveryOutcome, Leave, Reach, Write } from '../../ports/store.ts';
import { digestVersion, type Members } from '../log/chain.ts';
import { parseEntry } from '../log/entry-text.ts';
import type { DecidedRecord, DecidedWrite, LogEntry, SightChange } from '../log/log-entry.ts';

/** The layout of documents. A newer one is refused by name. */
export const LOG_FORMAT = 1;

/** What replaying makes of an entry (reach, guards, notes on values, audit keys). A newer one is refused: upgrade this node. */
export const REPLAY_RULES = 3;

/** The rules of a document that came from a folder: it is not replayed, a checkpoint holds what it made. */
export const NOT_REPLAYED = 0;

export interface LogDocument {
  /** The first seq. */
  readonly _id: number;
  readonly last: number;
  /** Milliseconds since 1970, of the last commit. */
  readonly at: number;
  /** The process that wrote it. */
  readonly node: string;
  /** Of this append alone: by it a writer knows its own document again. */
  readonly n: string;
  /** `LOG_FORMAT` of the program that wrote it. */
  readonly v: number;
  /** `REPLAY_RULES` of that program, or `NOT_REPLAYED`. */
  readonly r: number;
  /** The rules of its search values (ports/value-rules.ts): a read model with others is to be reindexed. */
  readonly u: number;
  /** The chain's hash before the first and at the last commit, hex. */
  readonly prev: string;
  readonly hash: string;
  /** Empty where the entries are too large for a document: then `b` names the parts that hold their JSON, in order. */
  readonly e: readonly EntryDocument[];
  readonly b?: readonly string[];
}

/**
 * A commit, or a block of audited reads: that has no `w`. Texts are strings, so that no number changes its digits. There is
 * no array within an array: not every server that speaks the protocol takes one.
 */
export interface EntryDocument {
  readonly q: number;
  readonly at: number;
  /** JSON of the members, as hashed; of the audit rows, as digested. */
  readonly m: string;
  readonly a: string;
  readonly w?: readonly WriteDocument[];
  /** Outbox entries and outcomes of deliveries. */
  readonly o?: readonly { readonly id: string; readonly t: string }[];
  readonly s?: readonly DeliveryOutcome[];
  /** The key: `[scope, id, fingerprint, reply]`. */
  readonly k?: readonly [string, string, string, string];
  readonly c?: readonly RecordDocument[];
  readonly l?: readonly Leave[];
  /** JSON of what Consents deny and permit. */
  readonly d?: string;
  /** JSON of the kinds of parties. */
  readonly y?: string;
  /** Rows of sight granted and withdrawn. */
  readonly f?: SightChange;
}

/** `t`: JSON of its body, `x`: of its index; both null when it was taken away, or has vanished since. */
export interface RecordDocument {
  readonly kind: string;
  readonly key: string;
  readonly expires: number;
  readonly t: string | null;
  readonly x: string | null;
}

/** `c`: the custodian; `t`: the stored text, null when it deletes, or was expunged since (`method` tells); `x` and `reach`: JSON; `g`: the marks. */
export interface WriteDocument {
  readonly ref: Ref;
  readonly method: Write['method'];
  readonly base: number;
  readonly c: Ref | '';
  readonly t: string | null;
  readonly x: string;
  readonly reach: string;
  readonly g?: readonly string[];
}

/** The part of a document that an entry becomes. */
export function entryDocument({ seq, at, members, audit, commit }: LogEntry): EntryDocument {
  const entry = { q: seq, at, m: members, a: audit };
  if (commit === undefined) return entry;
  const { writes, outbox, outcomes, key, records, leaves, denials, kinds, sighted } = commit;
  return {
    ...entry,
    w: writes.map(writeDocument),
    ...(outbox.length > 0 && { o: outbox.map(({ id, text: t }) => ({ id, t })) }),
    ...(outcomes.length > 0 && { s: outcomes }),
    ...(key && { k: [key.scope, key.id, key.fingerprint, key.reply] as const }),
    ...(records.length > 0 && { c: records.map(recordDocument) }),
    ...(leaves && { l: leaves }),
    ...(denials.length > 0 && { d: JSON.stringify(denials) }),
    ...(kinds.length > 0 && { y: JSON.stringify(kinds) }),
    f: sighted,
  };
}

function writeDocument(write: DecidedWrite): WriteDocument {
  const { ref, method, base, custodian, text, values, reach, marks = [] } = write;
  return {
    ref,
    method,
    base,
    c: custodian,
    t: text,
    x: JSON.stringify(values.map(({ param, low, high }) => [param, low, high])),
    reach: JSON.stringify(reach),
    ...(marks.length > 0 && { g: marks }),
  };
}

function recordDocument({ kind, key, expiresAt, text, indexed }: DecidedRecord): RecordDocument {
  const taken = text === undefined;
  return { kind, key, expires: expiresAt, t: taken ? null : text, x: taken ? null : indexed };
}

/** The entry that was written so. */
export function entryOf({ q, at, m, a, w, o = [], s = [], k, c = [], l, d, y, f }: EntryDocument): LogEntry {
  const entry = { seq: q, at, members: m, audit: a };
  if (w === undefined) return entry;
  return {
    ...entry,
    commit: {
      writes: writesOf(w, m),
      outbox: o.map(({ id, t }) => ({ id, text: t, entry: parseEntry(t) })),
      outcomes: s,
      key: k && { scope: k[0], id: k[1], fingerprint: k[2], reply: k[3] },
      records: recordsOf(c, m),
      leaves: l,
      // Both were written above.
      denials: d === undefined ? [] : (JSON.parse(d) as readonly DenialWrite[]),
      kinds: y === undefined ? [] : (JSON.parse(y) as readonly KindWrite[]),
      sighted: f ?? [0, 0],
    },
  };
}

/** What a text holds that may have marks: a label, or it is a Consent. */
const MARKABLE = /"security":|^\{"resourceType":"Consent"/;

/** The marks of a write. A program that knew of none wrote none; then they follow from the text. */
function marksIn(text: string | null, given: readonly string[] | undefined): Pick<DecidedWrite, 'marks'> {
  if (given !== undefined) return { marks: given };
  return text !== null && MARKABLE.test(text) ? { marks: guardMarksOf(parseStored(text)) } : {};
}

/** The writes of an entry. Of content that was expunged the digest is left. */
function writesOf(w: readonly WriteDocument[], m: string): readonly DecidedWrite[] {
  const isWhole = w.every(({ t, method }) => t !== null || method === 'DELETE');
  const digests = isWhole ? [] : ((JSON.parse(m) as Members).versions ?? []); // the members as hashed
  return w.map((one, i) => writeOf(one, digests[i]?.[1]));
}

function writeOf(
  { ref, method, base, c, t, x, reach, g }: WriteDocument,
  digest: string | undefined,
): DecidedWrite {
  // Both were written above.
  const values = JSON.parse(x) as readonly [SearchValue['param'], SearchValue['low'], SearchValue['high']][];
  return {
    ref,
    method,
    base,
    custodian: c,
    text: t,
    values: values.map(([param, low, high]) => ({ param, low, high })),
    reach: JSON.parse(reach) as Reach,
    ...marksIn(t, g),
    ...(digest !== undefined && isExpunged(digest, ref, c, t) && { vanished: digest }),
  };
}

/** Whether the content of a version is gone, which is no deletion: that has a digest of its own. */
const isExpunged = (digest: string, ref: Ref, custodian: Ref | '', text: string | null): boolean =>
  text === null && digest !== digestVersion(ref, 'DELETE', custodian, null);

/** The records of an entry. Of one that has vanished the digest is left. */
function recordsOf(c: readonly RecordDocument[], m: string): readonly DecidedRecord[] {
  if (c.length === 0) return [];
  const digests = (JSON.parse(m) as Members).c ?? []; // the members as hashed
  return c.map(({ kind, key, expires, t, x }, i) => ({
    kind,
    key,
    expiresAt: expires,
    text: t ?? undefined,
    indexed: x ?? '[]',
    ...(t === null && { vanished: digests[i]?.[3] ?? '' }),
  }));
}
