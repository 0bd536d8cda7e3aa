/** The addresses of a header field (RFC 5322, 3.4), without the names that people gave them. */
import type { DirectAddress } from '../../ports/direct.ts';
import { parseDirectAddress } from '../address.ts';

/** Addresses of one field that are looked at. */
const ADDRESSES_MAX = 100;

/** The Direct addresses of a field, each once; what is none is left out. */
export function readMailboxes(field: string): readonly DirectAddress[] {
  const found = mailboxesOf(field).flatMap((mailbox) => addressOf(mailbox) ?? []);
  return [...new Set(found)];
}

/** The one address of a field; undefined when there are none or several, or when it is no Direct address. */
export function readMailbox(field: string): DirectAddress | undefined {
  const [mailbox = '', ...more] = mailboxesOf(field);
  return more.length === 0 ? addressOf(mailbox) : undefined;
}

function mailboxesOf(field: string): readonly string[] {
  return bare(field)
    .replaceAll(/[:;]/g, ',') // the name of a group becomes a mailbox that is none
    .split(',', ADDRESSES_MAX)
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

/** `Name <local@domain>` or `local@domain`. A mailbox with two pairs of brackets is nobody's. */
function addressOf(mailbox: string): DirectAddress | undefined {
  const [, inside] = /^[^<>]*<([^<>]*)>$/.exec(mailbox) ?? [];
  return parseDirectAddress(inside ?? mailbox);
}

/** The field without quoted strings and comments, which hold anything: `"a@b.example" <c@d.example>`. */
function bare(field: string): string {
  const out: string[] = [];
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < field.length; at += 1) {
    const character = field[at] ?? '';
    if (character === '\\' && (isQuoted || depth > 0)) at += 1;
    else if (character === '"' && depth === 0) isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (character === '(') depth += 1;
    else if (character === ')') depth = Math.max(0, depth - 1);
    else if (depth === 0) out.push(character);
  }
  return out.join('');
}

/** An id of a message without brackets and blanks; undefined for none, and for one that fits in no line. */
export function readMessageId(text: string | undefined): string | undefined {
  const id = (text ?? '').replaceAll(/[\s<>]/g, '');
  return /^[\x21-\x7e]{1,900}$/.test(id) ? id : undefined;
}

/** Ids of In-Reply-To or References, the last hundred: the nearest stand at the end. */
export function readMessageIds(field: string | undefined): readonly string[] {
  const inBrackets = [...(field ?? '').matchAll(/<([^<>]*)>/g)].map(([, id]) => id);
  const all = inBrackets.length > 0 ? inBrackets : (field ?? '').split(/\s+/);
  return all.slice(-ADDRESSES_MAX).flatMap((id) => readMessageId(id) ?? []);
}
