/** What the policies are told of a draft: the facts as they will be once it is committed. */
import type { Ref, Resource } from '../../fhir/types.ts';
import { readAgreement } from '../../delivery/agreements.ts';
import { activeFor, isOwnWord, readActive, type ActiveConsent } from '../../delivery/consents.ts';
import { readCreated } from '../../delivery/created.ts';
import { findDealing, type Dealing, type DisclosureSource } from '../../delivery/disclosure.ts';
import { isRelatedTo } from '../../delivery/evidence.ts';
import { bearsNpi, findSameArrangement, findSameEntity } from '../../delivery/party-facts.ts';
import { kindsOf } from '../../policies/party-kind.ts';
import { typeOf } from '../../resources/element.ts';
import { kindFactsIn } from '../../resources/parties/kinds.ts';
import { standingOf } from '../../resources/parties/standing.ts';
import { searchRefusal } from '../search/search-refusal.ts';
import { contractsIn } from './contracts-in.ts';
import type { Draft } from './draft.ts';
import { keeperOf, readPreview } from './preview.ts';
import { partyWorldIn } from './rule-context.ts';

/** The facts as they will be. */
export const sourceOf = (draft: Draft): DisclosureSource => ({
  read: (ref) => readPreview(draft, ref),
  kindsOf: (organization, discloser) => kindsIn(draft, organization, discloser),
  isSameEntity: (one, other) => findSameEntity((ref) => readPreview(draft, ref), one, other),
  consentsAbout: (patient) => consentsIn(draft, patient),
  isSameArrangement: (one, other) => findSameArrangement((ref) => readPreview(draft, ref), one, other),
  agreementOf: (one, other, at) => readAgreement((query) => contractsIn(draft, query), one, other, at),
  isRelated: (organization, patient, order) => isRelatedTo(draft.snapshot, organization, patient, order),
  createdAt: async (ref) => {
    const own = draft.planned.get(ref);
    return own?.base === 0 ? Date.parse(draft.now) : readCreated(draft.snapshot, ref);
  },
  parties: partyWorldIn(draft),
});

async function kindsIn(draft: Draft, organization: Ref, discloser: Ref) {
  const resource = await readPreview(draft, organization);
  if (resource?.resourceType !== 'Organization') return new Set<never>();
  const keeper = (await keeperOf(draft, organization)) ?? '';
  const facts = kindFactsIn(resource, {
    listedNpi: standingOf(resource) === 'listed' && (await bearsNpi(draft.snapshot, organization, resource)),
    keeperDiscloses: keeper === discloser,
  });
  return kindsOf(facts, draft.context.settings.partyKindDefault);
}

/** The active Consents about a patient, those that the draft writes among them (compliance K3). */
async function consentsIn(draft: Draft, patient: Ref): Promise<readonly ActiveConsent[]> {
  const own = draft.planned.get(patient);
  const isNew = own?.method === 'POST' && own.base === 0;
  const stored = isNew ? [] : await readActive(draft.snapshot, patient).catch(searchRefusal);
  const planned = [...draft.planned.values()].flatMap(({ ref, after, custodian }): readonly ActiveConsent[] =>
    typeOf(ref) === 'Consent' && after !== undefined && activeFor(after.plain) === patient
      ? [{ ref, custodian: custodian || keeperOfNew(draft, after.plain), consent: after.plain }]
      : [],
  );
  return [...stored.filter(({ ref }) => !draft.planned.has(ref)), ...planned];
}

/** Whose a new Consent will be: its writer's, as long as its custodian is not named yet. */
const keeperOfNew = ({ caller }: Draft, consent: Resource): Ref | '' =>
  isOwnWord(consent) ? '' : (caller.organization ?? '');

export type { Dealing } from '../../delivery/disclosure.ts';

/** Two organizations that may tell each other no health information, as things will be; undefined: they may. */
export async function findClosedIn(draft: Draft, from: Ref, to: Ref): Promise<Dealing | undefined> {
  const dealing = await findDealing(sourceOf(draft), from, to, Date.parse(draft.now));
  return dealing?.standing.state === 'active' ? undefined : dealing;
}
