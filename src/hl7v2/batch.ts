/**
 * Batches (HL7 v2.5.1, 2.10.3): `[FHS] { [BHS] { message } [BTS] } [FTS]`, taken apart into messages, byte for byte. Works
 * on bytes because each message may have a character set of its own.
 */
import { Buffer } from 'node:buffer';
import { asLatin1, fromLatin1 } from './charset.ts';
import { Hl7Fault } from './fault.ts';
import { prefixOf, splitLines, type Line } from './lines.ts';

/** What came together. */
export interface Batch {
  /** The line of FHS, without what ends it; undefined for no file. */
  readonly file: string | undefined;
  readonly groups: readonly Group[];
}

/** Messages between a BHS and its BTS, or that stand without. */
export interface Group {
  /** The line of BHS. */
  readonly header: string | undefined;
  readonly messages: readonly Uint8Array[];
}

/** The messages of a batch; of a single message, itself. Throws as {@link openBatch} does. */
export const splitBatch = (bytes: Uint8Array): readonly Uint8Array[] =>
  openBatch(bytes).groups.flatMap(({ messages }) => messages);

/**
 * A batch taken apart. Throws {@link Hl7Fault} when there is no message, when there are more than {@link MESSAGES_MAX}, when
 * a line belongs to none, and when a trailer counted otherwise (BTS-1, FTS-1): what arrived is then not what was sent.
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
    inBatch: 0,
    batches: 0,
    all: 0,
    separator: '|',
  };
  for (const line of splitLines(source, start)) (STEPS[line.text.slice(0, 3)] ?? addLine)(walk, line);
  if (walk.all === 0) throw new Hl7Fault('100', 'there is no message');
  const groups = walk.groups.map(({ header, messages }) => ({
    header,
    messages: messages.map((lines) => fromLatin1(lines.join(''))),
  }));
  return { file: walk.file, groups };
}

/** Messages of one batch: each is decided and answered before the next frame of its connection is. */
export const MESSAGES_MAX = 1000;

const UTF8_MARK = '\xef\xbb\xbf';
const HEADER_INSIDE = /[\r\n](?:MSH|FHS|BHS|BTS|FTS)/;

interface Walk {
  file: string | undefined;
  readonly groups: { readonly header: string | undefined; readonly messages: string[][] }[];
  /** The message being read; undefined outside of one. */
  message: string[] | undefined;
  /** Messages since the last BHS. */
  inBatch: number;
  batches: number;
  all: number;
  /** Of the header segment before. */
  separator: string;
}

const STEPS: Readonly<Record<string, (walk: Walk, line: Line) => void>> = {
  FHS: openFile,
  BHS: openGroup,
  MSH: openMessage,
  BTS: (walk, line) => checkCount(walk, line, 'BTS', walk.inBatch),
  FTS: (walk, line) => checkCount(walk, line, 'FTS', Math.max(walk.batches, 1)),
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

function openMessage(walk: Walk, line: Line): void {
  if (walk.all === MESSAGES_MAX)
    throw new Hl7Fault('104', `there are more than ${MESSAGES_MAX} messages in the batch`);
  if (walk.groups.length === 0) walk.groups.push({ header: undefined, messages: [] });
  walk.message = [line.text, line.end];
  walk.groups.at(-1)?.messages.push(walk.message);
  walk.inBatch += 1;
  walk.all += 1;
}

function addLine({ message }: Walk, line: Line): void {
  if (message === undefined)
    throw new Hl7Fault('100', 'there is a line in the batch that belongs to no message');
  message.push(line.text, line.end);
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

export interface BatchAnswer {
  /** What the acknowledgments of each group are, framed by nothing. */
  readonly groups: readonly (readonly Uint8Array[])[];
  /** BHS-7, milliseconds since 1970. */
  readonly at: number;
  readonly newControlId: () => string;
}

/**
 * The acknowledgments of a batch, as a batch of the same shape: the parties change sides, and BHS-12 is their BHS-11. A batch
 * that asks for none is answered by an empty one: it was read.
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

/** Whoever is answered without a batch header is known by the first message: MSH-3 to MSH-6 stand where BHS-3 to BHS-6 do. */
const firstLineOf = ([message]: readonly Uint8Array[]): string =>
  /^[\s\S]*?(?=[\r\n]|$)/.exec(asLatin1(message?.subarray(0, HEADER_BYTES_MAX) ?? new Uint8Array()))?.[0] ??
  '';

/** No header is longer: eleven fields of names and codes and a time. */
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
