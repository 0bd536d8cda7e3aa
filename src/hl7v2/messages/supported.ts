/** Whether a link takes a message at all, by its header alone (HL7 v2.5.1, 2.9.2: MSH-9, MSH-11, MSH-12). */
import type { Link } from '../link.ts';
import type { Remark } from '../../ports/inbound.ts';
import { definitionNamed, READ_TYPES } from './registry.ts';
import type { MessageHeader } from './reading.ts';

/**
 * The answer to a message that the link does not take. `ignored`: the server acknowledges it all the same, because the
 * link says so.
 */
interface TurnedAway {
  readonly fate: 'rejected' | 'ignored';
  readonly remarks: readonly Remark[];
}

/**
 * The answer to a message; undefined when the link takes it. The reader of the message reports empty fields of the
 * header.
 */
export function turnAway(
  { message, processingId, version }: MessageHeader,
  { ignore, processingIds, versions }: Pick<Link, 'ignore' | 'processingIds' | 'versions'>,
): TurnedAway | undefined {
  if (processingId !== '' && !includes(processingIds, processingId)) {
    return rejected('202', 'MSH-11', `this link takes ${processingIds.join(', ')}`);
  }
  if (version !== '' && !includes(versions, version)) {
    return rejected('203', 'MSH-12', `this link takes ${versions.join(', ')}`);
  }
  const isRead = definitionNamed(message) !== undefined;
  const type = typeOf(message);
  if (type !== '' && (ignore.includes(message) || (!isRead && ignore.includes(type)))) {
    const says = 'this message is not used here; it was acknowledged and not stored';
    return {
      fate: 'ignored',
      remarks: [{ ...remarkAt('MSH-9', unsupportedCode(message), says), severity: 'I' }],
    };
  }
  return isRead ? undefined : { fate: 'rejected', remarks: unsupportedKind(message) };
}

/** The words for a message of a kind that the server does not read. */
export const unsupportedKind = (message: string): readonly Remark[] => [
  remarkAt('MSH-9', unsupportedCode(message), 'this message is not read here; see the capability statement'),
];

/** Table 0357: 200 for a message type, 201 for an event of a type that the server reads. */
const unsupportedCode = (message: string): '200' | '201' =>
  READ_TYPES.has(message.split('^', 1)[0] ?? '') ? '201' : '200';

const rejected = (code: '202' | '203', location: string, says: string): TurnedAway => ({
  fate: 'rejected',
  remarks: [remarkAt(location, code, says)],
});

const remarkAt = (location: string, code: string, says: string): Remark => ({
  location,
  code,
  severity: 'E',
  issue: 'unsupported-message',
  says,
});

/** MSH-9.1 of a message that names its event. */
const typeOf = (message: string): string =>
  message.includes('^') ? message.slice(0, message.indexOf('^')) : '';

const includes = (list: readonly string[], value: string): boolean => list.includes(value);
