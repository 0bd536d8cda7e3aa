/**
 * The audit chain (rules 4.1): every row of the log holds a digest of each member of its commit, and a hash over those
 * digests and the row before. So a text that is expunged by law leaves its digest, and the chain stays verifiable.
 */
import { hash } from 'node:crypto';
import type { Ref } from '../../fhir/types.ts';
import type { AuditEntry, DeliveryOutcome, Write } from '../../ports/store.ts';

/** The digests of a commit's members, each beside the name by which it is found again. */
export interface Members {
  /** The form; absent: the first, in which the chain held the members themselves. See {@link linkOf}. */
  readonly v?: 2;
  /** The audit text of the row. */
  readonly audit: string;
  /** The audit rows one by one; absent where there is one. */
  readonly rows?: readonly string[];
  /** Versions: `[ref, digest]`. */
  readonly versions?: readonly Digest[];
  /** Outbox entries: `[id, digest]`. */
  readonly outbox?: readonly Digest[];
  /** Outcomes of deliveries: `[id, digest]`. */
  readonly settles?: readonly Digest[];
  /** The key. */
  readonly key?: string;
  /** The parties of what was written and has any; the log holds them, since their roles may change. Always there beside versions. */
  readonly p?: readonly (readonly [ref: Ref, parties: readonly Ref[]])[];
  /** Who is a party of a root no longer, though nothing of it was written. */
  readonly x?: readonly (readonly [root: Ref, organization: Ref])[];
  /** Records: their bodies stand beside the log and may vanish, their digests stay. */
  readonly c?: readonly RecordDigest[];
}

/** What a commit left of a record. `expires`: FOREVER for never; the digest of what was taken away is `''`. */
export type RecordDigest = readonly [kind: string, key: string, rev: number, digest: string, expires: number];

export type Digest = readonly [name: string, digest: string];

/** What a chain begins with. */
export const GENESIS = '0'.repeat(64);

const digest = (...parts: readonly (string | null)[]): string =>
  hash('sha256', JSON.stringify(parts), 'base64url');

const digestAudit = (audit: string): string => digest(audit);

/** Of the text of one audit row, where a commit has several. */
const digestRow = (text: string): string => hash('sha256', text, 'base64url');

/** The audit text of a commit with these rows: what `JSON.stringify` makes of them together. */
export const rowsText = (texts: readonly string[]): string => `[${texts.join(',')}]`;

/** The texts of the rows that an audit text holds. */
export const auditRowTexts = (audit: string, rows: readonly AuditEntry[]): readonly string[] =>
  rows.length === 1 ? [audit.slice(1, -1)] : rows.map((row) => JSON.stringify(row));

/** The texts of rows of these lengths. */
export function cutRows(audit: string, lengths: readonly number[]): readonly string[] {
  let at = 1;
  return lengths.map((length) => {
    const text = audit.slice(at, at + length);
    at += length + 1;
    return text;
  });
}

const SECOND = '{"v":2,';

/**
 * What the members of a commit say of its audit.
 *
 * @param written the members as a log has them already: their form is kept
 */
export function auditMembers(
  audit: string,
  texts: readonly string[],
  written?: string,
): Pick<Members, 'v' | 'audit' | 'rows'> {
  const whole = digestAudit(audit);
  if (written !== undefined && !written.startsWith(SECOND)) return { audit: whole };
  return { v: 2, audit: whole, ...(texts.length > 1 && { rows: texts.map(digestRow) }) };
}

/** Why the audit text of a commit is not the one that its members have a digest of; undefined when it is. */
export function auditFault(members: Members, audit: string): string | undefined {
  if (members.audit !== digestAudit(audit)) return 'its audit rows were changed';
  if (members.rows === undefined) return undefined;
  // Its digest is right: it was written from AuditEntry values.
  const rows = JSON.parse(audit) as readonly AuditEntry[];
  return members.rows.join() === rows.map((row) => digestRow(JSON.stringify(row))).join()
    ? undefined
    : 'its audit rows have other digests than it says';
}

/** Whether a commit has members beside its audit. */
export const hasContent = (members: Members): boolean =>
  Object.keys(members).some((name) => name !== 'v' && name !== 'audit' && name !== 'rows');

export const digestVersion = (
  ref: string,
  method: Write['method'],
  custodian: string,
  text: string | null,
): string => digest(ref, method, custodian, text);

export const digestOutbox = (id: string, entry: string): string => digest(id, entry);

export const digestDeliveryOutcome = ({ id, fate, why }: DeliveryOutcome): string =>
  digest(id, fate, why ?? '');

export const digestKey = (scope: string, id: string, fingerprint: string, reply: string): string =>
  digest(scope, id, fingerprint, reply);

/** Of a record as stored: its body and its index are texts. */
export const digestRecord = (kind: string, key: string, body: string, indexed: string): string =>
  digest(kind, key, body, indexed);

/** The form and the digests of audit rows, at the beginning of members of the second form. */
const HEAD = /^\{"v":2,"audit":"[\w-]{43}"(?:,"rows":\["[\w",-]*"\])?/;

/** Members of the second form as their beginning, which is about audit rows, and a digest of all else. */
export function splitMembers(members: string): { readonly head: string; readonly tail: string } | undefined {
  const head = HEAD.exec(members)?.[0];
  return head === undefined ? undefined : { head, tail: hash('sha256', members.slice(head.length), 'hex') };
}

/** The digests by which the audit rows of a commit are proven, by their positions; '' where one row is not by itself. */
export function rowDigests(members: string, count: number): readonly string[] {
  const { audit, rows } = JSON.parse(members) as Members; // of the log
  return rows ?? Array.from({ length: count }, () => (count === 1 ? audit : ''));
}

/**
 * What the chain holds of the members: since their second form a digest of two digests, so that a link of the chain, and
 * the audit of a commit, can be shown to somebody who may not see what else stands in it.
 */
export function linkOf(members: string): string {
  const parts = splitMembers(members);
  return parts === undefined
    ? members
    : hash('sha256', hash('sha256', parts.head, 'hex') + parts.tail, 'hex');
}

/** The hash of a row: hex of sha256 over the hash before, seq, at (milliseconds) and {@link linkOf} the members. */
export function chainHash(previous: string, seq: number, at: number, members: string): string {
  return hash('sha256', `${previous}\n${seq}\n${at}\n${linkOf(members)}`, 'hex');
}
