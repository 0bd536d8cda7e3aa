/** Whom and what an XDM package is about, among what its importer keeps and sees. */
import type { ReceivedSubmission } from '../../../direct/xdm/submission.ts';
import type { HumanName, Ref, Resource } from '../../../fhir/types.ts';
import type { Snapshot } from '../../../ports/store.ts';
import { EVERYTHING } from '../../../ports/query.ts';
import { parseStored } from '../../../ports/stored-resource.ts';
import { valuesAt } from '../../../resources/element.ts';
import { isSameRecorded } from '../../../resources/same-person.ts';
import type { OperationContext } from '../../context.ts';
import type { Request } from '../../request.ts';
import { findByIdentifier } from '../ccda/meet.ts';
import { identifierOfAssigned, type PackageSubject } from './package-resources.ts';

/**
 * The patient is the one of its clinical documents, else the importer's own who has its number, name and birth date; the
 * order is the one that the importer sees under the number of the referral.
 *
 * @param clinical the DocumentReferences of its clinical documents
 */
export async function findPackageSubject(
  { store }: OperationContext,
  request: Request,
  submission: ReceivedSubmission,
  clinical: readonly Ref[],
): Promise<PackageSubject> {
  const snapshot = store.snapshot();
  return {
    patient:
      (await patientOfDocuments(snapshot, clinical)) ?? (await ownPatient(request, snapshot, submission)),
    order: await orderOf(request, snapshot, submission),
  };
}

/** The one patient of the documents; undefined where they have none, or several. */
async function patientOfDocuments(snapshot: Snapshot, documents: readonly Ref[]): Promise<Ref | undefined> {
  const patients = new Set<unknown>();
  for (const ref of documents) {
    const { text } = (await snapshot.read(ref, EVERYTHING)) ?? {};
    if (text !== undefined)
      for (const one of valuesAt(parseStored(text), 'subject.reference')) patients.add(one);
  }
  const [patient] = patients;
  return patients.size === 1 ? (patient as Ref) : undefined;
}

async function ownPatient(
  request: Request,
  snapshot: Snapshot,
  { sourcePatientId, patientId, sourcePatientInfo = [] }: ReceivedSubmission,
): Promise<Ref | undefined> {
  const numbers = [sourcePatientId, patientId].flatMap((id) =>
    id === undefined || id.assigner === '' ? [] : [identifierOfAssigned(id)],
  );
  const field = (name: string): string => sourcePatientInfo.find(([one]) => one === name)?.[1] ?? '';
  const named = personOf(field('PID-5'), field('PID-7'));
  if (numbers.length === 0 || named === undefined) return undefined;
  const found = await findByIdentifier(request, snapshot, 'Patient', numbers);
  const [patient, another] = found.filter(({ custodian }) => custodian === request.caller.organization);
  if (patient === undefined || another !== undefined) return undefined;
  return isSameRecorded(named, parseStored(patient.text)) ? patient.ref : undefined;
}

/** Name and birth date of sourcePatientInfo; undefined where either is missing, because a number alone is no evidence. */
function personOf(name: string, birth: string): Resource | undefined {
  const [family = '', given = ''] = name.split('^');
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)/.exec(birth) ?? [];
  if (family === '' || given === '' || year === undefined) return undefined;
  const names: readonly HumanName[] = [{ family: family.split('&')[0] ?? '', given: [given] }];
  return { resourceType: 'Patient', name: names, birthDate: `${year}-${month}-${day}` };
}

async function orderOf(
  request: Request,
  snapshot: Snapshot,
  { referralId }: ReceivedSubmission,
): Promise<Ref | undefined> {
  if (referralId === undefined || referralId.assigner === '') return undefined;
  const number = identifierOfAssigned(referralId);
  const found = await findByIdentifier(request, snapshot, 'ServiceRequest', [number]);
  const [order, another] = found;
  return another === undefined ? order?.ref : undefined;
}
