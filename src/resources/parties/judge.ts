/** Judges a reference to a party that a client wrote: known, recognised by a number, unknown, or not usable. */
import type { Ref, Resource } from '../../fhir/types.ts';
import { localRef, valuesAt } from '../element.ts';
import { resolveParty, type PartyWorld } from '../party.ts';
import { identitySystemOf } from './identity-systems.ts';
import { mayBeSame } from './names.ts';

export type Judged =
  /** The reference names the party itself, or a resource that could be none. */
  | { readonly kind: 'plain' }
  /**
   * Recognised by a verified identifier, or by its keeper's own note. `names` are to be compared when a number led to
   * the party.
   */
  | {
      readonly kind: 'recognised';
      readonly party: Ref;
      readonly organization: Ref;
      readonly names?: { readonly given: string; readonly known: readonly string[] };
      readonly says: string;
      /** A warning: the number was replaced, and leads to the party for a year only. */
      readonly warns?: true;
    }
  /** A private Organization that stands for nobody in the register. */
  | { readonly kind: 'unknown'; readonly organization: Ref }
  | { readonly kind: 'ambiguous' | 'inactive' | 'far'; readonly says: string };

/**
 * Judges a reference.
 *
 * @param preferred the place that is meant among several places of a person
 */
export async function judgeAddressee(
  reference: unknown,
  world: PartyWorld,
  preferred: Ref | undefined,
): Promise<Judged> {
  const resolution = await resolveParty(reference, world);
  if (resolution.kind === 'nobody') return { kind: 'plain' };
  if (resolution.kind === 'far') {
    const what = localRef(reference) ?? 'The identifier';
    return { kind: 'far', says: `More than five steps lead from ${what} to its organization.` };
  }
  if (resolution.kind === 'ambiguous') return judgeSeveral(reference, resolution.places, world, preferred);
  if (resolution.kind === 'private') {
    const { organization, expired } = resolution;
    const says = `The ${expired === undefined ? '' : nameOf(expired.system)} of ${organization} is no longer in use.`;
    return expired === undefined ? { kind: 'unknown', organization } : { kind: 'inactive', says };
  }
  const { party, by, replacedBy, organization } = resolution;
  const known = await world.read(party);
  if (preferred === undefined && known?.['active'] === false) {
    return { kind: 'inactive', says: inactive(party, known) };
  }
  if (by === undefined && organization === undefined) return { kind: 'plain' };
  const what = organization ?? localRef(reference) ?? 'The identifier';
  const how = by === undefined ? 'by your note' : `by its verified ${nameOf(by.system)}`;
  const old = replacedBy && ` It was replaced by ${replacedBy.value}, and leads there for a year at most.`;
  const says = `${what} was recognised ${how} as ${party}.${old ?? ''}`;
  const own = organization === undefined ? undefined : await world.read(organization);
  const names = by && own && known ? { given: namesOf(own)[0] ?? '', known: namesOf(known) } : undefined;
  const found = { kind: 'recognised', party, organization: organization ?? party, says } as const;
  return { ...found, ...(names && { names }), ...(replacedBy && { warns: true as const }) };
}

/** Whether the name beside a number fits the party to which the number led. */
export const isPlausible = ({ names }: Extract<Judged, { readonly kind: 'recognised' }>): boolean =>
  names === undefined || names.given === '' || mayBeSame(names.given, names.known);

async function judgeSeveral(
  reference: unknown,
  places: readonly Ref[],
  world: PartyWorld,
  preferred: Ref | undefined,
): Promise<Judged> {
  const what = localRef(reference) ?? 'The identifier';
  if (preferred !== undefined) {
    if (!places.includes(preferred)) return { kind: 'plain' };
    return {
      kind: 'recognised',
      party: preferred,
      organization: preferred,
      says: `${what} acts for ${preferred}.`,
    };
  }
  const names = await Promise.all(places.map(async (place) => (await world.read(place))?.['name'] ?? place));
  const says =
    names.length === 0
      ? `${what} has identifiers of several organizations.`
      : `${what} works at: ${names.map(String).join(', ')}. Name one.`;
  return { kind: 'ambiguous', says };
}

const nameOf = (system: string): string => identitySystemOf(system)?.name ?? 'identifier';

const namesOf = (organization: Resource): readonly string[] =>
  [organization['name'], ...valuesAt(organization, 'alias')].filter((name) => typeof name === 'string');

/** The extension by which an Organization that takes no new referrals names its successor (directory DR7). */
export const REPLACED_BY = 'https://closeloop.dev/fhir/StructureDefinition/replaced-by';

function inactive(party: Ref, organization: Resource): string {
  const extensions = valuesAt(organization, 'extension') as readonly {
    url?: string;
    valueReference?: unknown;
  }[];
  const successor = localRef(extensions.find(({ url }) => url === REPLACED_BY)?.valueReference);
  return `${party} takes no new referrals${successor === undefined ? '' : `; its successor is ${successor}`}.`;
}
