/** What a refused token means to endpoints that answer in words of OAuth. */
import { OperationOutcomeError } from '../../fhir/issue.ts';

/**
 * The result of `work`; undefined where the server refused it. A fault of the server, such as a store that does not answer, is
 * thrown: nobody may be told of it that a token has ended.
 */
export async function unlessRefused<T>(work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OperationOutcomeError) return undefined;
    throw error;
  }
}
