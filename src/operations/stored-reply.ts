/**
 * The reply to a write, in the form in which the server stores it with an Idempotency-Key and sends it again. It holds
 * pointers only: the server reads the texts again from the versions they point to.
 */
import { OperationOutcomeError, type IssueDetail } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import type { CommitKey, StampTemplate } from '../ports/store.ts';
import type { WriteResult } from './interactions/write.ts';
import type { Request } from './request.ts';

/** The result of a request, or of one entry of a Bundle, without texts. */
export type EntryResult =
  | WriteResult
  /** A read inside a bundle: the version it saw; seq 0 stands for the bundle's own. `head`: only that it is there. */
  | { readonly kind: 'read'; readonly ref: Ref; readonly seq: number; readonly head?: true }
  /** A search or a history inside a bundle: run at the committed seq. */
  | { readonly kind: 'search'; readonly url: string; readonly head?: true };

type ReplyContent =
  | { readonly kind: 'one'; readonly answer: EntryResult }
  | { readonly kind: 'bundle'; readonly answers: readonly EntryResult[] }
  | { readonly kind: 'refused'; readonly issues: readonly IssueDetail[] };

export interface StoredReply {
  readonly answered: ReplyContent;
  readonly notes: readonly IssueDetail[];
  readonly links: readonly { readonly rel: string; readonly ref: Ref }[];
}

/** The reply, with the commit that it reports. */
export type CommittedReply = StoredReply & { readonly seq: number; readonly at: string };

/** The reply as a template: the commit's seq and instant are its holes. */
export function replyTemplate(reply: StoredReply): StampTemplate {
  return { pieces: ['{"seq":', ',"at":"', `","told":${JSON.stringify(reply)}}`], holes: ['seq', 'at'] };
}

export const refusalTemplate = (error: OperationOutcomeError): StampTemplate =>
  replyTemplate({ answered: { kind: 'refused', issues: error.issues }, notes: [], links: [] });

/** @throws the stored refusal, when the first answer was one */
export function readStoredReply(text: string | undefined): CommittedReply {
  if (text === undefined) throw new Error('a replayed commit has a reply');
  const { seq, at, told: reply } = JSON.parse(text) as { seq: number; at: string; told: StoredReply }; // written by replyTemplate
  const { answered } = reply;
  if (answered.kind === 'refused') {
    const [first, ...rest] = answered.issues;
    throw first === undefined
      ? new Error('a stored refusal has issues')
      : OperationOutcomeError.of([first, ...rest]);
  }
  return { ...reply, seq, at };
}

/** The key of a request: scoped to the caller, so that nobody can probe another's keys, nor another patient's. */
export function commitKeyOf(
  { caller, idempotencyKey }: Request,
  reply: StampTemplate,
): CommitKey | undefined {
  if (idempotencyKey === undefined) return undefined;
  const { organization = '', client, patient } = caller;
  const scope = ['http', organization, client, ...(patient === undefined ? [] : [patient])].join(':');
  return { scope, ...idempotencyKey, reply };
}
