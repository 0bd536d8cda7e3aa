/**
 * Expressing Context in Direct Messaging 1.1: the field X-Direct-Context names, by its Content-ID, a part of lines
 * `key: value`. It is kept and shown, and decides nothing.
 */
import type { Leaf } from './leaves.ts';
import { readMessageId } from './mailbox.ts';

const BYTES_MAX = 32_768;
const KEYS_MAX = 50;

/** The keys, in lower case, and their values; empty when there is no such part. The first of a key counts. */
export function readContext(field: string | undefined, leaves: readonly Leaf[]): ReadonlyMap<string, string> {
  const id = readMessageId(field);
  const leaf = id === undefined ? undefined : leaves.find(({ contentId }) => contentId === id);
  const context = new Map<string, string>();
  if (leaf === undefined || leaf.bytes.length > BYTES_MAX) return context;
  const text = Buffer.from(leaf.bytes).toString('utf8');
  for (const line of text.replaceAll(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const [, key = '', value = ''] = /^([A-Za-z0-9._-]{1,80})[ \t]*:(.*)$/.exec(line) ?? [];
    const name = key.toLowerCase();
    if (name !== '' && !context.has(name) && context.size < KEYS_MAX) context.set(name, value.trim());
  }
  return context;
}
