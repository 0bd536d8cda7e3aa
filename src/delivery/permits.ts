/**
 * What a Consent permits of guarded content, for the store to keep beside its denials, and what is known of those whom it
 * names. The same rule answers at delivery (`policies/consent/permit.ts`).
 */
import type { Address, Ref, Resource } from '../fhir/types.ts';
import type { ConsentAbout } from '../policies/consent/elements.ts';
import { kindOf, kindRow } from '../policies/consent/kinds.ts';
import { signersFor } from '../policies/consent/minors.ts';
import { permitOf, type Permit } from '../policies/consent/permit.ts';
import type { PartyKind } from '../policies/party-kind.ts';
import type { Grant } from '../ports/denial.ts';
import { localRef } from '../resources/element.ts';
import type { PartyWorld } from '../resources/party.ts';
import { findActors, noting, withNotedActors } from './denials.ts';

/** What a grant is found with: who stands for whom, and what parties are. */
interface GrantWorld extends PartyWorld {
  readonly kindsOf: (party: Ref) => Promise<readonly PartyKind[] | undefined>;
}

/** What a Consent permits when its actors stand for these organizations, by what is known of them; undefined: nothing. */
export const permitIn = (
  consent: Resource,
  source: Ref,
  custodian: Ref | '',
  { actors, about }: Pick<Grant, 'actors' | 'about'>,
): Permit | undefined =>
  permitOf(withNotedActors(consent), source, custodian, new Map(Object.entries(actors)), about);

/** The same, with the parties that the actors stand for in this world. */
export async function findGrant(
  consent: Resource | undefined,
  source: Ref,
  custodian: Ref | '',
  world: GrantWorld,
): Promise<Grant | undefined> {
  if (consent?.['status'] !== 'active' || !mayPermit(consent)) return undefined;
  const foundBy = new Set<string>();
  const actors = Object.fromEntries(await findActors([withNotedActors(consent)], noting(world, foundBy)));
  const about = await readAbout(consent, actors, world);
  const permit = permitIn(consent, source, custodian, { actors, about });
  return permit && { permit, actors, about, foundBy: [...foundBy] };
}

/** No Consent without a kind permits what a guard withholds (compliance C3). */
const mayPermit = (consent: Resource): boolean => kindRow(kindOf(consent)).effect === 'permit';

/** What is known of those whom a Consent names: whether its patient was a minor when it was signed, and what others are. */
async function readAbout(
  consent: Resource,
  actors: Readonly<Record<string, Ref>>,
  { read, kindsOf }: GrantWorld,
): Promise<ConsentAbout> {
  if (!kindOf(consent).startsWith('part2-')) return {};
  const patient = localRef(consent['patient']);
  const minor = isMinor(patient === undefined ? undefined : await read(patient), String(consent['dateTime']));
  const intermediaries: Ref[] = [];
  let uncovered = true;
  for (const [named, party] of Object.entries(actors)) {
    const kinds = await kindsOf(party);
    if (kinds?.includes('intermediary') === true) intermediaries.push(named as Ref); // an actor's local reference
    if (kinds === undefined || kinds.some((kind) => COVERED.has(kind))) uncovered = false;
  }
  return {
    ...(minor && { minor }),
    ...(intermediaries.length > 0 && { intermediaries }),
    ...(uncovered && Object.keys(actors).length > 0 && { uncovered }),
  };
}

const COVERED: ReadonlySet<PartyKind> = new Set<PartyKind>(['provider', 'health-plan', 'business-associate']);

function isMinor(patient: Resource | undefined, signed: string): boolean {
  const { birthDate, address } = (patient ?? {}) as {
    readonly birthDate?: string;
    readonly address?: readonly Address[];
  }; // validated structure
  const age = birthDate === undefined ? undefined : yearsBetween(birthDate, signed);
  return signersFor({ age, state: address?.[0]?.state }) === 'both';
}

/** Whole years from a date to another; a date that is not exact counts as its beginning, which makes nobody younger. */
function yearsBetween(from: string, to: string): number | undefined {
  const [[year = Number.NaN, month = 1, day = 1], [then = Number.NaN, thenMonth = 1, thenDay = 1]] = [
    from,
    to,
  ].map((text) => text.slice(0, 10).split('-').map(Number)) as [number[], number[]];
  const years = then - year - (thenMonth < month || (thenMonth === month && thenDay < day) ? 1 : 0);
  return Number.isNaN(years) ? undefined : years;
}
