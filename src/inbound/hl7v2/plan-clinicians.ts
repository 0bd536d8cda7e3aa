/**
 * Clinicians whom messages name: a Practitioner and a role at the organization that names them. Whoever is known to that
 * organization by a number is taken as known; nobody else's entry in the directory is touched.
 */
import type { Identifier, Ref, Resource } from '../../fhir/types.ts';
import type { Placed } from '../../hl7v2/mapping/clinician.ts';
import type { Clause } from '../../ports/query.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { foldText } from '../../fhir/fold.ts';
import { localRef, valuesAt } from '../../resources/element.ts';
import type { Draft } from '../../operations/write/draft.ts';
import { ownMatches, sightOfSender } from '../sender-sight.ts';
import { planSent } from '../../operations/write/planned-resources.ts';

/** Entries of the directory that are looked at for one clinician, at most. */
const FOUND_MAX = 100;

/** Plans what is new of the Practitioners and PractitionerRoles; all placeholders are in `fullUrls` afterwards. */
export async function planClinicians(
  draft: Draft,
  placed: readonly Placed[],
  fullUrls: Map<string, Ref>,
): Promise<void> {
  for (const { fullUrl, resource } of ofType(placed, 'Practitioner')) {
    fullUrls.set(fullUrl, (await findPractitioner(draft, resource)) ?? planSent(draft, resource));
  }
  for (const { fullUrl, resource } of ofType(placed, 'PractitionerRole')) {
    fullUrls.set(fullUrl, (await findRole(draft, resource, fullUrls)) ?? planSent(draft, resource));
  }
}

export const ofType = (placed: readonly Placed[], type: string): readonly Placed[] =>
  placed.filter(({ resource }) => resource.resourceType === type);

/** By a number, else by the key that stands for one where a feed gives none (directory DR32). */
async function findPractitioner(draft: Draft, person: Resource): Promise<Ref | undefined> {
  const numbers = numbersOf(person).filter(({ system, value }) => system && value);
  if (numbers.length === 0) return findNamesake(draft, person);
  return findOwn(draft, 'Practitioner', {
    kind: 'any',
    of: numbers.map(({ system = '', value = '' }) => ({
      kind: 'token',
      param: 'identifier',
      system,
      code: value,
    })),
  });
}

const numbersOf = ({ identifier }: Resource): readonly Identifier[] =>
  (identifier ?? []) as readonly Identifier[];

async function findNamesake(draft: Draft, person: Resource): Promise<Ref | undefined> {
  const { family } = nameOf(person);
  if (family === undefined || family === '') return undefined;
  const clause: Clause = { kind: 'string', param: 'family', match: 'equals', value: foldText(family) };
  const key = keyOf(person);
  return findOwn(draft, 'Practitioner', clause, (known) => keyOf(known) === key);
}

interface Name {
  readonly family?: string;
  readonly given?: readonly string[];
}

const nameOf = (person: Resource): Name => (valuesAt(person, 'name')[0] ?? {}) as Name; // validated

/** Name, ZIP5 and street number, and the numbers that no authority is named for: two of one name may differ by them. */
function keyOf(person: Resource): string {
  const { family = '', given = [] } = nameOf(person);
  const [address] = valuesAt(person, 'address') as readonly {
    readonly postalCode?: string;
    readonly line?: readonly string[];
  }[];
  const zip = address?.postalCode?.slice(0, 5) ?? '';
  const street = /^\d+/.exec(address?.line?.[0] ?? '')?.[0] ?? '';
  const numbers = numbersOf(person).map(({ system = '', value = '' }) => `${system}|${value}`);
  return JSON.stringify([[family, ...given].map(foldText), zip, street, numbers.toSorted()]);
}

async function findRole(
  draft: Draft,
  role: Resource,
  fullUrls: ReadonlyMap<string, Ref>,
): Promise<Ref | undefined> {
  const practitioner = fullUrls.get((role['practitioner'] as { reference?: string })?.reference ?? '');
  const organization = localRef(role['organization']);
  if (organization === undefined || (practitioner !== undefined && draft.planned.has(practitioner)))
    return undefined;
  const at: Clause = { kind: 'reference', param: 'organization', to: [organization] };
  if (practitioner === undefined) {
    const nobodys = { kind: 'missing', param: 'practitioner', missing: true } as const;
    return findOwn(draft, 'PractitionerRole', { kind: 'all', of: [at, nobodys] }, (known) => isBare(known));
  }
  return findOwn(draft, 'PractitionerRole', {
    kind: 'all',
    of: [{ kind: 'reference', param: 'practitioner', to: [practitioner] }, at],
  });
}

/** A role that says no more than whose it is, as a message without a clinician makes it. */
const isBare = ({ meta: _meta, ...role }: Resource): boolean =>
  Object.keys(role).every((element) => ['resourceType', 'id', 'organization'].includes(element));

/** The oldest of the sender's own; the directory is everyone's to see, and each entry its custodian's to keep. */
async function findOwn(
  draft: Draft,
  type: string,
  where: Clause,
  accepts: (known: Resource) => boolean = () => true,
): Promise<Ref | undefined> {
  const sight = sightOfSender(draft);
  const query = { type, where, sort: [], sight, count: FOUND_MAX, offset: 0, total: false };
  const { matches } = await draft.snapshot.search(query);
  draft.expects.push({ query, refs: matches.map(({ ref }) => ref) });
  return ownMatches(draft, matches).findLast(({ text }) => accepts(parseStored(text)))?.ref;
}
