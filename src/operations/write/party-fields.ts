/** Compares the fields of medicine of an order with those of the party to which a number led (directory DR25). */
import type { CodeableConcept, Ref, Resource } from '../../fhir/types.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { isReferralTask } from '../../referral/state.ts';
import { typeOf, valuesAt } from '../../resources/element.ts';
import { fieldsOf, mayServe } from '../../resources/parties/fields.ts';
import { standingOf } from '../../resources/parties/standing.ts';
import { referencesTo } from '../../resources/references-to.ts';
import { focusOf } from '../../resources/referral-rules/consequences.ts';
import { type Draft, type Planned } from './draft.ts';
import { searchRefusal } from '../search/search-refusal.ts';
import { readPreview } from './preview.ts';

/** The number of services, and of roles, of one party that are looked at. */
const FOUND_MAX = 100;

/** By type: the parameter that refers to the organization, and the elements with its fields. */
const SAYING: readonly (readonly [type: string, param: string, elements: readonly string[]])[] = [
  ['HealthcareService', 'organization', ['specialty', 'type', 'category']],
  ['PractitionerRole', 'organization', ['specialty', 'code']],
];

const ASKING = ['code', 'category', 'performerType', 'orderDetail'];

/** Whether a planned order, or the order of a planned Task, may be for the party. */
export async function fitsField(draft: Draft, planned: Planned, party: Ref): Promise<boolean> {
  const order = await orderOf(draft, planned);
  const asked = fieldsOf(conceptsIn(order, ASKING));
  return asked.size === 0 || mayServe(asked, fieldsOf(await knownFor(draft, party)));
}

async function orderOf(draft: Draft, { ref, after }: Planned): Promise<Resource | undefined> {
  const resource = after?.plain;
  if (typeOf(ref) === 'ServiceRequest' || resource === undefined) return resource;
  const focus = isReferralTask(resource) ? focusOf(resource) : undefined;
  return focus && readPreview(draft, focus);
}

/** The fields of a party in the directory; private records of others about it do not count. */
async function knownFor(draft: Draft, party: Ref): Promise<readonly CodeableConcept[]> {
  const concepts = [...conceptsIn(await readPreview(draft, party), ['type'])];
  for (const [type, param, elements] of SAYING) {
    const query = referencesTo(type, param, party, FOUND_MAX);
    const { matches } = await draft.snapshot.search(query).catch(searchRefusal);
    for (const { text } of matches) {
      const resource = parseStored(text);
      if (resource['active'] === false || standingOf(resource) === 'private') continue;
      concepts.push(...conceptsIn(resource, elements));
    }
  }
  return concepts;
}

const conceptsIn = (resource: Resource | undefined, elements: readonly string[]) =>
  elements.flatMap((element) => valuesAt(resource, element)) as readonly CodeableConcept[]; // validated
