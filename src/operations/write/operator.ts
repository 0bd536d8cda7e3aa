/**
 * Whether the agreement with whoever operates this server is in force, for each organization that keeps patients here: the
 * operator is the first who works for all of them (baa-messaging BA17; 45 CFR 160.103, business associate, (3)(i)).
 */
import { tellStanding } from '../../agreements/told.ts';
import { readAgreement } from '../../delivery/agreements.ts';
import { findSameEntity } from '../../delivery/party-facts.ts';
import { OperationOutcomeError, type IssueDetail } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { NEED_SYSTEM } from '../../policies/need.ts';
import { typeOf } from '../../resources/element.ts';
import { readPartyNames } from '../../resources/parties/party-names.ts';
import { patientsOfCompartments } from '../values.ts';
import { contractsIn } from './contracts-in.ts';
import { placesIn, type Draft, type Planned } from './draft.ts';
import { readPreview } from './preview.ts';

/** @throws OperationOutcomeError `agreement-not-active` where the setting requires one */
export async function checkOperator(draft: Draft): Promise<void> {
  const { operatorOrganization, operatorAgreement } = draft.context.settings;
  if (operatorOrganization === undefined || operatorAgreement === 'off-for-demo') return;
  const operator = operatorOrganization as Ref; // the setting has that shape
  for (const [keeper, planned] of keepersOfPatients(draft)) {
    const issue = await missingFor(draft, keeper, operator, planned);
    if (issue === undefined) continue;
    if (operatorAgreement !== 'warn') throw OperationOutcomeError.of([issue]);
    draft.notes.push({ ...issue, severity: 'warning' });
  }
}

/** Who keeps what is written about patients, each with one of its writes. */
function keepersOfPatients({ planned, caller }: Draft): ReadonlyMap<Ref, Planned> {
  const keepers = new Map<Ref, Planned>();
  for (const one of planned.values()) {
    const { ref, after, custodian } = one;
    if (after === undefined || one.origin === 'server') continue;
    const keeper = custodian === '' ? caller.organization : custodian;
    const isAboutPatient = typeOf(ref) === 'Patient' || patientsOfCompartments(after.plain).length > 0;
    if (keeper !== undefined && isAboutPatient && !keepers.has(keeper)) keepers.set(keeper, one);
  }
  return keepers;
}

/** Undefined: the agreement is in force, or none is needed. */
async function missingFor(
  draft: Draft,
  keeper: Ref,
  operator: Ref,
  planned: Planned,
): Promise<IssueDetail | undefined> {
  const read = (ref: Ref) => readPreview(draft, ref);
  if (keeper === operator || (await findSameEntity(read, keeper, operator))) return undefined;
  const find = (query: Parameters<typeof contractsIn>[1]) => contractsIn(draft, query);
  const standing = await readAgreement(find, keeper, operator, Date.parse(draft.now));
  if (standing.state === 'active') return undefined;
  const names = await readPartyNames([keeper, operator], read);
  const told = tellStanding(standing, {
    reader: draft.caller.organization,
    principal: keeper,
    associate: operator,
    names,
  });
  return {
    code: 'agreement-not-active',
    diagnostics: `This server is operated by ${names.get(operator) ?? operator}. ${told.text}`,
    codings: [{ system: NEED_SYSTEM, code: 'agreement' }],
    expression: placesIn(planned, [typeOf(planned.ref)]),
    ...(told.extension !== undefined && { extension: [told.extension] }),
    ...(told.contract !== undefined && { agreement: told.contract }),
  };
}
