/**
 * What a Consent permits of guarded content, for the store to keep beside its denials. The same rule answers at delivery (`policies/consent/permit.ts`).
 */
import type { Ref, Resource } from '../fhir/types.ts';
import { kindOf, kindRow } from '../policies/consent/kinds.ts';
import { permitOf, type Permit } from '../policies/consent/permit.ts';
import type { PermitGrant } from '../ports/denial.ts';
import type { PartyWorld } from '../resources/party.ts';
import { findConsentAbout } from './consent-about.ts';
import type { ActiveConsent } from './consents.ts';
import { findActors, noting, withNotedActors } from './denials.ts';

/** What a Consent permits when its actors stand for these organizations, by what is known of them; undefined: nothing. */
export const permitIn = (
  consent: Resource,
  source: Ref,
  custodian: Ref | '',
  { actors, about }: Pick<PermitGrant, 'actors' | 'about'>,
): Permit | undefined =>
  permitOf(withNotedActors(consent), source, custodian, new Map(Object.entries(actors)), about);

/** What Consents permit whose actors stand for these organizations. */
export async function permitsAmong(
  consents: readonly ActiveConsent[],
  actors: ReadonlyMap<string, Ref>,
  world: Pick<PartyWorld, 'read'>,
): Promise<readonly Permit[]> {
  const permits: Permit[] = [];
  for (const { ref, custodian, consent } of consents) {
    if (!mayPermit(consent)) continue;
    const about = await findConsentAbout(consent, actors, world);
    const permit = permitOf(consent, ref, custodian, actors, about);
    if (permit !== undefined) permits.push(permit);
  }
  return permits;
}

/** The same, with the parties that the actors stand for in this world. */
export async function findGrant(
  consent: Resource | undefined,
  source: Ref,
  custodian: Ref | '',
  world: PartyWorld,
): Promise<PermitGrant | undefined> {
  if (consent?.['status'] !== 'active' || !mayPermit(consent)) return undefined;
  const foundBy = new Set<string>();
  const noted = withNotedActors(consent);
  const found = await findActors([noted], noting(world, foundBy));
  const actors = Object.fromEntries(found);
  const about = await findConsentAbout(noted, found, world);
  const permit = permitIn(consent, source, custodian, { actors, about });
  return permit && { permit, actors, about, foundBy: [...foundBy] };
}

/** No Consent without a kind permits what a guard withholds (compliance C3). */
const mayPermit = (consent: Resource): boolean => kindRow(kindOf(consent)).effect === 'permit';
