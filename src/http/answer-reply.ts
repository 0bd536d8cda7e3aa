/** The reply of the FHIR engine as an HTTP response: a resource in JSON or XML, or content in a type of its own. */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Reply } from '../operations/request.ts';
import type { PlacedFile } from '../ports/stored-file.ts';
import type { Files } from '../ports/files.ts';
import { chooseContent, contentAsked, contentOfReply, mayBeContent, readContent } from './binary.ts';
import type { ExchangeState } from './exchange-state.ts';
import { formatOf } from './read-request.ts';
import { sendContent, sendReply, replyText, type Replying, type Sent } from './reply.ts';
import type { Route } from './route.ts';
import { sendFile, sendFileText } from './send-file.ts';

const WRITES: ReadonlySet<Route['interaction']> = new Set(['create', 'update', 'patch', 'bundle']);

/** Sends the reply in the form that the client wants, as far as the interaction has it. Returns the status sent. */
export const answerReply = (
  state: ExchangeState,
  reply: Reply,
  settings: Replying,
  open?: Files['open'],
): Sent =>
  answerContent(state, reply, settings, open) ??
  (open !== undefined && hasFile(reply)
    ? sendFileText(state.res, reply, open, state.asked, settings)
    : answerInFormat(state, reply, settings));

/** Whether the reply shows the bytes of its file. */
const hasFile = (reply: Reply): reply is Reply & { readonly file: PlacedFile } =>
  reply.file !== undefined && reply.text?.includes(reply.file.place) === true;

/** The reply to a write is JSON where XML cannot say it: a refusal would deny that the write was done. */
function answerInFormat({ res, asked, route: found }: ExchangeState, reply: Reply, settings: Replying): Sent {
  try {
    return sendReply(res, reply, asked, settings);
  } catch (error) {
    const inexpressible = error instanceof OperationOutcomeError && error.code === 'xml-inexpressible';
    if (!inexpressible || found === undefined || !WRITES.has(found.interaction)) throw error;
    return sendReply(res, reply, { ...asked, format: 'json' }, settings);
  }
}

/** A Binary in its own type, or in the format that its type leaves (http://hl7.org/fhir/R4/binary.html#rest). */
function answerContent(
  state: ExchangeState,
  reply: Reply,
  settings: Replying,
  open: Files['open'] | undefined,
): Sent | undefined {
  const { req, res, asked, route: found, target } = state;
  if (found === undefined || !mayBeContent(found)) return undefined;
  const named = contentAsked(found, formatOf(target.queryText));
  if (named !== undefined) return answerOperation(state, reply, settings, named);
  if (asksForParts(target.queryText)) return undefined;
  if (found.interaction === 'operation') return answerOperation(state, reply, settings, req.headers.accept);
  const text = reply.status === 200 ? replyText(reply) : undefined;
  if (text === undefined) return undefined;
  const content = readContent(text);
  const choice = chooseContent(req.headers.accept, content.contentType);
  if (choice === 'content') {
    if (open === undefined || !hasFile(reply)) return sendContent(res, reply, content, asked, settings);
    // A weak ETag cannot say that the rest still belongs to the part that a client has.
    const range = req.headers['if-range'] === undefined ? req.headers.range : undefined;
    return sendFile(res, reply, { file: reply.file, content, asked: range }, open, asked, settings);
  }
  asked.format = choice;
  return undefined;
}

/** The answer of an operation in a type of its own, where its client wants that. */
function answerOperation(
  { res, asked }: ExchangeState,
  reply: Reply,
  settings: Replying,
  accept: string | undefined,
): Sent | undefined {
  if (reply.content === undefined) return undefined;
  const content = contentOfReply(accept, reply.content);
  if (typeof content !== 'string') return sendContent(res, reply, content, asked, settings);
  asked.format = content;
  return undefined;
}

/** Parts of a resource, or a format by name: no content then. */
const asksForParts = (queryText: string): boolean => /(?:^|&)_(?:summary|elements|format)=/.test(queryText);
