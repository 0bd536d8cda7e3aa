/**
 * What a writing request was told, in a form that can be kept with its Idempotency-Key and told again. Pointers only:
 * the texts are read again from the versions they point to.
 */
import { OperationOutcomeError, type IssueDetail } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import type { CommitKey, Template } from '../ports/store.ts';
import type { Answer } from './interactions/write.ts';
import type { Request } from './request.ts';

/** An answer that needs no text to be kept. */
export type KeptAnswer =
  | Answer
  /** A read inside a bundle: the version it saw; seq 0 stands for the bundle's own. `head`: only that it is there. */
  | { readonly kind: 'read'; readonly ref: Ref; readonly seq: number; readonly head?: true }
  /** A search or a history inside a bundle: run at the committed seq. */
  | { readonly kind: 'search'; readonly url: string; readonly head?: true };

export type Answered =
  | { readonly kind: 'one'; readonly answer: KeptAnswer }
  | { readonly kind: 'bundle'; readonly answers: readonly KeptAnswer[] }
  | { readonly kind: 'refused'; readonly issues: readonly IssueDetail[] };

export interface Told {
  readonly answered: Answered;
  readonly notes: readonly IssueDetail[];
  readonly links: readonly { readonly rel: string; readonly ref: Ref }[];
}

/** With the commit that it was told of. */
export type ToldOf = Told & { readonly seq: number; readonly at: string };

/** Told as a template: the commit's seq and instant are its holes. */
export function keptReply(told: Told): Template {
  return { pieces: ['{"seq":', ',"at":"', `","told":${JSON.stringify(told)}}`], holes: ['seq', 'at'] };
}

export const refusedReply = (error: OperationOutcomeError): Template =>
  keptReply({ answered: { kind: 'refused', issues: error.issues }, notes: [], links: [] });

/** @throws the kept refusal, when the first answer was one */
export function readKept(reply: string | undefined): ToldOf {
  if (reply === undefined) throw new Error('a replayed commit has a reply');
  const { seq, at, told } = JSON.parse(reply) as { seq: number; at: string; told: Told }; // written by keptReply
  const { answered } = told;
  if (answered.kind === 'refused') {
    const [first, ...rest] = answered.issues;
    throw first === undefined
      ? new Error('a kept refusal has issues')
      : OperationOutcomeError.of([first, ...rest]);
  }
  return { ...told, seq, at };
}

/** The key of a request: scoped to the caller, so that nobody can probe another's keys, nor another patient's. */
export function keyOf({ caller, idempotencyKey }: Request, reply: Template): CommitKey | undefined {
  if (idempotencyKey === undefined) return undefined;
  const { organization = '', client, patient } = caller;
  const scope = ['http', organization, client, ...(patient === undefined ? [] : [patient])].join(':');
  return { scope, ...idempotencyKey, reply };
}
