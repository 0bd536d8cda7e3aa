/** What an interaction that writes answers once its draft is committed. */
import { ANY_VERSION, tagOf } from '../../fhir/etag.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Body } from '../../fhir/body.ts';
import type { Ref } from '../../fhir/types.ts';
import type { Version } from '../../ports/store.ts';
import { isResourceType, meantType } from '../../resources/type-names.ts';

/** One thing a client wants written: a request of its own, or an entry of a transaction. */
export interface WriteRequest {
  readonly type: string;
  readonly id?: string | undefined;
  /** The query of a conditional update, patch or delete. */
  readonly condition?: string | undefined;
  readonly body?: Body | undefined;
  readonly patch?: unknown;
  readonly ifMatch?: readonly string[] | undefined;
  readonly ifNoneMatch?: readonly string[] | undefined;
  readonly ifNoneExist?: string | undefined;
  /** The id a create shall have: assigned before, so that other entries can refer to it. */
  readonly newId?: string | undefined;
}

/** A write with a body of the type of its address. */
export interface BodiedRequest extends WriteRequest {
  readonly body: Body;
}

/** What to answer: a planned change, a version that was there already, or nothing. */
export type WriteResult =
  | { readonly kind: 'planned'; readonly ref: Ref; readonly status: 200 | 201 | 204 }
  | { readonly kind: 'existing'; readonly ref: Ref; readonly seq: number }
  | { readonly kind: 'nothing'; readonly status: 204 };

/** @throws OperationOutcomeError `version-conflict` when If-Match names other versions than the current one */
export function checkIfMatch(ifMatch: readonly string[] | undefined, current: Version | undefined): void {
  if (ifMatch === undefined) return;
  if (current !== undefined && ifMatch.some((tag) => tag === ANY_VERSION || isTagOf(tag, current.seq)))
    return;
  throw new OperationOutcomeError('version-conflict', {
    diagnostics:
      current === undefined
        ? 'there is no current version'
        : `the current version is ${current.seq}; If-Match names another`,
  });
}

/** What a body is that is of another type than its address: at the end of a sentence, since it may ask. */
export const bodyIs = (type: string): string =>
  isResourceType(type)
    ? `the body is a ${type}`
    : `the resourceType of the body is not one of R4${meantType(type)}`;

const isTagOf = (tag: string, version: number): boolean =>
  tag === tagOf(version) || tag === tagOf(version, true);
