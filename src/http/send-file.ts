/** A file as the body of a response: by itself, or as base64 in its place of a FHIR text. Nothing holds all of it. */
import type { ServerResponse } from 'node:http';
import type { PlacedFile } from '../ports/stored-file.ts';
import type { Reply } from '../operations/request.ts';
import type { ByteRange, Files } from '../ports/files.ts';
import type { BinaryContent } from './binary.ts';
import { ClientGone } from './read-body.ts';
import {
  contentHeaders,
  headersOf,
  renderText,
  replyText,
  writeHead,
  type ReplyContext,
  type Replying,
} from './reply.ts';

type Open = Files['open'];

/** Sends the bytes in the type of the Binary, or the part of them that was asked for. Returns the status sent. */
export async function sendFile(
  res: ServerResponse,
  reply: Reply,
  {
    file,
    content,
    asked: ranges,
  }: {
    readonly file: PlacedFile;
    readonly content: Omit<BinaryContent, 'bytes'>;
    /** The header Range, where it may be heeded. */
    readonly asked: string | undefined;
  },
  open: Open,
  asked: ReplyContext,
  replying: Replying,
): Promise<number> {
  const range = asked.head ? undefined : readRange(ranges, file.size);
  const bytes = await open(file, range);
  const headers = contentHeaders(reply, content, replying);
  headers['Accept-Ranges'] = 'bytes';
  if (range !== undefined) headers['Content-Range'] = `bytes ${range.from}-${range.to - 1}/${file.size}`;
  const status = range === undefined ? reply.status : 206;
  const { from, to } = range ?? { from: 0, to: file.size };
  writeHead(res, status, headers, to - from, asked, replying);
  return stream(res, status, asked.head ? NOTHING : bytes);
}

/** Sends the text of a reply, JSON or XML, with the bytes of its file in their place. Returns the status sent. */
export async function sendFileText(
  res: ServerResponse,
  reply: Reply & { readonly file: PlacedFile },
  open: Open,
  asked: ReplyContext,
  replying: Replying,
): Promise<number> {
  const { file, status } = reply;
  const headers = headersOf(reply, replying);
  const [before = '', after = ''] = renderText(replyText(reply) ?? '', headers, asked)
    .split(file.place, 2)
    .map((text) => Buffer.from(text, 'utf8'));
  const bytes = await open(file);
  const length = before.length + Math.ceil(file.size / 3) * 4 + after.length;
  writeHead(res, status, headers, length, asked, replying);
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(before);
    yield* inBase64(bytes);
    yield Buffer.from(after);
  }
  return stream(res, status, asked.head ? NOTHING : whole());
}

const NOTHING: AsyncIterable<Uint8Array> = (async function* () {
  // nothing
})();

/** A client that takes its time holds up the file, and one that goes ends it. */
async function stream(
  res: ServerResponse,
  status: number,
  bytes: AsyncIterable<Uint8Array>,
): Promise<number> {
  for await (const chunk of bytes) {
    if (res.destroyed) throw new ClientGone();
    if (!res.write(chunk)) await drained(res);
  }
  res.end();
  return status;
}

/** Resolves when the connection takes more, or is gone. */
const drained = (res: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const goOn = (): void => {
      res.off('drain', goOn).off('close', goOn);
      resolve();
    };
    res.on('drain', goOn).on('close', goOn);
  });

/** Base64 of the whole, of pieces of any length. */
async function* inBase64(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left: Uint8Array = new Uint8Array();
  for await (const chunk of bytes) {
    const all = Buffer.concat([left, chunk]);
    const end = all.length - (all.length % 3);
    yield Buffer.from(all.toString('base64', 0, end), 'latin1');
    left = all.subarray(end);
  }
  if (left.length > 0) yield Buffer.from(Buffer.from(left).toString('base64'), 'latin1');
}

/** One part, as in `bytes=0-99`, `bytes=100-` and `bytes=-100`; anything else is answered with the whole (RFC 9110, 14.2). */
function readRange(header: string | undefined, size: number): ByteRange | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  return from < to ? { from, to } : undefined;
}
