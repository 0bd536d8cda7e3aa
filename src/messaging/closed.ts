/** What still passes between two parties whose agreement is not in force (baa-messaging MS22). */
import { cutText } from '../fhir/fold.ts';
import type { Resource } from '../fhir/types.ts';
import { attachmentsIn, type ContentCategory } from './content.ts';

/** Characters of an administrative text at most. */
const TEXT_MAX = 2000;

/**
 * Whether a message of the category that was decided passes while the agreement is closed: one about the agreement itself,
 * and a short administrative text that hangs on nobody and carries nothing.
 */
export function mayPassClosed(message: Resource, decided: ContentCategory): boolean {
  if (decided === 'agreement') return true;
  if (decided !== 'administrative') return false;
  if (['subject', 'about', 'basedOn', 'contained'].some((name) => message[name] !== undefined)) return false;
  if (attachmentsIn(message).length > 0) return false;
  const text = wordsIn(message).join('');
  return cutText(text, TEXT_MAX) === text;
}

/** Characters of a code, an address, an instant or a reference at most. */
const NAME_MAX = 128;

/** Everything in a message that can be read as words, in whatever element or extension it stands. */
function wordsIn(node: unknown): readonly string[] {
  if (typeof node === 'string') return /\s/.test(node) || node.length > NAME_MAX ? [node] : [];
  if (typeof node !== 'object' || node === null || JSON.isRawJSON(node)) return [];
  return Object.entries(node).flatMap(([name, member]) =>
    name === 'contentString' && typeof member === 'string' ? [member] : wordsIn(member),
  );
}
