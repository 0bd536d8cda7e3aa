/** The response to a transaction (http://hl7.org/fhir/R4/http.html#transaction-response). */
import { markOfTexts } from '../../policies/labels/high-water.ts';
import { buildBundleText, type ReplyEntry } from '../../fhir/bundle.ts';
import { ISSUES, OperationOutcomeError, type IssueDetail } from '../../fhir/issue.ts';
import { readQuestion } from './bundle-route.ts';
import { performHistoryAsOf } from '../interactions/history.ts';
import { performSystemSearchAsOf } from '../interactions/search-system.ts';
import { performSearchAsOf } from '../interactions/search.ts';
import { outcomeOf, readResult, type ResultVersion, type Templates } from '../result-version.ts';
import type { Reply, Request } from '../request.ts';
import type { OperationContext } from '../context.ts';
import { noticeOfReply, type ToldAlone } from '../notice.ts';
import { showResult } from '../show.ts';
import type { EntryResult, CommittedReply } from '../stored-reply.ts';

const WORDS: Readonly<Record<number, string>> = { 200: '200 OK', 201: '201 Created', 204: '204 No Content' };

export async function bundleReply(
  context: OperationContext,
  request: Request,
  reply: CommittedReply,
  answers: readonly EntryResult[],
  templates: Templates,
): Promise<Reply> {
  const entries: ReplyEntry[] = [];
  const notes = Map.groupBy(reply.notes, entryMeant);
  for (const [index, result] of answers.entries()) {
    const own = { ...reply, notes: notes.get(index) ?? [] };
    const entry =
      result.kind === 'search'
        ? await searchEntry(context, request, reply, result.url)
        : await readEntry(context, request, own, result, templates);
    entries.push('head' in result ? { ...entry, text: undefined } : entry);
  }
  return {
    status: 200,
    text: buildBundleText({ type: 'transaction-response', mark: markOfTexts(entries), entries }),
  };
}

async function readEntry(
  context: OperationContext,
  request: Request,
  reply: CommittedReply,
  result: EntryResult,
  templates: Templates,
): Promise<ReplyEntry> {
  const version = await readResult(context, reply, result, templates);
  const { notice } = await noticeOfReply(context, request.caller, version);
  return entryOf(context, request, reply, result, { ...version, notice });
}

/** A note beside success names the entry that it is about. */
function entryMeant({ expression = [] }: IssueDetail): number {
  const place = expression.find((one) => one.startsWith('Bundle.entry['));
  return place === undefined ? -1 : Number.parseInt(place.slice('Bundle.entry['.length), 10);
}

function entryOf(
  { settings }: OperationContext,
  { prefer, caller }: Request,
  reply: CommittedReply,
  { kind }: EntryResult,
  { status, ref, seq, at, text, custodian, notice }: ResultVersion & Pick<ToldAlone, 'notice'>,
): ReplyEntry {
  const wanted = kind === 'read' || prefer.return === undefined || prefer.return === 'representation';
  const shown =
    wanted && text !== undefined && ref !== undefined
      ? showResult({ ref, text, custodian, notice }, caller)
      : undefined;
  const done = kind === 'planned' && prefer.return === 'OperationOutcome';
  const outcome = kind !== 'read' && (done || reply.notes.length > 0) ? outcomeOf(reply.notes) : undefined;
  return {
    ...(ref !== undefined && status !== 204 && { fullUrl: `${settings.publicBase}/${ref}` }),
    ...(shown && { text: shown.text }),
    response: {
      status: WORDS[status] ?? String(status),
      ...(kind !== 'read' && ref !== undefined && status !== 204 && { location: `${ref}/_history/${seq}` }),
      version: seq,
      ...(shown?.masked === true && { masked: true }),
      at: at === '' ? undefined : at,
      outcome,
    },
  };
}

type Answering = (context: OperationContext, request: Request, seq: number) => Promise<Reply>;

function answerOf(interaction: Request['interaction']): Answering {
  if (interaction === 'search-type') return performSearchAsOf;
  if (interaction !== 'search-system') return performHistoryAsOf;
  return (context, request, asOf) => performSystemSearchAsOf(context, request, { asOf, offsets: [] });
}

/**
 * A search inside a transaction sees the transaction's writes (rules 3.9). These are on disk, even when the search
 * fails.
 */
async function searchEntry(
  context: OperationContext,
  request: Request,
  reply: CommittedReply,
  url: string,
): Promise<ReplyEntry> {
  try {
    const asked = readQuestion(request, url);
    const found = await answerOf(asked.interaction)(context, asked, reply.seq);
    return { text: found.text, response: { status: '200 OK' } };
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    return { response: { status: String(ISSUES[error.code].http), outcome: error.outcome } };
  }
}
