/**
 * What a Consent denies, for the store to keep beside reach: of whose resources, about which patient, with the organizations
 * that its actors stand for. The same rule answers at delivery (`policies/patient-consent.ts`).
 */
import type { Ref, Resource } from '../fhir/types.ts';
import { REFERRAL_PURPOSE, restrictionOf } from '../policies/index.ts';
import type { Denial } from '../ports/denial.ts';
import { localRef, mapValuesAt, valuesAt } from '../resources/element.ts';
import { frozenParty, partyIn, resolveParty, type PartyWorld } from '../resources/party.ts';
import { activeFor, isOwnWord } from './consents.ts';

/** What a Consent denies when its actors stand for these organizations; undefined: nothing, or its word does not count. */
export function denialOf(
  consent: Resource,
  custodian: Ref | '',
  actors: Readonly<Record<string, Ref>>,
): Pick<Denial, 'patient' | 'keeper' | 'restriction'> | undefined {
  const patient = activeFor(consent);
  const isOwn = isOwnWord(consent);
  if (patient === undefined || (custodian === '' && !isOwn)) return undefined;
  const parties = new Map(Object.entries(actors));
  const restriction = restrictionOf(withNotedActors(consent), REFERRAL_PURPOSE, parties);
  if (restriction === undefined) return undefined;
  return { patient, ...(custodian !== '' && !isOwn && { keeper: custodian }), restriction };
}

/** The same, with the parties that the actors stand for in this world. */
export async function findDenial(
  consent: Resource | undefined,
  custodian: Ref | '',
  world: PartyWorld,
): Promise<Denial | undefined> {
  if (consent === undefined || denialOf(consent, custodian, {}) === undefined) return undefined;
  const foundBy = new Set<string>();
  const found = await findActors([withNotedActors(consent)], noting(world, foundBy));
  const actors = Object.fromEntries(found);
  const denial = denialOf(consent, custodian, actors);
  return denial && { ...denial, actors, foundBy: [...foundBy] };
}

/** The Consent with the party that was found behind an actor when it was written, in place of what its writer said. */
export const withNotedActors = (consent: Resource): Resource =>
  mapValuesAt(consent, 'provision*.actor.reference', (reference) => {
    const party = frozenParty(reference);
    return party === undefined ? reference : { reference: party };
  });

/** The organizations that the actors of Consents stand for, by their references. */
export async function findActors(
  consents: readonly Resource[],
  world: PartyWorld,
): Promise<ReadonlyMap<string, Ref>> {
  const named = new Set(consents.flatMap(actorsOf));
  const actors = new Map<string, Ref>();
  for (const ref of named) {
    const party = partyIn(await resolveParty({ reference: ref }, world));
    if (party !== undefined) actors.set(ref, party);
  }
  return actors;
}

/** Actors of a provision and of the exceptions within it. */
function actorsOf(consent: unknown): readonly Ref[] {
  const provisions = valuesAt(consent, 'provision');
  return provisions.flatMap((provision) => [
    ...valuesAt(provision, 'actor.reference').flatMap((actor) => localRef(actor) ?? []),
    ...actorsOf(provision),
  ]);
}

/** A world that notes what is asked of it: {@link Denial.foundBy}. */
export function noting(world: PartyWorld, names: Set<string>): PartyWorld {
  return {
    read(ref) {
      names.add(ref);
      return world.read(ref);
    },
    rolesOf(practitioner) {
      names.add(practitioner);
      return world.rolesOf(practitioner);
    },
    row(kind, identity) {
      names.add(foundByRow(kind, identity));
      return world.row(kind, identity);
    },
  };
}

/** The name of a row of the register among what parties are found by. */
export const foundByRow = (
  kind: string,
  { system, value }: { readonly system: string; readonly value: string },
): string => `${kind} ${system}|${value}`;
