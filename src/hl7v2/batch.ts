/**
 * Batches (HL7 v2.5.1, 2.10.3): splits `[FHS] { [BHS] { message } [BTS] } [FTS]` into messages, byte for byte. It works
 * on bytes, because each message may have a character set of its own.
 */
import { Buffer } from 'node:buffer';
import { asLatin1, fromLatin1 } from './charset.ts';
import { Hl7Fault } from './fault.ts';
import { eachLine, prefixOf, type Line } from './lines.ts';

/** The content of a frame. */
export interface Batch {
  /** The line of FHS without its line end; undefined when there is no file header. */
  readonly file: string | undefined;
  readonly groups: readonly BatchGroup[];
}

/** The messages between a BHS and its BTS, or messages without a batch header; an empty batch has none. */
interface BatchGroup {
  /** The line of BHS. */
  readonly header: string | undefined;
  readonly messages: readonly Uint8Array[];
}

/** The messages of a batch, or the message itself when the bytes hold one. Throws like {@link openBatch}. */
export const splitBatch = (bytes: Uint8Array): readonly Uint8Array[] =>
  openBatch(bytes).groups.flatMap(({ messages }) => messages);

/**
 * The parts of a batch; its messages are views of the bytes. Throws {@link Hl7Fault} when there is neither a header nor
 * a message, when there are more than {@link MESSAGES_MAX} messages, when a line belongs to no message, and when a
 * trailer gives another number (BTS-1, FTS-1), because then something was lost on the way.
 */
export function openBatch(bytes: Uint8Array): Batch {
  const source = asLatin1(bytes);
  const prefix = prefixOf(source.startsWith(UTF8_MARK) ? source.slice(UTF8_MARK.length) : source);
  const start = source.startsWith(UTF8_MARK) ? UTF8_MARK.length + prefix.length : prefix.length;
  if (source.startsWith('MSH', start) && !HEADER_INSIDE.test(source.slice(start + 3)))
    return { file: undefined, groups: [{ header: undefined, messages: [bytes] }] };
  const walk: Walk = {
    file: undefined,
    groups: [],
    message: undefined,
    at: start,
    to: start,
    inBatch: 0,
    batches: 0,
    all: 0,
    separator: '|',
  };
  let at = start;
  for (const line of eachLine(source, start)) {
    walk.at = at;
    at += line.text.length + line.end.length;
    walk.to = at;
    (STEPS[line.text.slice(0, 3)] ?? addLine)(walk, line);
  }
  if (walk.file === undefined && walk.groups.length === 0) throw new Hl7Fault('100', 'there is no message');
  const groups = walk.groups.map(({ header, messages }) => ({
    header,
    messages: messages.map((message) => bytes.subarray(message.from, message.to)),
  }));
  return { file: walk.file, groups };
}

/**
 * The batch in a frame. Undefined for a single message, and for bytes that cannot be split: the server keeps those as a
 * whole.
 */
export function batchIn(bytes: Uint8Array): Batch | undefined {
  try {
    const batch = openBatch(bytes);
    const [first] = batch.groups;
    const isSingle = batch.file === undefined && first?.header === undefined && first?.messages.length === 1;
    return isSingle && batch.groups.length === 1 ? undefined : batch;
  } catch (error) {
    if (error instanceof Hl7Fault) return undefined;
    throw error;
  }
}

/**
 * Whether a batch header says that the batch is an answer (BHS-12, FHS-12). The server answers an empty batch of that
 * kind with nothing.
 */
export const isBatchAnswer = ({ file, groups }: Batch): boolean =>
  [file, ...groups.map(({ header }) => header)].some(
    (line) => line !== undefined && (line.split(separatorOf(line), 12)[11] ?? '').trim() !== '',
  );

/**
 * The largest number of messages of one batch: the server decides and answers each before the next frame of the
 * connection.
 */
export const MESSAGES_MAX = 1000;

const UTF8_MARK = '\xef\xbb\xbf';
const HEADER_INSIDE = /[\r\n](?:MSH|FHS|BHS|BTS|FTS)/;

/** The place of a message in the bytes. */
interface Extent {
  readonly from: number;
  to: number;
}

interface Walk {
  file: string | undefined;
  readonly groups: { readonly header: string | undefined; readonly messages: Extent[] }[];
  /** The message that is being read; undefined between messages. */
  message: Extent | undefined;
  /** The offsets of this line and of the next. */
  at: number;
  to: number;
  /** Messages since the last BHS. */
  inBatch: number;
  batches: number;
  all: number;
  /** The delimiters of the last header segment. */
  separator: string;
}

