/** Nothing is lost without a word: each element of a resource shows on the other side, or is on the list of losses. */
import { expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import { proofOf } from '../../proof.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import { writeDocument } from '../../../src/ccda/write/document.ts';
import type { SectionName } from '../../../src/ccda/write/templates.ts';
import { convert } from './converted.ts';
import { BASE, cast, lookUpIn, resourcesOf } from './referrals.ts';
import { saysOf } from './rewritten.ts';

const { runs, seed, within } = proofOf('ccda-losses');

const SECTIONS: readonly (readonly [type: string, section: SectionName])[] = [
  ['Condition', 'problems'],
  ['AllergyIntolerance', 'allergies'],
  ['MedicationRequest', 'medications'],
  ['MedicationRequest', 'plan'],
  ['Immunization', 'immunizations'],
  ['Procedure', 'procedures'],
  ['Observation', 'results'],
  ['Observation', 'social-history'],
  ['DiagnosticReport', 'results'],
  ['ServiceRequest', 'reason-for-referral'],
  ['ServiceRequest', 'plan'],
  ['Encounter', 'encounters'],
  ['Coverage', 'payers'],
  ['CareTeam', 'care-teams'],
];

/** Elements that say what the resource is about, or whether it is there at all. */
const PARTS_OF_ALL: ReadonlySet<string> = new Set([
  'resourceType',
  'id',
  'subject',
  'patient',
  'beneficiary',
  'status',
  'intent',
  'clinicalStatus',
  'verificationStatus',
  // a resolved problem without it has ended at an unknown time, too
  '_abatementDateTime',
]);

/** What says no more than its absence: that of the section, a prohibition that is none, a quantity without a value. */
const saysNothing = (element: string, value: unknown): boolean =>
  (element === 'category' &&
    !JSON.stringify(value).replaceAll('problem-list-item', '').includes('"code":"e')) ||
  (/^(?:doNotPerform|reportedBoolean)$/.test(element) && value === false) ||
  (element.endsWith('Quantity') && !('value' in (value as object)));

function write(name: SectionName, resource: Resource, others: readonly Resource[]) {
  const resources = [resource, ...others];
  const find = (type: string) => others.find(({ resourceType }) => resourceType === type) as Resource;
  return writeDocument(
    {
      kind: 'referral-note',
      id: '9a8b7c6d-0000-4000-8000-000000000001',
      setId: '9a8b7c6d-0000-4000-8000-000000000002',
      version: 1,
      time: '2025-03-14T09:03:00-05:00',
      confidentiality: 'N',
      patient: find('Patient'),
      author: { person: find('Practitioner') },
      custodian: find('Organization'),
      recipients: [],
      sections: [{ name, resources: [resource] }],
    },
    { base: BASE, lookUp: lookUpIn(resources) },
  );
}

/** Elements whose absence nobody would notice. */
async function silentIn(name: SectionName, resource: Resource, others: readonly Resource[]) {
  const whole = write(name, resource, others);
  const says = saysOf(await convert(whole.xml)).join('\n');
  const silent: string[] = [];
  for (const element of Object.keys(resource)) {
    if (PARTS_OF_ALL.has(element) || saysNothing(element, resource[element])) continue;
    const place = `${resource.resourceType}/${resource.id ?? ''}`;
    const isTold = whole.losses.some(
      ({ at }) =>
        at === place || at === `${place}.status` || at.startsWith(`${place}.${element.replace(/^_/, '')}`),
    );
    if (isTold) continue;
    const { [element]: _left, ...rest } = resource;
    const without = write(name, rest as Resource, others);
    const isSilent = without.losses.length === whole.losses.length;
    if (isSilent && saysOf(await convert(without.xml)).join('\n') === says)
      silent.push(`${place}.${element}`);
  }
  return silent;
}

test.each(SECTIONS)(
  `(ccda 13) every element of %s in %s shows, or is a loss (${runs}, seed ${seed})`,
  (type, name) =>
    fc.assert(
      fc.asyncProperty(
        cast,
        resourcesOf(type).filter((all) => all.length > 0),
        async (others, [resource]) => {
          expect(await silentIn(name, resource as Resource, others)).toEqual([]);
        },
      ),
      { numRuns: runs, seed },
    ),
  within(4000),
);
