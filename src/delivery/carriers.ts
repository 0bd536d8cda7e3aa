/**
 * Who operates the way by which something is told, and whether the discloser may use it (baa-messaging BA18): a carrier that
 * sees health information works for the discloser, direct or as a subcontractor of whoever operates this server. A mere
 * conduit does not (45 CFR 160.103, business associate, (3)(i)).
 */
import { CONDUIT, carrierOfEndpoint } from '../agreements/carriers.ts';
import type { PairStanding } from '../agreements/pair.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import type { Snapshot } from '../ports/store.ts';
import { readAgreement, storedContracts } from './agreements.ts';
import { readSameEntity } from './party-facts.ts';

/** The operators of rails, by their names: the setting `carriers`. */
export type CarriersOfRails = ReadonlyMap<string, Ref>;

/** @param rows `rail=Organization/x` */
export const readCarriers = (rows: readonly string[]): CarriersOfRails =>
  new Map(
    rows.map((row) => {
      const [rail = '', carrier = ''] = row.split('=', 2);
      return [rail, carrier as Ref] as const; // the setting has that shape
    }),
  );

/** A carrier without an agreement in force. */
interface ClosedCarrier {
  readonly carrier: Ref;
  readonly standing: PairStanding;
}

/** A way out: its rail, and the Endpoint to which it leads. */
interface Way {
  readonly rail: string;
  readonly endpoint: Resource | undefined;
}

/** The first carrier of a way that the discloser may not use; undefined: it may use the way. */
export async function findClosedCarrier(
  now: Snapshot,
  { rail, endpoint }: Way,
  carriersOfRails: CarriersOfRails,
  discloser: Ref,
  at: number,
): Promise<ClosedCarrier | undefined> {
  for (const carrier of new Set([carriersOfRails.get(rail), namedCarrier(endpoint)])) {
    if (carrier === undefined || carrier === discloser) continue;
    if (await readSameEntity(now, discloser, carrier)) continue;
    const standing = await readAgreement(storedContracts(now), discloser, carrier, at);
    if (standing.state !== 'active') return { carrier, standing };
  }
  return undefined;
}

/** The carrier that an Endpoint names. It comes beside the carrier of its rail, and never instead. */
function namedCarrier(endpoint: Resource | undefined): Ref | undefined {
  const named = endpoint && carrierOfEndpoint(endpoint);
  return named === CONDUIT ? undefined : named;
}