const STEPS: Readonly<Record<string, (walk: Walk, line: Line) => void>> = {
  FHS: openFile,
  BHS: openGroup,
  MSH: openMessage,
  BTS: (walk, line) => checkCount(walk, line, 'BTS', walk.inBatch),
  FTS: (walk, line) => checkCount(walk, line, 'FTS', Math.max(walk.batches, Math.min(walk.all, 1))),
};

function openFile(walk: Walk, line: Line): void {
  walk.file ??= line.text;
  walk.message = undefined;
  walk.separator = line.text.charAt(3);
}

function openGroup(walk: Walk, line: Line): void {
  walk.groups.push({ header: line.text, messages: [] });
  walk.message = undefined;
  walk.separator = line.text.charAt(3);
  walk.batches += 1;
  walk.inBatch = 0;
}

function openMessage(walk: Walk): void {
  if (walk.all === MESSAGES_MAX)
    throw new Hl7Fault('104', `there are more than ${MESSAGES_MAX} messages in the batch`);
  if (walk.groups.length === 0) walk.groups.push({ header: undefined, messages: [] });
  walk.message = { from: walk.at, to: walk.to };
  walk.groups.at(-1)?.messages.push(walk.message);
  walk.inBatch += 1;
  walk.all += 1;
}

function addLine({ message, to }: Walk): void {
  if (message === undefined)
    throw new Hl7Fault('100', 'there is a line in the batch that belongs to no message');
  message.to = to;
}

function checkCount(walk: Walk, line: Line, segment: string, counted: number): void {
  walk.message = undefined;
  const claimed = line.text.split(walk.separator)[1]?.trim() ?? '';
  if (claimed !== '' && Number(claimed) !== counted)
    throw new Hl7Fault('102', `it says ${Number(claimed)}, and there are ${counted}`, {
      segment,
      segmentIndex: 1,
      field: 1,
    });
}

// — the answer

interface BatchAnswer {
  /** The acknowledgments of each group, without MLLP framing. */
  readonly groups: readonly (readonly Uint8Array[])[];
  /** BHS-7, milliseconds since 1970. */
  readonly at: number;
  readonly newControlId: () => string;
}

/**
 * The acknowledgments of a batch, as a batch of the same shape: the parties change sides, and BHS-12 is the sender's
 * BHS-11. The server answers a batch that asks for none, and an empty batch, with an empty batch, which says that it
 * has read it.
 */
export function buildBatchAnswer(
  { file, groups }: Batch,
  { groups: answers, at, newControlId }: BatchAnswer,
): Uint8Array {
  const time = new Date(at).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '') + '+0000';
  const end = (name: string, count: number, line: string): Uint8Array =>
    fromLatin1(`${name}${separatorOf(line)}${count}\r`);
  const parts = groups.flatMap(({ header, messages }, index) => {
    const told = answers[index] ?? [];
    const line = header ?? firstLineOf(messages);
    return [answerHeader('BHS', line, time, newControlId()), ...told, end('BTS', told.length, line)];
  });
  if (file === undefined) return Buffer.concat(parts);
  return Buffer.concat([
    answerHeader('FHS', file, time, newControlId()),
    ...parts,
    end('FTS', groups.length, file),
  ]);
}

/**
 * The first line of the first message. It stands in for a batch header that is missing, because MSH-3 to MSH-6 have the
 * parties where BHS-3 to BHS-6 have them.
 */
const firstLineOf = ([message]: readonly Uint8Array[]): string =>
  /^[\s\S]*?(?=[\r\n]|$)/.exec(asLatin1(message?.subarray(0, HEADER_BYTES_MAX) ?? new Uint8Array()))?.[0] ??
  '';

/** The longest header that is read: eleven fields of names, codes and a time. */
const HEADER_BYTES_MAX = 16_384;

function answerHeader(name: 'FHS' | 'BHS', line: string, time: string, controlId: string): Uint8Array {
  const separator = separatorOf(line);
  const [, marks = '', ourApplication, ours, theirApplication, theirs, , , , , number = ''] = (
    line.length > HEADER_BYTES_MAX ? '' : line
  ).split(separator);
  const fields = [
    name,
    marks === '' ? '^~\\&' : marks,
    theirApplication,
    theirs,
    ourApplication,
    ours,
    time,
    '',
    '',
    '',
    controlId,
    line.startsWith('MSH') ? '' : number,
  ];
  while (fields.at(-1) === '') fields.pop();
  return fromLatin1(`${fields.join(separator)}\r`);
}

const separatorOf = (line: string): string => (/^.{3}[!#-/:-@[-`{-~]/.test(line) ? line.charAt(3) : '|');
