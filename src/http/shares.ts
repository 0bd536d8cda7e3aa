/**
 * Requests worked on at a time: each organization has its share, however many clients it names, and each client its part of
 * it. So one organization cannot take the whole server.
 */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Caller } from '../operations/request.ts';

interface ShareSettings {
  readonly requestsPerClientMax: number;
  readonly requestsPerOrganizationMax: number;
}

interface Shares {
  /** @throws OperationOutcomeError `too-many-requests`; nothing is taken then */
  enter(caller: Caller): void;
  leave(caller: Caller): void;
}

/** By name; a name of which nothing is worked on is not kept. */
type Counts = Map<string, number>;

const countOf = (counts: Counts, name: string): number => counts.get(name) ?? 0;

function change(counts: Counts, name: string, by: 1 | -1): void {
  const count = countOf(counts, name) + by;
  if (count > 0) counts.set(name, count);
  else counts.delete(name);
}

export function createShares({ requestsPerClientMax, requestsPerOrganizationMax }: ShareSettings): Shares {
  const organizations: Counts = new Map();
  const administrators: Counts = new Map();
  const clients: Counts = new Map();

  /** Calls `take` with the counts of whose share it is, and with its name there. */
  const ofOwner = <T>(caller: Caller, take: (counts: Counts, name: string) => T): T =>
    caller.administrator || caller.organization === undefined
      ? take(administrators, caller.client)
      : take(organizations, caller.organization);

  return {
    enter(caller) {
      if (
        ofOwner(caller, countOf) >= requestsPerOrganizationMax ||
        countOf(clients, caller.client) >= requestsPerClientMax
      )
        throw new OperationOutcomeError('too-many-requests', { retryAfter: 1 });
      ofOwner(caller, (counts, name) => change(counts, name, 1));
      change(clients, caller.client, 1);
    },
    leave(caller) {
      ofOwner(caller, (counts, name) => change(counts, name, -1));
      change(clients, caller.client, -1);
    },
  };
}

/** Whose share it is: what an administrator does for an organization is the administrator's own share. */
export const shareHolderOf = ({ administrator, organization, client }: Caller): string =>
  administrator || organization === undefined ? `administrator ${client}` : `organization ${organization}`;
