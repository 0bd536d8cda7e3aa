/** What the claim of an order rests on (compliance D3, B30): its words, and what its references lead to as of now. */
import type { Coding, Ref, Resource } from '../fhir/types.ts';
import { NO_EVIDENCE, type ClaimEvidence, type EvidenceFile } from '../policies/claim.ts';
import type { PartyKind } from '../policies/party-kind.ts';
import { EVERYTHING, type Clause, type Query } from '../ports/query.ts';
import type { Snapshot } from '../ports/store.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { localRef, valuesAt } from '../resources/element.ts';
import { focusOf } from '../resources/referral-rules/consequences.ts';
import { claimParts } from '../resources/referral-rules/basis.ts';

export const EVIDENCE_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/disclosure-evidence';

/** By what the references of a claim are followed. */
interface EvidenceSource {
  readonly read: (ref: Ref) => Promise<Resource | undefined>;
  readonly kindsOf: (organization: Ref) => Promise<ReadonlySet<PartyKind>>;
  /** Whether an organization has, or had, a relationship with the patient beside this order. */
  readonly isRelated: (organization: Ref) => Promise<boolean>;
}

/** Who asks, beside what the order says. */
export interface Claimant {
  readonly administrator: boolean;
  /** Whether the glass is broken for a patient (compliance B20): for another one's record that says nothing. */
  readonly isEmergency: (patient: Ref) => boolean;
}

/** Who may claim emergency or the Secretary was asked when the referral was sent, and its basis has not changed since. */
export const ADMITTED_BEFORE: Claimant = { administrator: true, isEmergency: () => true };

/** What the order of a referral claims beside its basis, as far as its basis asks for it. */
export async function readEvidence(
  order: Resource | undefined,
  parties: readonly Ref[],
  source: EvidenceSource,
  claimant: Pick<ClaimEvidence, 'administrator' | 'emergency'>,
): Promise<ClaimEvidence> {
  const parts = claimParts(order);
  if (order === undefined || parts === undefined || parts.code === 'treatment') return NO_EVIDENCE;
  const files: EvidenceFile[] = [];
  for (const ref of parts.evidence) {
    const file = await source.read(ref);
    if (file !== undefined) files.push(fileOf(ref, file));
  }
  return {
    law: parts.law,
    justification: parts.justification,
    informed: parts.informed,
    activity: parts.activity,
    authority: parts.authority === undefined ? undefined : await source.kindsOf(parts.authority),
    files,
    clinician: namesClinician(order),
    ...claimant,
    related: parts.code === 'operations' && (await areRelated(parties, source)),
  };
}

async function areRelated(parties: readonly Ref[], { isRelated }: EvidenceSource): Promise<boolean> {
  for (const party of parties) if (!(await isRelated(party))) return false;
  return true;
}

/** In which state each is evidence. */
const IN_FORCE: Readonly<Record<string, string>> = {
  DocumentReference: 'current',
  Consent: 'active',
  Contract: 'executed',
};

function fileOf(ref: Ref, file: Resource): EvidenceFile {
  const codings = valuesAt(file, 'type.coding') as readonly Coding[]; // validated structure
  return {
    ref,
    current: file['status'] === IN_FORCE[file.resourceType],
    codes: codings.flatMap(({ system, code }) =>
      system === EVIDENCE_SYSTEM && code !== undefined ? [code] : [],
    ),
  };
}

const CLINICIAN = /^Practitioner(?:Role)?\//;

const namesClinician = (order: Resource): boolean =>
  CLINICIAN.test((order['requester'] as { readonly reference?: string } | undefined)?.reference ?? '');

/** Types by which somebody is a patient, or a member, of an organization. */
const RELATING = ['Encounter', 'EpisodeOfCare', 'Coverage'] as const;

/** Resources of one type that are looked at. */
const RELATED_MAX = 100;

/** Whether an organization keeps what shows a relationship with a patient, insures the patient, or had a referral. */
export async function isRelatedTo(
  now: Pick<Snapshot, 'search'>,
  organization: Ref,
  patient: Ref,
  order: Ref | undefined,
): Promise<boolean> {
  for (const type of RELATING) {
    const { matches } = await now.search(
      queryOf(type, { kind: 'reference', param: 'patient', to: [patient] }),
    );
    if (
      matches.some(
        ({ custodian, text }) => custodian === organization || insures(parseStored(text), organization),
      )
    )
      return true;
  }
  const sight = { everything: false, organization } as const;
  const tasks = queryOf('Task', { kind: 'reference', param: 'patient', to: [patient] });
  const { matches } = await now.search({ ...tasks, sight });
  return matches.some(({ text }) => {
    const focus = focusOf(parseStored(text));
    return focus?.startsWith('ServiceRequest/') === true && focus !== order;
  });
}

const insures = (coverage: Resource, organization: Ref): boolean =>
  valuesAt(coverage, 'payor').some((payor) => localRef(payor) === organization);

const queryOf = (type: string, where: Clause): Query => ({
  type,
  where,
  sort: [],
  sight: EVERYTHING,
  count: RELATED_MAX,
  offset: 0,
  total: false,
});
