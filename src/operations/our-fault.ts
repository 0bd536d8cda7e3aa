/** Failures that are the server's own. */
import { OperationOutcomeError, type IssueCode } from '../fhir/issue.ts';
import { SearchRefused } from '../ports/store.ts';

/** Whether a failure says nothing of what was written or sent, but that the server could not take it now: the same may pass later. */
export const isOurFault = (error: unknown): boolean =>
  error instanceof SearchRefused || (error instanceof OperationOutcomeError && OUR_FAULTS.has(error.code));

const OUR_FAULTS: ReadonlySet<IssueCode> = new Set([
  'storage-full',
  'storage-read-only',
  'busy',
  'commit-unsure',
  'search-too-costly',
  'page-expired',
  'server-stopping',
  'write-conflict',
]);
