/** batch (http://hl7.org/fhir/R4/http.html#batch): entries that know nothing of each other, each a request of its own. */
import { markOfTexts } from '../../policies/labels/high-water.ts';
import { buildBundleText, type ReplyEntry } from '../../fhir/bundle.ts';
import { buildOutcome, ISSUES, OperationOutcomeError, type IssueDetail } from '../../fhir/issue.ts';
import { auditRefusal } from '../audit/audit.ts';
import { readBundleEntries, type Entry } from '../bundle/bundle-entry.ts';
import { recordAlways } from '../audit/record.ts';
import { READS, type Perform, type Reply, type Request } from '../request.ts';
import type { OperationContext } from '../context.ts';
import { textWithoutFile } from '../../ports/stored-file.ts';
import { createTurns } from '../turns.ts';

export async function performBatch(
  context: OperationContext,
  request: Request,
  perform: Perform,
): Promise<Reply> {
  const { publicBase, bundleEntriesMax, answerBytesMax } = context.settings;
  const entries: ReplyEntry[] = [];
  const turns = createTurns();
  let left = answerBytesMax;
  for (const readEntry of readBundleEntries(request, publicBase, bundleEntriesMax)) {
    const entry = await performOne(context, request, readEntry, perform, left);
    left -= entry.text?.length ?? 0;
    entries.push(entry);
    await turns.after(entry.text?.length ?? 0);
  }
  return {
    status: 200,
    text: buildBundleText({ type: 'batch-response', mark: markOfTexts(entries), entries }),
  };
}

/** What cannot be read is refused in its place, and audited: nobody performs it. */
async function performOne(
  context: OperationContext,
  outer: Request,
  read: () => Entry,
  perform: Perform,
  left: number,
): Promise<ReplyEntry> {
  try {
    const entry = read();
    if (left <= 0 && READS.has(entry.request.interaction))
      throw new OperationOutcomeError('answer-too-large');
    return fitted(await performEntry(context.settings.publicBase, entry, perform), entry, left);
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    await recordAlways(context, auditRefusal(outer, error.code));
    return refusedEntry(error);
  }
}

/** What no longer fits: a read is refused, and what was done is told without the resource. */
function fitted(answer: ReplyEntry, { request }: Entry, left: number): ReplyEntry {
  if ((answer.text?.length ?? 0) <= left) return answer;
  const { text: _text, fullUrl: _fullUrl, ...rest } = answer;
  const isRead = READS.has(request.interaction);
  if (isRead) return refusedEntry(new OperationOutcomeError('answer-too-large'));
  const { response } = rest;
  const outcome = response?.outcome ?? buildOutcome([LEFT_OUT]);
  return { ...rest, response: { status: '200', ...response, outcome } };
}

const LEFT_OUT: IssueDetail = {
  code: 'answer-too-large',
  severity: 'information',
  diagnostics: 'the server did this and leaves out the answer',
};

const refusedEntry = ({ code, outcome }: OperationOutcomeError): ReplyEntry => ({
  response: { status: String(ISSUES[code].http), outcome },
});

/** What an operation answers is not what it was invoked on. */
const addressedBy = ({ interaction, type, id }: Request): string | undefined =>
  id === undefined || interaction === 'operation' ? undefined : `${type}/${id}`;

async function performEntry(base: string, { request, method }: Entry, perform: Perform): Promise<ReplyEntry> {
  try {
    const reply = await perform(request);
    const { status, resource, version, masked, at, location, notes = [] } = reply;
    // Bytes that are in a file are read by a request of their own.
    const text = reply.text && reply.file ? textWithoutFile(reply.text) : reply.text;
    const body = text ?? (resource === undefined ? undefined : JSON.stringify(resource));
    const shown = method === 'HEAD' ? undefined : body;
    const ref = location?.split('/_history/')[0] ?? addressedBy(request);
    return {
      ...(ref !== undefined && shown !== undefined && { fullUrl: `${base}/${ref}` }),
      ...(shown !== undefined && { text: shown }),
      response: {
        status: String(status),
        location,
        version,
        ...(masked === true && { masked }),
        at,
        ...(notes.length > 0 && { outcome: buildOutcome(notes) }),
      },
    };
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    return refusedEntry(error);
  }
}
