/** What a clinical document of a referral, or of a patient, tells: gathered resources as the content of sections. */
import type { DocumentContent } from '../../../ccda/write/document.ts';
import { highest, partyAt } from '../../../ccda/write/from-bundle.ts';
import type { Party } from '../../../ccda/write/party.ts';
import type { SectionContent } from '../../../ccda/write/section.ts';
import { DOCUMENTS, SECTIONS, type DocumentKind, type SectionName } from '../../../ccda/write/templates.ts';
import { uuidOf } from '../../../fhir/identifier.ts';
import type { CodeableConcept, Ref, Reference, Resource } from '../../../fhir/types.ts';
import type { Gathered } from './gather.ts';

interface ContentChoice {
  readonly kind: DocumentKind;
  /** The sections that are wanted; undefined: those that the document requires, and those that hold something. */
  readonly sections: ReadonlySet<SectionName> | undefined;
  readonly base: string;
}

const DAY_MS = 86_400_000;
/** Results of a year and procedures of five are told of a patient; what a referral names is told whatever its age. */
const RESULTS_MS = 365 * DAY_MS;
const PROCEDURES_MS = 5 * 365 * DAY_MS;

/** The content of a document about the order of a referral: only what the order reaches. */
export function contentOfOrder(gathered: Gathered, order: Resource, choice: ContentChoice): DocumentContent {
  const requester = partyAt(gathered.lookUp, order['requester'] as Reference | undefined);
  const patient = gathered.lookUp(order['subject'] as Reference | undefined);
  const custodian = organizationOf(gathered, `ServiceRequest/${order.id ?? ''}`) ?? requester.organization;
  const resources = [...gathered.resources.values()].filter((one) => one !== order);
  return contentOf(gathered, choice, {
    about: `ServiceRequest/${order.id ?? ''}`,
    patient: patient ?? { resourceType: 'Patient' },
    author: authorOf(requester, custodian),
    custodian: custodian ?? unknownOrganization,
    recipients: ((order['performer'] ?? []) as readonly Reference[]).map((one) =>
      partyAt(gathered.lookUp, one),
    ),
    order,
    resources,
    reason: reasonWords(order),
  });
}

/** The content of a document about a patient, as the record stands. */
export function contentOfPatient(
  gathered: Gathered,
  patient: Resource,
  choice: ContentChoice,
  author: Ref | undefined,
): DocumentContent {
  const custodian = organizationOf(gathered, `Patient/${patient.id ?? ''}`);
  const own = author === undefined ? undefined : gathered.resources.get(author);
  const now = Date.parse(gathered.at);
  const resources = [...gathered.resources.values()].filter((one) => isCurrent(one, now));
  return contentOf(gathered, choice, {
    about: `Patient/${patient.id ?? ''}`,
    patient,
    author: authorOf({}, own ?? custodian),
    custodian: custodian ?? own ?? unknownOrganization,
    recipients: [],
    order: undefined,
    resources,
    reason: undefined,
  });
}

const unknownOrganization: Resource = { resourceType: 'Organization', name: 'unknown' };

/** Where nobody wrote it, the server put it together for the organization. */
const authorOf = (party: Party, organization: Resource | undefined): Party =>
  party.person === undefined
    ? {
        device: { resourceType: 'Device', id: 'closeloop', deviceName: [{ name: 'Closeloop' }] },
        organization: party.organization ?? organization,
      }
    : party;

const organizationOf = (gathered: Gathered, ref: Ref): Resource | undefined => {
  const custodian = gathered.custodianOf(ref);
  return custodian === '' ? undefined : gathered.resources.get(custodian);
};

interface About {
  readonly about: Ref;
  readonly patient: Resource;
  readonly author: Party;
  readonly custodian: Resource;
  readonly recipients: readonly Party[];
  readonly order: Resource | undefined;
  readonly resources: readonly Resource[];
  readonly reason: string | undefined;
}

function contentOf(
  gathered: Gathered,
  { kind, sections, base }: ContentChoice,
  about: About,
): DocumentContent {
  const { resources } = about;
  const setId = uuidOf(`${base}/${about.about} ${kind}`);
  const wanted = (name: SectionName): boolean =>
    sections?.has(name) ??
    (DOCUMENTS[kind].required.includes(name) || DOCUMENTS[kind].optional.includes(name));
  const written = (Object.keys(SECTIONS) as SectionName[])
    .filter((name) => name !== 'assessment-and-plan' && wanted(name))
    .flatMap((name): SectionContent[] => {
      const entries =
        name === 'reason-for-referral'
          ? [about.order].filter((one) => one !== undefined)
          : entriesOf(name, resources);
      const words = wordsOf(name, about, resources);
      return entries.length === 0 && words === undefined ? [] : [{ name, resources: entries, words }];
    });
  return {
    kind,
    id: uuidOf(
      `${setId} ${[...gathered.resources].map(([ref]) => ref).join(' ')} ${gathered.seq} ${[...(sections ?? [])].join(' ')}`,
    ),
    setId,
    // The newest commit among what it tells: whoever has two versions knows which is later.
    version: Math.max(1, gathered.seq),
    time: gathered.at,
    confidentiality: highest(
      [...resources, about.order].flatMap((one) => one?.meta?.security ?? []),
      'N',
    ),
    patient: about.patient,
    author: about.author,
    custodian: about.custodian,
    recipients: about.recipients,
    order: about.order,
    careSince: earliest(resources) ?? gathered.at,
    sections: written,
  };
}

