/**
 * As what an organization is told, because of what it is: the row of the payload table (compliance M2), and whether it works for
 * others, so that it is told under agreements alone (baa-messaging BA13). What it is is kept in memory, because every request
 * asks and hardly any organization is one of these; with whom an agreement is in force is asked anew each time (BA5).
 */
import { readsUnderAgreement } from '../agreements/applies.ts';
import type { Ref } from '../fhir/types.ts';
import { payloadOfKinds } from '../policies/payload/index.ts';
import type { Clock } from '../ports/clock.ts';
import type { OpenAgreements, Sight } from '../ports/query.ts';
import type { Store } from '../ports/store.ts';
import { typeOf } from '../resources/element.ts';
import { withAgreements } from './agreement-sight.ts';
import { openAssociations, storedContracts } from './agreements.ts';
import { readKinds } from './party-facts.ts';

/** What an organization is to those who tell it something. */
interface ToldAs {
  /** The row of the payload table. */
  readonly payload?: string;
  /** It works for others, and does nothing for itself. */
  readonly associate: boolean;
}

export interface Payloads {
  /** As of every commit announced by `touched`: at once where it is known. Rejects when the store cannot be read. */
  of(organization: Ref): Promise<ToldAs> | ToldAs;
  /** With whom the agreements of an associate are in force, as of now. */
  agreementsOf(organization: Ref): Promise<OpenAgreements>;
  /** A commit wrote these resources; those that are no Organizations are passed over. */
  touched(refs: Iterable<Ref>): void;
}

/** Organizations of which it is known. */
const KNOWN_MAX = 10_000;

export function createPayloads(store: Pick<Store, 'snapshot'>, clock: Clock): Payloads {
  const known = new Map<Ref, ToldAs>();
  const reading = new Map<Ref, Promise<ToldAs>>();

  async function read(organization: Ref): Promise<ToldAs> {
    // Only an administrator's word makes such an organization: the default never does.
    const kinds = await readKinds(store.snapshot(), organization, organization, 'none');
    const payload = payloadOfKinds(kinds)?.name;
    return { ...(payload !== undefined && { payload }), associate: readsUnderAgreement(kinds) };
  }

  function begin(organization: Ref): Promise<ToldAs> {
    const found = read(organization);
    reading.set(organization, found);
    const isCurrent = (): boolean => reading.get(organization) === found;
    return found
      .then((toldAs) => {
        // What was read before a commit that touched it is not kept.
        if (isCurrent()) {
          if (known.size >= KNOWN_MAX) known.clear();
          known.set(organization, toldAs);
        }
        return toldAs;
      })
      .finally(() => {
        if (isCurrent()) reading.delete(organization);
      });
  }

  return {
    of: (organization) => known.get(organization) ?? reading.get(organization) ?? begin(organization),
    async agreementsOf(organization) {
      const contracts = storedContracts(store.snapshot());
      return { open: await openAssociations(contracts, organization, clock.now()) };
    },
    touched(refs) {
      for (const ref of refs) {
        if (typeOf(ref) !== 'Organization') continue;
        known.delete(ref);
        reading.delete(ref);
      }
    },
  };
}

/** The sight of a receiver, limited to what it is told as of now. */
export async function asTold(payloads: Payloads, sight: Sight): Promise<Sight> {
  if (sight.everything) return sight;
  const { payload, associate } = await payloads.of(sight.organization);
  const told = payload === undefined ? sight : { ...sight, payload };
  return associate ? withAgreements(told, await payloads.agreementsOf(sight.organization)) : told;
}
