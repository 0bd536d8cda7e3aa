/**
 * Work on large bodies and messages, which would make everybody else wait: the roof has it done in threads of their own.
 * Every task is a function of what it is handed, and the same one does it here and there.
 */
import type { Body } from '../fhir/body.ts';
import { charactersOf } from '../fhir/characters.ts';
import type { IssueDetail } from '../fhir/issue.ts';
import { decodeUtf8, encodeJson, isLossy, parseJson, parseJsonValue, type JsonLimits } from '../fhir/json.ts';
import { bodyFrom, cutJson, type After, type Piece } from '../fhir/json-pieces.ts';
import { batchIn, type Batch } from '../hl7v2/batch.ts';
import type { Charset } from '../hl7v2/charset.ts';
import { readMessage } from '../hl7v2/messages/read.ts';
import type { Fault, Reading, ReadingContext } from '../hl7v2/messages/reading.ts';
import type { NewId } from '../ports/clock.ts';
import type { SearchValue } from '../ports/query.ts';
import { judgeResource, type JudgeOptions } from '../resources/validate.ts';
import { readXml } from '../xml/read.ts';
import { remark } from './receive/fates.ts';
import { fingerprintOf } from './receive/fingerprint.ts';
import {
  openFrame,
  parseFrame,
  unwrapFrame,
  wrapLarge,
  type OpenedFrame,
  type Wrapped,
} from './receive/frame.ts';
import { valuesOf } from './values.ts';

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
export type FrameContext = Omit<ReadingContext, 'newId'>;

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
    clock: Parameters<typeof openFrame>[1],
    charset: Charset | undefined,
  ) => Promise<OpenedFrame>;
  /** As `openFrame`, for a message that is kept: by the stored text of its Binary. Its bytes are shared. */
  readonly openKept: (
    text: string,
    clock: Parameters<typeof openFrame>[1],
    charset: Charset | undefined,
  ) => Promise<OpenedFrame & { readonly bytes: Uint8Array }>;
  readonly readFrame: (
    bytes: Uint8Array,
    context: FrameContext,
    charset: Charset | undefined,
  ) => Promise<Reading | Fault>;
  readonly wrapFrame: (bytes: Uint8Array) => Promise<Wrapped>;
}

/** @param newId makes the ids of what a message brings */
export const createTasks = (newId: NewId): Tasks => ({
  async readBody(bytes, format, limits) {
    if (format === 'xml') {
      const { plain, storing } = await readXml(bytes, limits);
      return readBodyOf(encodeJson(storing), storing !== plain);
    }
    const text = decodeUtf8(bytes);
    if (format === 'json') parseJson(text, limits);
    else parseJsonValue(text, limits);
    return readBodyOf(text, isLossy(text));
  },
  async examine(text, options) {
    const { plain, storing } = parseJson(text, OWN);
    const details = await judgeResource(plain, { ...options, storing });
    return { details, values: valuesOf(plain) };
  },
  takeApart: async (bytes) => batchIn(bytes),
  openFrame: async (bytes, clock, charset) => openedOf(ownBytes(bytes), clock, charset),
  async openKept(text, clock, charset) {
    const own = unwrapFrame(text);
    const bytes = new Uint8Array(new SharedArrayBuffer(own.length));
    bytes.set(own);
    return { ...openedOf(own, clock, charset), bytes };
  },
  async readFrame(bytes, context, charset) {
    const reading = readMessage(parseFrame(ownBytes(bytes), charset), { ...context, newId });
    return charactersOf(reading, DOCUMENT) > READING_MAX ? TOO_MUCH : reading;
  },
  wrapFrame: async (bytes) => wrapLarge(ownBytes(bytes)),
});

function openedOf(
  bytes: Uint8Array,
  ...how: [Parameters<typeof openFrame>[1], Charset | undefined]
): OpenedFrame {
  const { header, barred } = openFrame(bytes, ...how);
  return { header, barred, fingerprint: fingerprintOf(bytes) };
}

/** Characters of what a large message may say, in FHIR's words, beside its documents: of a person, an order, a visit. */
const READING_MAX = 1024 * 1024;
/** Base64 under this name is a document. */
const DOCUMENT = 'data';

const TOO_MUCH: Fault = {
  kind: 'fault',
  issue: 'message-unreadable',
  header: undefined,
  findings: [
    {
      ...remark(
        'message-unreadable',
        'E',
        '',
        'beside its documents it says more than one message may: 1 MiB',
      ),
      code: '104',
    },
  ],
};

/** Bytes that are shared are copied by who works on them: decoders and digests take no others. */
export const ownBytes = (bytes: Uint8Array): Uint8Array =>
  bytes.buffer instanceof SharedArrayBuffer ? bytes.slice() : bytes;

const readBodyOf = (text: string, lossy: boolean): ReadBody => ({
  piece: cutJson(text),
  lossy,
  size: text.length,
});

const OWN: JsonLimits = { depth: Number.POSITIVE_INFINITY };

/** Does a task, for somebody: where there is more to do than can be done at once, each has a share. */
export type Heavy = <Name extends keyof Tasks>(
  whose: string,
  task: Name,
  ...given: Parameters<Tasks[Name]>
) => ReturnType<Tasks[Name]>;

/** Everything at once and here: for who has no threads. */
export function createInPlace(newId: NewId): Heavy {
  const tasks = createTasks(newId);
  return (_whose, task, ...given) => {
    // Which task it is, the compiler cannot tell.
    const work = tasks[task] as unknown as (...all: typeof given) => ReturnType<Tasks[typeof task]>;
    return work(...given);
  };
}

/** The body that was read elsewhere. */
export async function bodyOfRead({ piece, lossy, size }: ReadBody, after: After): Promise<Body> {
  return { ...(await bodyFrom(piece, lossy, after)), size };
}
