/** The tasks of heavy work: the same functions in a thread of the roof, and here for who has no threads. */
import { renderDocument } from '../ccda/render.ts';
import { readDocument } from '../operations/extended/ccda/read-document.ts';
import { charactersOf } from '../fhir/characters.ts';
import { decodeUtf8, encodeJson, isLossy, parseJson, parseJsonValue, type JsonLimits } from '../fhir/json.ts';
import { cutJson } from '../fhir/json-pieces.ts';
import { batchIn } from '../hl7v2/batch.ts';
import type { Charset } from '../hl7v2/charset.ts';
import { readMessage } from '../hl7v2/messages/read-message.ts';
import type { TimeContext, UnreadMessage } from '../hl7v2/messages/reading.ts';
import type { OpenedFrame } from '../hl7v2/messages/opened-message.ts';
import type { NewId } from '../ports/clock.ts';
import { judgeResource } from '../resources/validate.ts';
import { readXml } from '../xml/read.ts';
import { ownBytes, shareBytes, type Heavy, type ReadBody, type Tasks } from '../operations/heavy.ts';
import { remark } from '../inbound/fate.ts';
import { fingerprintOf } from '../inbound/hl7v2/fingerprint.ts';
import { openFrame, parseFrame, unwrapFrame, wrapLarge } from '../inbound/hl7v2/message-bytes.ts';
import { valuesOf } from '../operations/values.ts';

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
    return { ...openedOf(own, clock, charset), bytes: shareBytes(own) };
  },
  async readFrame(bytes, context, charset) {
    const reading = readMessage(parseFrame(ownBytes(bytes), charset), { ...context, newId });
    return charactersOf(reading, DOCUMENT) > READING_MAX ? TOO_MUCH : reading;
  },
  wrapFrame: async (bytes) => wrapLarge(ownBytes(bytes)),
  async convertDocument(bytes, zone, now) {
    const { bundle, ...rest } = await readDocument(ownBytes(bytes), { zone, newId, now });
    return { ...rest, text: JSON.stringify(bundle) };
  },
  renderDocument: (bytes) => renderDocument(ownBytes(bytes)),
});

function openedOf(bytes: Uint8Array, ...how: [TimeContext, Charset | undefined]): OpenedFrame {
  const { header, barred } = openFrame(bytes, ...how);
  return { header, barred, fingerprint: fingerprintOf(bytes) };
}

/** Characters of what a large message may say, in FHIR's words, beside its documents: of a person, an order, a visit. */
const READING_MAX = 1024 * 1024;
/** Base64 under this name is a document. */
const DOCUMENT = 'data';

const TOO_MUCH: UnreadMessage = {
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

const readBodyOf = (text: string, lossy: boolean): ReadBody => ({
  piece: cutJson(text),
  lossy,
  size: text.length,
});

const OWN: JsonLimits = { depth: Number.POSITIVE_INFINITY };

/** Everything at once and here: for who has no threads. */
export function createInPlace(newId: NewId): Heavy {
  const tasks = createTasks(newId);
  return (_whose, task, ...given) => {
    // Which task it is, the compiler cannot tell.
    const work = tasks[task] as unknown as (...all: typeof given) => ReturnType<Tasks[typeof task]>;
    return work(...given);
  };
}
