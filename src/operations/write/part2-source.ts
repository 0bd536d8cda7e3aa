/**
 * By whose words what a draft writes is a record of 42 CFR Part 2 (compliance P1 to P3): a program keeps it, or a unit that is
 * a program authored it. Where no party is anything but a provider, nobody is looked up.
 */
import { referencesOf } from '../../fhir/references-of.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { factsOf } from '../../policies/facts.ts';
import type { Snapshot } from '../../ports/store.ts';
import { localRef, localRefOf, typeOf, valuesAt } from '../../resources/element.ts';
import { isDirectory } from '../../resources/index.ts';
import { mayBeUnit, organizationOfUnit } from '../../resources/parties/program-unit.ts';
import { patientsOfCompartments } from '../values.ts';
import type { Draft, Planned } from './draft.ts';
import { kindsInDraft } from './kept-kinds.ts';
import { readPreview } from './preview.ts';

/** By which elements a type names who authored it. */
// prettier-ignore
const AUTHORS: Readonly<Record<string, readonly string[]>> = {
  AllergyIntolerance:       ['recorder', 'asserter'],
  Appointment:              ['participant.actor'],
  CarePlan:                 ['author', 'contributor'],
  ClinicalImpression:       ['assessor'],
  Communication:            ['sender'],
  Composition:              ['author', 'attester.party'],
  Condition:                ['recorder', 'asserter'],
  Consent:                  ['performer'],
  DeviceRequest:            ['requester'],
  DiagnosticReport:         ['performer', 'resultsInterpreter'],
  DocumentReference:        ['author', 'authenticator'],
  Encounter:                ['participant.individual'],
  EpisodeOfCare:            ['careManager'],
  Flag:                     ['author'],
  Goal:                     ['expressedBy'],
  ImagingStudy:             ['interpreter', 'procedureReference'],
  Immunization:             ['performer.actor'],
  List:                     ['source'],
  MedicationAdministration: ['performer.actor'],
  MedicationDispense:       ['performer.actor'],
  MedicationRequest:        ['requester', 'recorder', 'performer'],
  MedicationStatement:      ['informationSource'],
  Observation:              ['performer'],
  Procedure:                ['performer.actor', 'recorder', 'asserter'],
  Provenance:               ['agent.who'],
  QuestionnaireResponse:    ['author'],
  RiskAssessment:           ['performer'],
  ServiceRequest:           ['requester'],
};

/** Who is a program here. */
export interface Programs {
  readonly isProgram: (party: Ref) => Promise<boolean>;
  /** The organizations by whose words a planned resource is one of Part 2. */
  readonly sourcesOf: (planned: Planned) => Promise<readonly Ref[]>;
  /** The organization of a unit that is a program; undefined for any other reference. */
  readonly organizationOf: (unit: unknown) => Promise<Ref | undefined>;
}

/** Undefined where there is no program. */
export async function programsIn(draft: Draft): Promise<Programs | undefined> {
  const isWritten = [...draft.planned.keys()].some((ref) => typeOf(ref) === 'Organization' || mayBeUnit(ref));
  if (!isWritten && !(await hasKinds(draft.snapshot))) return undefined;
  const known = new Map<Ref, boolean>();

  return { isProgram, sourcesOf, organizationOf };

  async function isProgram(party: Ref): Promise<boolean> {
    const remembered = known.get(party);
    if (remembered !== undefined) return remembered;
    const answer = (await kindsInDraft(draft, party))?.includes('part2-program') === true;
    known.set(party, answer);
    return answer;
  }

  async function organizationOf(unit: unknown): Promise<Ref | undefined> {
    const ref = localRef(unit);
    if (ref === undefined || !mayBeUnit(ref) || !(await isProgram(ref))) return undefined;
    const resource = await readPreview(draft, ref);
    return resource && organizationOfUnit(resource);
  }

  async function sourcesOf(planned: Planned): Promise<readonly Ref[]> {
    const { ref, custodian, after } = planned;
    const resource = after?.plain;
    if (resource === undefined || isDirectory(typeOf(ref))) return [];
    const sources = new Set<Ref>();
    if (custodian !== '' && (await isProgram(custodian))) sources.add(custodian);
    for (const path of AUTHORS[typeOf(ref)] ?? [])
      for (const author of valuesAt(resource, path)) {
        const organization = await organizationOf(author);
        if (organization !== undefined) sources.add(organization);
      }
    return sources.size > 0 && (await isAboutPatient(draft, planned, resource)) ? [...sources] : [];
  }
}

/** Several steps of a draft ask: the answer of one snapshot is asked once. */
const answers = new WeakMap<Snapshot, Promise<boolean>>();

function hasKinds(snapshot: Snapshot): Promise<boolean> {
  const asked = answers.get(snapshot) ?? snapshot.hasKinds();
  answers.set(snapshot, asked);
  return asked;
}

/** Resources that one other refers to which are asked whether they are about a patient. */
const REFERRED_MAX = 100;

/**
 * Of what is inside a Bundle each is asked by itself. A client's answer to an order says as much of the patient as the order,
 * whether or not it names the patient.
 */
async function isAboutPatient(draft: Draft, { ref, origin }: Planned, resource: Resource): Promise<boolean> {
  const type = typeOf(ref);
  if (type === 'Patient' || type === 'Bundle' || patientsOfCompartments(resource).length > 0) return true;
  if (origin === 'server') return false;
  const named = new Set(referencesOf(resource).flatMap(({ text }) => localRefOf(text) ?? []));
  for (const other of [...named].filter((one) => !isDirectory(typeOf(one))).slice(0, REFERRED_MAX)) {
    const found = await readPreview(draft, other);
    if (found !== undefined && (patientsOfCompartments(found).length > 0 || factsOf(found).part2))
      return true;
  }
  return false;
}
