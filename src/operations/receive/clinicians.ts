/**
 * Clinicians whom messages name: a Practitioner and a role at the organization that names them. Whoever is known to that
 * organization by a number is taken as known; nobody else's entry in the directory is touched.
 */
import type { Identifier, Ref, Resource } from '../../fhir/types.ts';
import type { Clause } from '../../ports/query.ts';
import { localRef } from '../../resources/element.ts';
import type { Draft } from '../draft.ts';
import { planSent } from './own.ts';

/** A resource of a message under the placeholder by which the others refer to it. */
export interface Placed {
  readonly fullUrl: string;
  readonly resource: Resource;
}

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

async function findPractitioner(draft: Draft, { identifier }: Resource): Promise<Ref | undefined> {
  const numbers = ((identifier ?? []) as readonly Identifier[]).filter(
    ({ system, value }) => system && value,
  );
  if (numbers.length === 0) return undefined;
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

async function findRole(
  draft: Draft,
  role: Resource,
  fullUrls: ReadonlyMap<string, Ref>,
): Promise<Ref | undefined> {
  const practitioner = fullUrls.get((role['practitioner'] as { reference?: string })?.reference ?? '');
  const organization = localRef(role['organization']);
  if (practitioner === undefined || organization === undefined || draft.planned.has(practitioner))
    return undefined;
  return findOwn(draft, 'PractitionerRole', {
    kind: 'all',
    of: [
      { kind: 'reference', param: 'practitioner', to: [practitioner] },
      { kind: 'reference', param: 'organization', to: [organization] },
    ],
  });
}

/** The oldest of the sender's own; the directory is everyone's to see, and each entry its custodian's to keep. */
async function findOwn(draft: Draft, type: string, where: Clause): Promise<Ref | undefined> {
  const query = { type, where, sort: [], sight: draft.sight, count: FOUND_MAX, offset: 0, total: false };
  const { matches } = await draft.snapshot.search(query);
  draft.expects.push({ query, refs: matches.map(({ ref }) => ref) });
  return matches.findLast(({ custodian }) => custodian === draft.caller.organization)?.ref;
}
