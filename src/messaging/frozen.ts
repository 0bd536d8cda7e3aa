/** What of a header or of a message that was sent stays as it was (baa-messaging MS5). */
import { isSame } from '../fhir/same.ts';
import type { Resource } from '../fhir/types.ts';
import { manyOf, refOfReference } from './shape.ts';

/** Of a message all else stays; these the server sets itself, or they are moved by the table of statuses. */
const MOVABLE: ReadonlySet<string> = new Set([
  'id',
  'meta',
  'text',
  'status',
  'statusReason',
  'sent',
  'received',
  'extension',
  'category',
]);

/** What a participant changes of a header that another organization keeps. */
const OF_PARTICIPANTS: ReadonlySet<string> = new Set([
  'id',
  'meta',
  'text',
  'status',
  'recipient',
  'extension',
]);

/** Of a header these stay. */
const OF_THREAD = ['subject', 'basedOn', 'about', 'partOf', 'sender', 'payload', 'inResponseTo'] as const;

/** The element that was changed and must not be; undefined: there is none. */
export function frozenElement(
  of: 'header' | 'header of another' | 'message',
  before: Resource,
  after: Resource,
): string | undefined {
  const movable = of === 'message' ? MOVABLE : OF_PARTICIPANTS;
  const names =
    of === 'header'
      ? OF_THREAD
      : [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => !movable.has(name));
  return names.find((name) => !isSame(comparable(name, before[name]), comparable(name, after[name])));
}

/** A reference is the same whatever stands beside it: the server notes there whom it stands for. */
const comparable = (name: string, value: unknown): unknown =>
  name === 'recipient' || name === 'sender'
    ? manyOf(value).map((one) => refOfReference(one) ?? (one as { identifier?: unknown } | null)?.identifier)
    : value;
