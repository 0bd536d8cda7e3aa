/** Grants in the library's words, with the launch context that we keep beside them. */
import type { Grant, Provider } from 'oidc-provider';
import { parseScope } from '../../../smart/scopes.ts';
import { keepGrantContext } from '../adapter.ts';
import type { GrantContext } from '../records.ts';
import type { Unit } from '../unit.ts';

/** What is granted, to whom, and about what. */
interface Granting {
  readonly account: string;
  readonly client: string;
  readonly granted: readonly string[];
  readonly context: GrantContext;
  /** Milliseconds since 1970, where it ends before the library's own limit. */
  readonly endsAt: number | undefined;
}

export interface Grants {
  /** Keeps a grant in the unit, within which it is called. @returns its id */
  readonly make: (provider: Provider, unit: Unit, granting: Granting) => Promise<string>;
}

/** @param base the FHIR base: the one resource of the library */
export const createGrants = (base: string): Grants => ({
  async make(provider, unit, { account, client, granted, context, endsAt }) {
    const grant: Grant = new provider.Grant({ accountId: account, clientId: client });
    const text = granted.join(' ');
    const others = granted.filter((scope) => parseScope(scope) === undefined).join(' ');
    if (others !== '') grant.addOIDCScope(others);
    // Launch and identity scopes count for the resource as well, so that every answer names the same scopes (smart 5).
    grant.addResourceScope(base, text);
    const id = await grant.save();
    await keepGrantContext(unit, id, context, endsAt);
    return id;
  },
});
