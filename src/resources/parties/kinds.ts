/**
 * The kinds of party in an Organization's text (compliance D1). They are codings of `Organization.type`. A `part2-program`
 * that the organization added itself has `userSelected`: the server sets and takes away that mark, so that the text shows
 * whose word each kind is.
 */
import type { CodeableConcept, Coding, Resource } from '../../fhir/types.ts';
import { EVERYTHING, type Query } from '../../ports/query.ts';
import { PARTY_KINDS, type PartyKind, type PartyKindFacts } from '../../policies/party-kind.ts';
import { valuesAt } from '../element.ts';
import { STANDING_SYSTEM, standingOf } from './standing.ts';

export const PARTY_KIND_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/party-kind';

export const ATTESTED_KIND = 'https://closeloop.dev/fhir/StructureDefinition/attested-kind';

const NUCC = 'http://nucc.org/provider-taxonomy';

/** The kind that an organization may add to itself; nobody but an administrator takes it away again. */
export const OWN_KIND: PartyKind = 'part2-program';

const isKind = ({ system }: Coding): boolean => system === PARTY_KIND_SYSTEM;

const codingsIn = (organization: Resource | undefined): readonly Coding[] =>
  valuesAt(organization, 'type.coding') as readonly Coding[]; // validated structure

/** Whether the text names a kind of party. */
export const namesKind = (organization: Resource | undefined): boolean =>
  codingsIn(organization).some(isKind);

/** The codes of an organization's kinds: those that an administrator wrote, and those that it added itself. */
export const kindCodesIn = (organization: Resource | undefined): readonly string[] =>
  codingsIn(organization).flatMap((one) => (isKind(one) && one.code !== undefined ? [one.code] : []));

/** What stands in `Organization.type` beside the kinds. */
export const typesBesideKinds = (organization: Resource): readonly unknown[] =>
  (valuesAt(organization, 'type') as readonly CodeableConcept[]).flatMap(({ coding = [], ...concept }) => {
    const others = coding.filter((one) => !isKind(one));
    if (others.length > 0) return [{ ...concept, coding: others }];
    return Object.keys(concept).length > 0 ? [concept] : [];
  });

/** The text with the mark on every kind that is not an administrator's word, and on no other. */
export function withOwnKindsMarked(organization: Resource, administrators: ReadonlySet<string>): Resource {
  const marked = (coding: Coding): Coding => {
    if (!isKind(coding)) return coding;
    const { userSelected: _mark, ...plain } = coding;
    return administrators.has(coding.code ?? '') ? plain : { ...plain, userSelected: true };
  };
  const concepts = valuesAt(organization, 'type') as readonly CodeableConcept[];
  const type = concepts.map((concept) =>
    concept.coding === undefined ? concept : { ...concept, coding: concept.coding.map(marked) },
  );
  return { ...organization, type };
}

const isOwn = ({ code, userSelected }: Coding): boolean => code === OWN_KIND && userSelected === true;

/** The codes of the kinds that are an administrator's word. */
export const administratorsKinds = (organization: Resource | undefined): ReadonlySet<string> =>
  new Set(codingsIn(organization).flatMap((one) => (isKind(one) && !isOwn(one) ? (one.code ?? []) : [])));

/** What an Organization's text says of its kinds. Its keeper's attestation counts where the keeper discloses. */
export function kindFactsIn(
  organization: Resource,
  { listedNpi, keeperDiscloses }: { readonly listedNpi: boolean; readonly keeperDiscloses: boolean },
): PartyKindFacts {
  const isPrivate = standingOf(organization) === 'private';
  const codings = codingsIn(organization);
  const named = administratorsKinds(organization);
  return {
    named: isPrivate ? [] : PARTY_KINDS.filter((kind) => named.has(kind)),
    ownPart2: !isPrivate && codings.some((one) => isKind(one) && isOwn(one)),
    listedNpi: listedNpi && standingOf(organization) === 'listed',
    taxonomies: codings.flatMap(({ system, code }) => (system === NUCC && code !== undefined ? [code] : [])),
    attested: isPrivate && keeperDiscloses ? attestedKind(organization) : undefined,
  };
}

/** The kinds that a keeper may attest of an outsider (directory DR36). */
const ATTESTABLE: readonly PartyKind[] = ['provider', 'health-plan', 'community-organization'];

interface Part {
  readonly url?: string;
  readonly valueCode?: string;
}

function attestedKind(organization: Resource): PartyKind | undefined {
  const extensions = valuesAt(organization, 'extension') as readonly (Part & {
    readonly extension?: readonly Part[];
  })[];
  const attestation = extensions.find(({ url }) => url === ATTESTED_KIND);
  const code = attestation?.extension?.find(({ url }) => url === 'kind')?.valueCode;
  return ATTESTABLE.find((kind) => kind === code);
}

/** The search for members and listed organizations without a kind: the setting `partyKindDefault` decides for them. */
export const withoutKind = (count: number, offset = 0): Query => ({
  type: 'Organization',
  where: {
    kind: 'all',
    of: [
      { kind: 'not', clause: { kind: 'token', param: 'type', system: PARTY_KIND_SYSTEM } },
      {
        kind: 'not',
        clause: { kind: 'token', param: '_tag', system: STANDING_SYSTEM, code: 'private' },
      },
    ],
  },
  sort: [],
  sight: EVERYTHING,
  count,
  offset,
  total: true,
});
