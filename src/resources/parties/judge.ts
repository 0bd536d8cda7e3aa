/** What a reference to a party comes to for whoever writes it: known, recognised by a number, unknown, or not to be used. */
import type { Ref, Resource } from '../../fhir/types.ts';
import { localRef, valuesAt } from '../element.ts';
import { resolveParty, type PartyWorld } from '../party.ts';
import { identitySystemOf } from './identity-systems.ts';
import { mayBeSame } from './names.ts';

export type Judged =
  /** The reference names the party itself, or nobody that could be one. */
  | { readonly kind: 'plain' }
  /** By a verified identifier, or by its keeper's own note; `names` are to be compared where a number led there. */
  | {
      readonly kind: 'recognised';
      readonly party: Ref;
      readonly organization: Ref;
      readonly names?: { readonly given: string; readonly known: readonly string[] };
      readonly says: string;
      /** It was recognised by a number that leads there no longer than a year. */
      readonly warns?: true;
    }
  /** A private Organization that nobody answers for. */
  | { readonly kind: 'unknown'; readonly organization: Ref }
  | { readonly kind: 'ambiguous' | 'inactive' | 'far'; readonly says: string };

/** @param preferred among several places of a person, the one that is meant */
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

/** Whether the name beside a number fits whom the number led to. */
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
