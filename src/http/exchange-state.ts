/** An HTTP exchange on its way, as the files that work on it hand it on. */
import type { ServerResponse } from 'node:http';
import type { IssueCode } from '../fhir/issue.ts';
import type { Caller } from '../operations/request.ts';
import type { Format } from './media-type.ts';
import type { Arrival } from './read-request.ts';
import type { ReplyContext } from './reply.ts';
import type { Route } from './route.ts';

/** An exchange on its way: what the log and the metrics want to know in the end. */
export interface ExchangeState extends Arrival {
  readonly res: ServerResponse;
  readonly startedAt: number;
  asked: ReplyContext & { format: Format };
  readonly clientIp: string | undefined;
  caller: Caller | undefined;
  route: Route | undefined;
  /** The FHIR engine has it, and audits what becomes of it. */
  performed: boolean;
  /** Why it was refused: the code of the refusals table. */
  refusal: IssueCode | undefined;
}
