/**
 * Requests worked on at a time: each organization has its share, however many clients it names, and each client its part of
 * it. So one organization cannot take the whole server.
 */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Caller } from '../operations/request.ts';

export interface ShareSettings {
  readonly requestsPerClientMax: number;
  readonly requestsPerOrganizationMax: number;
}

export interface Shares {
  /** @throws OperationOutcomeError `too-many-requests`; nothing is taken then */
  enter(caller: Caller): void;
  leave(caller: Caller): void;
}

export function createShares({ requestsPerClientMax, requestsPerOrganizationMax }: ShareSettings): Shares {
  const counts = new Map<string, number>();
  return {
    enter(caller) {
      const places = [
        [organizationOf(caller), requestsPerOrganizationMax],
        [clientOf(caller), requestsPerClientMax],
      ] as const;
      if (places.some(([name, max]) => (counts.get(name) ?? 0) >= max))
        throw new OperationOutcomeError('too-many-requests', { retryAfter: 1 });
      for (const [name] of places) counts.set(name, (counts.get(name) ?? 0) + 1);
    },
    leave(caller) {
      for (const name of [organizationOf(caller), clientOf(caller)]) {
        const count = (counts.get(name) ?? 0) - 1;
        if (count > 0) counts.set(name, count);
        else counts.delete(name);
      }
    },
  };
}

/** Whose share it is: what an administrator does for an organization is the administrator's own share. */
export const organizationOf = ({ administrator, organization, client }: Caller): string =>
  administrator || organization === undefined ? `administrator ${client}` : `organization ${organization}`;

const clientOf = ({ client }: Caller): string => `client ${client}`;
