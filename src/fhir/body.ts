/**
 * A resource in two trees that are usually one: `plain`, where numbers are numbers, for rules and validation; and
 * `storing`, where a number whose literal would be lost (`1.50`) is a `JSON.rawJSON` (D6, rules 3.5).
 */
import type { Resource } from './types.ts';

export interface Body {
  readonly plain: Resource;
  /** The same tree as `plain` unless a literal had to be kept. */
  readonly storing: Resource;
  /** Characters of its JSON, about; told of large ones. */
  readonly size?: number;
  /** The element `data` of a large Binary, as ASCII bytes that threads share; the trees are without it. */
  readonly data?: Uint8Array;
}

/** Both trees changed in the same way. `change` must be pure and must treat values it does not know as opaque. */
export function mapBody(body: Body, change: (tree: Resource) => Resource): Body {
  const plain = change(body.plain);
  const storing = body.storing === body.plain ? plain : change(body.storing);
  return { ...body, plain, storing };
}
