/** What became of one write, read or search: the version that an answer stands for, and what is said beside it. */
import { EVERYTHING } from '../ports/query.ts';
import { buildOutcome, type IssueDetail } from '../fhir/issue.ts';
import type { OperationOutcome, Ref } from '../fhir/types.ts';
import { stampText, type StampTemplate } from '../ports/store.ts';
import type { OperationContext } from './context.ts';
import type { EntryResult, CommittedReply } from './stored-reply.ts';

export type Templates = ReadonlyMap<Ref, StampTemplate>;

/** One version as an answer holds it. */
export interface ResultVersion {
  readonly status: number;
  readonly ref?: Ref;
  readonly seq?: number;
  readonly at?: string;
  /** Undefined where nothing is left to show (a delete). */
  readonly text?: string | undefined;
  /** Who keeps it, where it was there before. */
  readonly custodian?: Ref | '' | undefined;
}

/** The version that an answer stands for, with its text: stamped just now, or read again. */
export async function readResult(
  { store }: OperationContext,
  reply: CommittedReply,
  result: EntryResult,
  templates: Templates,
): Promise<ResultVersion> {
  switch (result.kind) {
    case 'nothing':
      return { status: result.status };
    case 'planned':
      return result.status === 204
        ? { status: 204, ref: result.ref, seq: reply.seq, at: reply.at }
        : readOwn(store, reply, result.status, result.ref, templates);
    case 'read':
      return result.seq === 0
        ? readOwn(store, reply, 200, result.ref, templates)
        : readVersion(store, 200, result.ref, result.seq);
    case 'existing':
      return readVersion(store, 200, result.ref, result.seq);
    default:
      throw new Error('a search is run, not read');
  }
}

/** A version of the told commit itself. */
async function readOwn(
  store: OperationContext['store'],
  { seq, at }: CommittedReply,
  status: number,
  ref: Ref,
  templates: Templates,
): Promise<ResultVersion> {
  const template = templates.get(ref);
  if (template === undefined) return readVersion(store, status, ref, seq);
  return { status, ref, seq, at, text: stampText(template, seq, at) };
}

async function readVersion(
  store: OperationContext['store'],
  status: number,
  ref: Ref,
  seq: number,
): Promise<ResultVersion> {
  const version = await store.snapshot().vread(ref, seq, EVERYTHING);
  return { status, ref, seq, at: version?.at ?? '', text: version?.text, custodian: version?.custodian };
}

/** What was said beside success; "all well" when nothing was. */
export function outcomeOf(notes: readonly IssueDetail[]): OperationOutcome {
  if (notes.length > 0) return buildOutcome(notes);
  const issue = { severity: 'information', code: 'informational', diagnostics: 'done as asked' } as const;
  return { resourceType: 'OperationOutcome', issue: [issue] };
}