/** Narrative of sections that have no entries. */
function wordsOf(name: SectionName, { reason }: About, resources: readonly Resource[]): string | undefined {
  if (name === 'reason-for-referral') return reason;
  if (name !== 'assessment') return undefined;
  const impressions = resources.filter(({ resourceType }) => resourceType === 'ClinicalImpression');
  const words = impressions.flatMap((one) => (one['summary'] as string | undefined) ?? []);
  return words.length === 0 ? undefined : words.join('\n');
}

/** The reason in words, as it leaves in HL7 v2 as well. */
export function reasonWords(order: Resource): string | undefined {
  const reasons = (order['reasonCode'] ?? []) as readonly CodeableConcept[];
  const notes = (order['note'] ?? []) as readonly { text?: string }[];
  const words = [
    ...reasons.map(({ text, coding }) => text ?? coding?.[0]?.display ?? coding?.[0]?.code ?? ''),
    ...notes.map(({ text = '' }) => text),
  ].filter((one) => one !== '');
  return words.length === 0 ? undefined : words.join('\n');
}

const CATEGORY_SECTIONS: Readonly<Record<string, SectionName>> = {
  'vital-signs': 'vital-signs',
  'social-history': 'social-history',
};

/** The entries of a section: of its types, each in one section, and none that is a part of another. */
function entriesOf(name: SectionName, resources: readonly Resource[]): readonly Resource[] {
  const parts = partsIn(resources);
  return resources.filter((resource) => {
    if (!SECTIONS[name].types.includes(resource.resourceType)) return false;
    switch (resource.resourceType) {
      case 'Observation':
        return !parts.has(`Observation/${resource.id ?? ''}`) && sectionOfObservation(resource) === name;
      case 'MedicationRequest':
        return name === 'medications';
      case 'ServiceRequest':
        return name === 'plan';
      default:
        return true;
    }
  });
}

function sectionOfObservation(observation: Resource): SectionName {
  const categories = (observation['category'] ?? []) as readonly CodeableConcept[];
  const codes = categories.flatMap(({ coding = [] }) => coding.flatMap(({ code }) => code ?? []));
  return codes.map((code) => CATEGORY_SECTIONS[code]).find((name) => name !== undefined) ?? 'results';
}

/** Observations that stand within a report or a panel. */
function partsIn(resources: readonly Resource[]): ReadonlySet<string> {
  const held = resources.flatMap((one) => [
    ...((one['result'] ?? []) as readonly Reference[]),
    ...((one['hasMember'] ?? []) as readonly Reference[]),
  ]);
  return new Set(held.flatMap(({ reference }) => reference?.split('/').slice(-2).join('/') ?? []));
}

/** Whether a resource of a record is told without being asked for: what holds now, and what is not long past. */
function isCurrent(resource: Resource, now: number): boolean {
  const clinical = (resource['clinicalStatus'] as CodeableConcept | undefined)?.coding?.[0]?.code;
  switch (resource.resourceType) {
    case 'Condition':
    case 'AllergyIntolerance':
      return clinical === undefined || /^(?:active|recurrence|relapse)$/.test(clinical);
    case 'MedicationRequest':
    case 'ServiceRequest':
    case 'Coverage':
    case 'CareTeam':
      return resource['status'] === 'active';
    case 'Observation':
    case 'DiagnosticReport':
      return isSince(resource, 'effective', now - RESULTS_MS);
    case 'Procedure':
      return isSince(resource, 'performed', now - PROCEDURES_MS);
    default:
      return true;
  }
}

function isSince(resource: Resource, name: string, since: number): boolean {
  const period = resource[`${name}Period`] as { start?: string; end?: string } | undefined;
  const at = (resource[`${name}DateTime`] as string | undefined) ?? period?.end ?? period?.start;
  return at === undefined || !(Date.parse(at) < since);
}

/** The first day that any of it tells of. */
function earliest(resources: readonly Resource[]): string | undefined {
  const days = resources.flatMap((one) => [
    one['onsetDateTime'],
    one['authoredOn'],
    one['effectiveDateTime'],
  ]);
  return days
    .filter((day): day is string => typeof day === 'string')
    .toSorted()[0]
    ?.slice(0, 10);
}
