/** The guard of outgoing connections for tests: lists written by hand, and names that resolve as the test says. */
import { createGuard, type Guard, type Resolve } from '../src/outgoing/guard.ts';
import { createHttpClient } from '../src/outgoing/http.ts';
import type { HttpClient, ConnectionPurpose } from '../src/ports/outgoing.ts';
import { parseAllowed } from '../src/resources/outgoing-address.ts';

export interface Guarding {
  readonly purpose?: ConnectionPurpose;
  readonly allowList?: readonly string[];
  readonly plainToPublic?: boolean;
  readonly resolve?: Resolve;
  readonly ca?: string | undefined;
  readonly connectTimeoutMs?: number;
}

export function guardOf({ purpose = 'rest-hook', allowList = [], resolve, ...rest }: Guarding): Guard {
  return createGuard({
    allowed: allowList.flatMap((entry) => parseAllowed(entry, purpose) ?? []),
    plainToPublic: rest.plainToPublic ?? true,
    connectTimeoutMs: rest.connectTimeoutMs ?? 5000,
    resolve,
  });
}

export const httpOf = (guarding: Guarding): HttpClient =>
  createHttpClient(guardOf(guarding), guarding.purpose ?? 'rest-hook', { ca: guarding.ca });
