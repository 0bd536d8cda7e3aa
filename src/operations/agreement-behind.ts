/**
 * What an organization that works for others is told where no agreement is in force (baa-messaging BA13; harmony Z3): that there
 * is none, of what a referral of its own reaches, and nothing of anything else.
 */
import { tellStanding } from '../agreements/told.ts';
import { readAgreement, storedContracts } from '../delivery/agreements.ts';
import { OperationOutcomeError, type IssueDetail } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import { EVERYTHING, withTold, type Sight } from '../ports/query.ts';
import type { Snapshot, Version } from '../ports/store.ts';
import { resourceOf } from '../ports/stored-resource.ts';
import { readPartyNames } from '../resources/parties/party-names.ts';
import { isFileShown, principalOfFile } from './binary-shown.ts';
import type { OperationContext } from './context.ts';
import { associateIn, sightOf, type Request } from './request.ts';
import { sightFor } from './scope.ts';

/** The request as if every agreement of its organization were in force. */
const asIfInForce = (request: Request): Request => {
  const { agreements: _agreements, ...caller } = request.caller;
  return { ...request, caller };
};

/**
 * `agreement-not-active` in place of `not-found`, where a referral of the caller reaches what the request names and the lack of
 * an agreement withholds it; every other refusal as it is.
 */
export async function agreementBehind(
  { store, settings, clock }: Pick<OperationContext, 'clock' | 'store' | 'settings'>,
  request: Request,
  refusal: unknown,
): Promise<unknown> {
  const { caller, type, id, compartment } = request;
  const ref = compartment ?? (type && id ? (`${type}/${id}` as const) : undefined);
  if (ref === undefined || associateIn(caller) === undefined) return refusal;
  if (!(refusal instanceof OperationOutcomeError) || refusal.code !== 'not-found') return refusal;
  const snapshot = store.snapshot();
  const base = settings.publicBase;
  // Denied besides: one reason is said, and that no agreement is in force comes first.
  const version = await readShown(snapshot, asIfInForce(request), ref, base, withTold);
  if (version === undefined || (await readShown(snapshot, request, ref, base)) !== undefined) return refusal;
  // A file of one's own is closed with the message that carries it.
  const other =
    version.custodian === caller.organization
      ? await principalOfFile(snapshot, caller, ref, base)
      : version.custodian;
  if (other === undefined) return refusal;
  const paused = await pausedWith(snapshot, request, other, clock.now());
  return new OperationOutcomeError('agreement-not-active', paused);
}

/** That no agreement is in force with an organization, and which one would be, in the words for the associate (baa-messaging 9). */
async function pausedWith(
  snapshot: Snapshot,
  { caller: { organization: associate } }: Request,
  keeper: Ref | '',
  now: number,
): Promise<Omit<IssueDetail, 'code'>> {
  if (associate === undefined || keeper === '')
    throw new Error('what is closed is kept by another organization');
  const standing = await readAgreement(storedContracts(snapshot), keeper, associate, now);
  const parties = [keeper, associate, standing.principal, standing.associate];
  const names = await readPartyNames(parties, async (party) =>
    resourceOf(await snapshot.read(party, EVERYTHING)),
  );
  const told = tellStanding(standing, { reader: associate, principal: keeper, associate, names });
  return {
    diagnostics: told.text,
    ...(told.extension !== undefined && { extension: [told.extension] }),
    ...(told.contract !== undefined && { agreement: told.contract }),
  };
}

/** What a request names, where its caller may read it. */
async function readShown(
  snapshot: Snapshot,
  request: Request,
  ref: Ref,
  base: string,
  widened: (sight: Sight) => Sight = (sight) => sight,
): Promise<Version | undefined> {
  const version = await snapshot.read(ref, widened(sightFor(request)));
  return version && (await isFileShown(snapshot, request.caller, version, base)) ? version : undefined;
}

/** The sight of a request as if every agreement of its organization were in force. */
export const sightInForce = (request: Request): ReturnType<typeof sightFor> => sightFor(asIfInForce(request));

/**
 * The mark of a searchset that something of a patient whom it names is kept by an organization without an agreement in force. As
 * that of a denial, it depends on the caller, the patient and the agreements alone.
 */
export async function pausedIn(
  snapshot: Snapshot,
  request: Request,
  patients: readonly Ref[],
  now: number,
): Promise<readonly IssueDetail[]> {
  if (associateIn(request.caller) === undefined) return [];
  const [inForce, sight] = [sightOf(asIfInForce(request).caller), sightOf(request.caller)];
  for (const patient of patients) {
    const version = await snapshot.read(patient, inForce);
    if (version === undefined || (await snapshot.read(patient, sight)) !== undefined) continue;
    const paused = await pausedWith(snapshot, request, version.custodian, now);
    return [{ code: 'agreement-not-active', severity: 'information', ...paused }];
  }
  return [];
}
