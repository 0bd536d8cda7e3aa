/** How much one message and one thread may be (baa-messaging MS8). */
import type { Resource } from '../fhir/types.ts';
import { manyOf } from './shape.ts';

/** Characters of all texts of a message. */
export const TEXT_MAX = 65_536;
export const ATTACHMENTS_MAX = 20;
/** Bytes of one attachment, and of all of a message. */
const ATTACHMENT_BYTES_MAX = 10 * 1024 * 1024;
const MESSAGE_BYTES_MAX = 25 * 1024 * 1024;
/** Participants of a thread, or recipients of a message. */
export const PARTICIPANTS_MAX = 50;
/** Open threads in which the same two organizations take part. */
export const OPEN_THREADS_MAX = 10_000;

/** The limits in words, for the reference. */
export const MESSAGE_LIMITS: readonly { readonly what: string; readonly most: number }[] = [
  { what: 'characters of the texts and the topic', most: TEXT_MAX },
  { what: 'attachments of a message', most: ATTACHMENTS_MAX },
  { what: 'bytes of one attachment', most: ATTACHMENT_BYTES_MAX },
  { what: 'bytes of all attachments of a message', most: MESSAGE_BYTES_MAX },
  { what: 'participants of a thread, recipients of a message', most: PARTICIPANTS_MAX },
  { what: 'open threads of the same two organizations', most: OPEN_THREADS_MAX },
];

/** What is too much of a message or a header, in a sentence; undefined: it is within the limits. */
export function limitFault(resource: Resource): string | undefined {
  const { payload, recipient, topic } = resource;
  const parts = manyOf(payload) as readonly { contentString?: unknown; contentAttachment?: unknown }[];
  const words = (topic as { readonly text?: unknown } | undefined)?.text;
  const texts = [words, ...parts.map(({ contentString }) => contentString)];
  const characters = texts.reduce<number>((sum, one) => sum + (typeof one === 'string' ? one.length : 0), 0);
  if (characters > TEXT_MAX) return `a message has at most ${TEXT_MAX} characters, this one ${characters}`;
  const attachments = parts.filter(({ contentAttachment }) => contentAttachment !== undefined).length;
  if (attachments > ATTACHMENTS_MAX)
    return `a message has at most ${ATTACHMENTS_MAX} attachments, this one ${attachments}`;
  const sizes = parts.flatMap(({ contentAttachment }) => {
    const size = (contentAttachment as { readonly size?: unknown } | undefined)?.size;
    return typeof size === 'number' ? [size] : [];
  });
  const tooLarge = sizeFault(sizes);
  if (tooLarge !== undefined) return tooLarge;
  const participants = manyOf(recipient).length;
  if (participants > PARTICIPANTS_MAX)
    return `a thread has at most ${PARTICIPANTS_MAX} participants, this one ${participants}`;
  return undefined;
}

/** What is too much of the sizes of attachments in bytes, in a sentence. */
export function sizeFault(sizes: readonly number[]): string | undefined {
  const large = sizes.find((size) => size > ATTACHMENT_BYTES_MAX);
  if (large !== undefined)
    return `an attachment has at most ${ATTACHMENT_BYTES_MAX} bytes, this one ${large}`;
  const sum = sizes.reduce((total, size) => total + size, 0);
  return sum > MESSAGE_BYTES_MAX
    ? `the attachments of a message have at most ${MESSAGE_BYTES_MAX} bytes together, these ${sum}`
    : undefined;
}
