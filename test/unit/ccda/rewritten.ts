/** Documents written again from what was read of them, and read again from what was written. */
import { contentOfBundle } from '../../../src/ccda/write/from-bundle.ts';
import { writeDocument } from '../../../src/ccda/write/document.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import type { Loss } from '../../../src/ccda/losses.ts';
import { convert, type Converted, type Tree } from './converted.ts';
import { BASE, lookUpIn } from './referrals.ts';

/** The document of a Bundle that was read. */
export function writeAgain({ bundle }: Pick<Converted, 'bundle'>): ReturnType<typeof writeDocument> {
  const { content, options } = contentOfBundle(bundle as never, {
    id: '9a8b7c6d-0000-4000-8000-000000000001',
    setId: '9a8b7c6d-0000-4000-8000-000000000002',
    version: 1,
    now: '2025-04-01T00:00:00Z',
    base: BASE,
  });
  return writeDocument(content, options);
}

/** Members that each reading makes anew. */
const ANEW: ReadonlySet<string> = new Set(['id', 'meta']);

/** The narrative of a resource or a section, not the words of a code. */
const isNarrative = (name: string, value: unknown): boolean => name === 'text' && typeof value === 'object';

/** What the resources say, in an order of their own, with what a reference names instead of its address. */
export function saysOf({ plain }: Pick<Converted, 'plain'>): readonly string[] {
  const entries = (plain.entry ?? []) as unknown as readonly { fullUrl?: string; resource: Tree }[];
  const named = new Map(
    entries.map(({ fullUrl, resource: { resourceType, name, identifier } }) => [
      fullUrl,
      `${resourceType} ${JSON.stringify([name, identifier])}`,
    ]),
  );
  const strip = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(strip);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name, member]) => !ANEW.has(name) && !isNarrative(name, member))
        .map(([name, member]) => [name, name === 'reference' ? named.get(member as string) : strip(member)])
        .toSorted(([one], [other]) => String(one).localeCompare(String(other))),
    );
  };
  return entries.map(({ resource }) => JSON.stringify(strip(resource))).toSorted();
}

const PEOPLE: readonly Resource[] = [
  { resourceType: 'Patient', id: '1', name: [{ family: 'Ortiz', given: ['Ana'] }] },
  { resourceType: 'Practitioner', id: '1', name: [{ family: 'Lund' }] },
  { resourceType: 'Organization', id: '1', name: 'Harbor Clinic' },
];

interface ReadBack extends Converted {
  readonly xml: string;
  /** What the writing lost. */
  readonly leftOut: readonly Loss[];
}

/** What is read of the Referral Note that is written of some sections. */
export async function readBack(
  sections: Parameters<typeof writeDocument>[0]['sections'],
  others: readonly Resource[] = [],
): Promise<ReadBack> {
  const [patient, person, custodian] = PEOPLE as readonly [Resource, Resource, Resource];
  const { xml, losses } = writeDocument(
    {
      kind: 'referral-note',
      id: '9a8b7c6d-0000-4000-8000-000000000001',
      setId: '9a8b7c6d-0000-4000-8000-000000000002',
      version: 1,
      time: '2025-03-14T09:03:00-05:00',
      confidentiality: 'N',
      patient,
      author: { person },
      custodian,
      recipients: [],
      sections,
    },
    { base: BASE, lookUp: lookUpIn([...PEOPLE, ...others]) },
  );
  return { ...(await convert(xml)), xml, leftOut: losses };
}
