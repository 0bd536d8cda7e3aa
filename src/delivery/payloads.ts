/**
 * The row of the payload table by which an organization is told, because of what it is (compliance M2). Kept in memory:
 * every request asks, and hardly any organization has one.
 */
import type { Ref } from '../fhir/types.ts';
import { payloadOfKinds } from '../policies/payload/index.ts';
import type { Sight } from '../ports/query.ts';
import type { Store } from '../ports/store.ts';
import { typeOf } from '../resources/element.ts';
import { readKinds } from './party-facts.ts';

export interface Payloads {
  /** As of every commit announced by `touched`: at once where it is known. Rejects when the store cannot be read. */
  of(organization: Ref): Promise<string | undefined> | string | undefined;
  /** A commit wrote these resources; those that are no Organizations are passed over. */
  touched(refs: Iterable<Ref>): void;
}

/** Organizations of which it is known. */
const KNOWN_MAX = 10_000;

export function createPayloads(store: Pick<Store, 'snapshot'>): Payloads {
  const known = new Map<Ref, string | undefined>();
  const reading = new Map<Ref, Promise<string | undefined>>();

  async function read(organization: Ref): Promise<string | undefined> {
    // Only an administrator's word makes such an organization: the default never does.
    const kinds = await readKinds(store.snapshot(), organization, organization, 'none');
    return payloadOfKinds(kinds)?.name;
  }

  function begin(organization: Ref): Promise<string | undefined> {
    const found = read(organization);
    reading.set(organization, found);
    const isCurrent = (): boolean => reading.get(organization) === found;
    return found
      .then((payload) => {
        // What was read before a commit that touched it is not kept.
        if (isCurrent()) {
          if (known.size >= KNOWN_MAX) known.clear();
          known.set(organization, payload);
        }
        return payload;
      })
      .finally(() => {
        if (isCurrent()) reading.delete(organization);
      });
  }

  return {
    of: (organization) =>
      known.has(organization) ? known.get(organization) : (reading.get(organization) ?? begin(organization)),
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
  const payload = await payloads.of(sight.organization);
  return payload === undefined ? sight : { ...sight, payload };
}
