/**
 * What a caller is told of a patient's denial (rules 2.12). Its sight has left out what is denied; here it learns, where a
 * referral of its own reaches that, that there is a denial, and never how much it withholds. Of what a quiet guard withholds
 * it learns nothing (compliance L6).
 */
import { OperationOutcomeError, type IssueDetail } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import { withDenied, withTold, type Clause } from '../ports/query.ts';
import type { Snapshot } from '../ports/store.ts';
import type { Request } from './request.ts';
import type { OperationContext } from './context.ts';
import { pausedIn, sightInForce } from './agreement-behind.ts';
import { isFileShown } from './binary-shown.ts';
import { sightFor } from './scope.ts';

/**
 * `disclosure-denied` in place of `not-found`, where a referral of the caller reaches what the request names and a denial
 * withholds it; every other refusal as it is.
 */
export async function denialBehind(
  { store, settings }: Pick<OperationContext, 'store' | 'settings'>,
  request: Request,
  refusal: unknown,
): Promise<unknown> {
  const { caller, type, id, compartment, versionId } = request;
  const ref =
    compartment ?? (type !== undefined && id !== undefined ? (`${type}/${id}` as const) : undefined);
  if (ref === undefined || caller.administrator || caller.organization === undefined) return refusal;
  if (!(refusal instanceof OperationOutcomeError) || refusal.code !== 'not-found') return refusal;
  const sight = sightFor(request);
  const snapshot = store.snapshot();
  const told = await snapshot.read(ref, withTold(sight));
  if (told === undefined || !(await isFileShown(snapshot, caller, told, settings.publicBase))) return refusal;
  const isSeen = (await snapshot.read(ref, sight)) !== undefined;
  if (isSeen && !(await isVersionDenied(snapshot, ref, versionId, request))) return refusal;
  return new OperationOutcomeError('disclosure-denied', {
    diagnostics: `patient-consent: a denial of the patient withholds ${ref} from your organization`,
  });
}

/**
 * What a denial or a guard keeps from the caller though a referral reaches it, whatever the caller is told of it: so that its
 * keeper sees that somebody tried (audit-compliance AU4).
 */
export async function withheldBehind(
  { store, patientsOf }: Pick<OperationContext, 'store' | 'patientsOf'>,
  request: Request,
  refusal: unknown,
): Promise<Withheld | undefined> {
  const { caller, type, id, compartment } = request;
  const ref = compartment ?? (type && id ? (`${type}/${id}` as const) : undefined);
  if (ref === undefined || caller.administrator || caller.organization === undefined) return undefined;
  if (!(refusal instanceof OperationOutcomeError) || !KEPT_BACK.has(refusal.code)) return undefined;
  const sight = sightFor(request);
  const snapshot = store.snapshot();
  // What the caller sees was not kept back: it asked for a version that there is not.
  if (refusal.code === 'not-found' && (await snapshot.read(ref, sight)) !== undefined) return undefined;
  const version = await snapshot.read(ref, withDenied(sightInForce(request)));
  if (version?.text === undefined || version.custodian === '' || version.custodian === caller.organization)
    return undefined;
  return { keeper: version.custodian, patients: patientsOf(ref, version.seq, version.text) };
}

/** What was kept from a caller. */
interface Withheld {
  readonly keeper: Ref;
  readonly patients: readonly Ref[];
}

const KEPT_BACK: ReadonlySet<string> = new Set([
  'agreement-not-active',
  'disclosure-denied',
  'access-denied',
  'not-found',
]);

/** Of what the caller received, another version may be withheld. */
async function isVersionDenied(
  snapshot: Snapshot,
  ref: Ref,
  versionId: string | undefined,
  request: Request,
): Promise<boolean> {
  const seq = Number(versionId);
  if (!Number.isSafeInteger(seq) || seq <= 0) return false;
  return (await snapshot.vread(ref, seq, withTold(sightFor(request)))) !== undefined;
}

/** Patients of one search that are asked about: more than anybody names. */
const PATIENTS_MAX = 100;

/**
 * The mark of a searchset that a denial in force withholds something of what a referral of the caller reaches. It depends on
 * the caller, the patients whom the search names and their denials alone: a mark that followed the other parameters would
 * answer them.
 */
export async function suppressedIn(
  { clock }: Pick<OperationContext, 'clock'>,
  snapshot: Snapshot,
  request: Request,
  where: Clause | undefined,
  type?: string,
): Promise<readonly IssueDetail[]> {
  const { caller, compartment } = request;
  const { administrator, organization, emergency = [] } = caller;
  if (administrator || organization === undefined) return [];
  const lifted = new Set(emergency.map(({ patient }) => patient));
  const named = new Set<Ref>(compartment?.startsWith('Patient/') === true ? [compartment] : []);
  if (where !== undefined) for (const patient of patientsNamed(where, type)) named.add(patient);
  const asked = [...named].slice(0, PATIENTS_MAX);
  for (const patient of asked)
    if (!lifted.has(patient) && (await snapshot.isDenied(patient, organization)))
      return [SUPPRESSED, ...(await pausedIn(snapshot, request, asked, clock.now()))];
  return pausedIn(snapshot, request, asked, clock.now());
}

const SUPPRESSED: IssueDetail = {
  code: 'disclosure-denied',
  severity: 'information',
  diagnostics: 'patient-consent: a denial of the patient withholds resources from your organization',
};

/** The patients whom a search names: by reference, or by id where it is a search for Patients. */
function patientsNamed(where: Clause, type: string | undefined): readonly Ref[] {
  switch (where.kind) {
    case 'all':
    case 'any':
      return where.of.flatMap((one) => patientsNamed(one, type));
    case 'reference':
      return where.to.filter((to): to is Ref => to.startsWith('Patient/'));
    case 'id':
      return type === 'Patient' ? where.ids.map((id): Ref => `Patient/${id}`) : [];
    default:
      return [];
  }
}
