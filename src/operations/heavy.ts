/**
 * Work on large bodies and messages, which would make everybody else wait: the roof has it done in threads of their own.
 * Every task is a function of what it is handed; `server/heavy-tasks.ts` has them.
 */
import type { ConvertedDocument } from '../ccda/read/convert.ts';
import type { Body } from '../fhir/body.ts';
import type { IssueDetail } from '../fhir/issue.ts';
import type { JsonLimits } from '../fhir/json.ts';
import { bodyFrom, type After, type Piece } from '../fhir/json-pieces.ts';
import type { Batch } from '../hl7v2/batch.ts';
import type { Charset } from '../hl7v2/charset.ts';
import type {
  TimeContext,
  UnreadMessage,
  MessageReading,
  ReadingContext,
} from '../hl7v2/messages/reading.ts';
import type { OpenedFrame, Wrapped } from '../hl7v2/messages/opened-message.ts';
import type { SearchValue } from '../ports/query.ts';
import type { JudgeOptions } from '../resources/validate.ts';

/** Bytes, or characters, from which on a body or a message is large. */
export const LARGE = 128 * 1024;

/** A body that was read: its JSON in pieces. */
export interface ReadBody {
  readonly piece: Piece;
  readonly lossy: boolean;
  /** Characters of its JSON. */
  readonly size: number;
}

export interface Examined {
  readonly details: readonly IssueDetail[];
  readonly values: readonly SearchValue[];
}

/** What a reading needs to know of its surroundings, without what makes ids. */
type FrameContext = Omit<ReadingContext, 'newId'>;

/** Each by itself, of data alone; `value` is any JSON, a JSON Patch. Throws as the same work does elsewhere. */
export interface Tasks {
  readonly readBody: (
    bytes: Uint8Array,
    format: 'json' | 'xml' | 'value',
    limits: JsonLimits,
  ) => Promise<ReadBody>;
  /** Judges the JSON of a resource, and takes its search values. */
  readonly examine: (text: string, options: Omit<JudgeOptions, 'lookUp' | 'storing'>) => Promise<Examined>;
  /** Its messages are views of the bytes: of shared ones nothing is copied. */
  readonly takeApart: (bytes: Uint8Array) => Promise<Batch | undefined>;
  readonly openFrame: (
    bytes: Uint8Array,
    clock: TimeContext,
    charset: Charset | undefined,
  ) => Promise<OpenedFrame>;
  /** As `openFrame`, for a message that is kept: by the stored text of its Binary. Its bytes are shared. */
  readonly openKept: (
    text: string,
    clock: TimeContext,
    charset: Charset | undefined,
  ) => Promise<OpenedFrame & { readonly bytes: Uint8Array }>;
  readonly readFrame: (
    bytes: Uint8Array,
    context: FrameContext,
    charset: Charset | undefined,
  ) => Promise<MessageReading | UnreadMessage>;
  readonly wrapFrame: (bytes: Uint8Array) => Promise<Wrapped>;
  /** Reads a clinical document; `text` is the JSON of its Bundle. */
  readonly convertDocument: (
    bytes: Uint8Array,
    zone: string | undefined,
    now: string,
  ) => Promise<Omit<ConvertedDocument, 'bundle'> & { readonly text: string }>;
  /** A clinical document as a page. */
  readonly renderDocument: (bytes: Uint8Array) => Promise<string>;
}

/** Does a task, for somebody: where there is more to do than can be done at once, each has a share. */
export type Heavy = <Name extends keyof Tasks>(
  whose: string,
  task: Name,
  ...given: Parameters<Tasks[Name]>
) => ReturnType<Tasks[Name]>;

/** The body that was read elsewhere. */
export async function bodyOfRead({ piece, lossy, size }: ReadBody, after: After): Promise<Body> {
  return { ...(await bodyFrom(piece, lossy, after)), size };
}

/** Bytes that are shared are copied by who works on them: decoders and digests take no others. */
export const ownBytes = (bytes: Uint8Array): Uint8Array =>
  bytes.buffer instanceof SharedArrayBuffer ? bytes.slice() : bytes;

/** Copied once where they are not shared, so that no thread that works on them is handed a copy of its own. */
export function shareBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}
