/**
 * Who operates the way by which something is told, and whether the discloser may use it (baa-messaging BA18): a carrier that
 * sees health information works for the discloser, direct or as a subcontractor of whoever operates this server, under an
 * agreement that names the service. A mere conduit does not (45 CFR 160.103, business associate, (3)(i)).
 */
import { CONDUIT, CONDUITS, carrierOfEndpoint, servicesOfWay } from '../agreements/carriers.ts';
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

/** Who operates a way, and how the discloser stands with it. */
export interface WayCarrier {
  readonly carrier: Ref;
  readonly standing: PairStanding;
}

/** A way out: its rail, and the Endpoint to which it leads. */
interface Way {
  readonly rail: string;
  readonly endpoint: Resource | undefined;
}

/** Who operates a way, and whether the discloser may use it. */
export interface WayStanding {
  /** Those that work for the discloser: none where it is a conduit, or the discloser's own. */
  readonly carriers: readonly WayCarrier[];
  /** Who has no agreement; `nobody` is named who runs a way that is no conduit. Undefined: it may be used. */
  readonly closed: WayCarrier | 'nobody' | undefined;
}

export async function readWay(
  now: Snapshot,
  { rail, endpoint }: Way,
  carriersOfRails: CarriersOfRails,
  discloser: Ref,
  at: number,
): Promise<WayStanding> {
  const named = [carriersOfRails.get(rail), namedCarrier(endpoint)].filter((one) => one !== undefined);
  const carriers: WayCarrier[] = [];
  for (const carrier of new Set(named)) {
    if (carrier === discloser || (await readSameEntity(now, discloser, carrier))) continue;
    carriers.push({ carrier, standing: await readCarrierStanding(now, discloser, carrier, rail, at) });
  }
  if (named.length === 0 && !CONDUITS.has(rail)) return { carriers, closed: 'nobody' };
  return { carriers, closed: carriers.find(({ standing }) => standing.state !== 'active') };
}

/** How a discloser stands with whoever runs a rail, for any of the services that this is. */
async function readCarrierStanding(
  now: Snapshot,
  discloser: Ref,
  carrier: Ref,
  rail: string,
  at: number,
): Promise<PairStanding> {
  const standings: PairStanding[] = [];
  for (const service of servicesOfWay(rail)) {
    const standing = await readAgreement(storedContracts(now), discloser, carrier, at, service);
    if (standing.state === 'active') return standing;
    standings.push(standing);
  }
  // The one that says most of why it does not do.
  const said = standings.find(({ state }) => state !== 'none') ?? standings[0];
  if (said === undefined) throw new Error('whoever runs a way does a service');
  return said;
}

/** The carrier that an Endpoint names. It comes beside the carrier of its rail, and never instead. */
function namedCarrier(endpoint: Resource | undefined): Ref | undefined {
  const named = endpoint && carrierOfEndpoint(endpoint);
  return named === CONDUIT ? undefined : named;
}
