/**
 * A resource in two trees that are usually one: `plain`, where numbers are numbers, for rules and validation; and
 * `storing`, where a number whose literal would be lost (`1.50`) is a `JSON.rawJSON` (D6, rules 3.5).
 */
import type { Resource } from './types.ts';

export interface Body {
  readonly plain: Resource;
  /** The same tree as `plain` unless a number's literal had to be kept. */
  readonly storing: Resource;
  /** The number of characters of its JSON, roughly; set for a large body only. */
  readonly size?: number;
  /** The element `data` of a large Binary, as ASCII bytes that threads share. The two trees do not hold it. */
  readonly data?: Uint8Array;
  /** Where the bytes of a larger Binary are, which came as a file. The two trees do not hold them. */
  readonly file?: { readonly id: string; readonly size: number; readonly sha256: string };
}

/** Changes both trees in the same way. `change` must be pure and must not look into values that it does not know. */
export function mapBody(body: Body, change: (tree: Resource) => Resource): Body {
  const plain = change(body.plain);
  const storing = body.storing === body.plain ? plain : change(body.storing);
  return { ...body, plain, storing };
}
