/**
 * The audit chain (rules 4.1): every row of the log holds a digest of each member of its commit, and a hash over those
 * digests and the row before. So a text that is expunged by law leaves its digest, and the chain stays verifiable.
 */
import { hash } from 'node:crypto';
import type { Ref } from '../../fhir/types.ts';
import type { DeliveryOutcome, Write } from '../../ports/store.ts';

/** The digests of a commit's members, each beside the name by which it is found again. */
export interface Members {
  /** The audit text of the row. */
  readonly audit: string;
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

export const digestAudit = (audit: string): string => digest(audit);

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

/** The hash of a row: hex of sha256 over the hash before, seq, at (milliseconds) and the members as stored. */
export function chainHash(previous: string, seq: number, at: number, members: string): string {
  return hash('sha256', `${previous}\n${seq}\n${at}\n${members}`, 'hex');
}
