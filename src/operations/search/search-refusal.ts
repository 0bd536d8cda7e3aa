/** The refusals for searches that the store ended. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { SearchRefused } from '../../ports/store.ts';

/** For `catch`: throws the refusal for the client; passes on any other error. */
export function searchRefusal(error: unknown): never {
  if (!(error instanceof SearchRefused)) throw error;
  switch (error.reason) {
    case 'expired':
      throw new OperationOutcomeError('page-expired');
    case 'too-costly':
      throw new OperationOutcomeError('search-too-costly', { retryAfter: 60 });
    case 'too-busy':
      throw new OperationOutcomeError('busy', { retryAfter: 1 });
    case 'aborted':
      throw new OperationOutcomeError('server-stopping', { diagnostics: 'the request was ended' });
  }
}

/** A search that the store ended is a refusal, whoever searched: a rule, a condition, a policy or an include. */
export function refusalOfFault(fault: unknown): unknown {
  try {
    return searchRefusal(fault);
  } catch (error) {
    return error;
  }
}
