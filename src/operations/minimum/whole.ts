/**
 * Requests for a whole record (45 CFR 164.514(d)(5)): where minimum necessary applies, somebody must say why all of it is
 * needed (compliance M5), and a covered entity or an official who asks is relied on (M6). Of what a Part 2 program keeps,
 * nobody is given the whole without that (42 CFR 2.13(a)).
 */
import { readKinds } from '../../delivery/party-facts.ts';
import { OperationOutcomeError, type IssueDetail } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { factsOf } from '../../policies/facts.ts';
import type { PartyKind } from '../../policies/party-kind.ts';
import { isWithin } from '../../policies/purpose.ts';
import type { AuditEntry } from '../../ports/store.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { mayConcern } from '../emergency/opened-about.ts';
import { boundedTextIn } from '../extended/input.ts';
import type { Invocation, OperationParameter } from '../extended/operation.ts';
import type { Caller } from '../request.ts';

export const JUSTIFICATION: OperationParameter = {
  name: 'justification',
  use: 'in',
  min: 0,
  max: '1',
  type: 'string',
  documentation:
    'Why the whole record is needed. Required where it is not for treatment, nor for the patient (45 CFR 164.514(d)(5)); without it what a 42 CFR Part 2 program keeps is left out. The audit keeps the text.',
};

/** What the audit says of a whole record beside the rest. */
export type WholeRecord = Pick<AuditEntry, 'justification' | 'reliedOn'>;

const TEXT_MAX = 2000;

/** @throws OperationOutcomeError `minimum-necessary`; `parameter-invalid` for a text that is too long */
export async function askWhole(
  { context, request: { caller }, input }: Invocation,
  keeper: Ref | '',
  isWhole = true,
): Promise<WholeRecord> {
  const justification = boundedTextIn(input, JUSTIFICATION.name, TEXT_MAX);
  if (justification === undefined || justification === '') {
    if (!isWhole || !isLimited(caller)) return {};
    throw new OperationOutcomeError('minimum-necessary', {
      diagnostics: 'Name what the purpose needs, or say why the whole record is needed.',
    });
  }
  const { organization } = caller;
  if (organization === undefined || organization === keeper || !isLimited(caller)) return { justification };
  const kinds = await readKinds(context.store.snapshot(), organization, keeper || organization, 'none');
  const reliedOn = RELIED_ON.find((kind) => kinds.has(kind));
  return { justification, ...(reliedOn !== undefined && { reliedOn }) };
}

/**
 * Whether minimum necessary applies to what a caller asks for: to all but treatment and the patient's own request
 * (45 CFR 164.502(b)(2)), and to whoever is told by a row of the payload table.
 */
function isLimited({ payload, purposes }: Caller): boolean {
  if (payload !== undefined) return true;
  return purposes.length > 0 && !purposes.some((one) => isWithin(one, 'TREAT') || isWithin(one, 'PATRQT'));
}

/** Whose word that it is the minimum suffices (45 CFR 164.514(d)(3)(iii)): officials, covered entities, business associates. */
const RELIED_ON: readonly PartyKind[] = [
  'public-health-authority',
  'protective-services',
  'oversight-agency',
  'provider',
  'health-plan',
  'business-associate',
];

/** A version as it was found. */
interface FoundVersion {
  readonly text: string;
  readonly custodian: Ref | '';
}

/**
 * What is found of a patient, without the records of Part 2 programs unless somebody said why they are needed; with those of
 * this very patient in an emergency that is the patient's.
 */
export function neededOf<T extends FoundVersion>(
  found: readonly T[],
  caller: Caller,
  { justification }: WholeRecord,
  patient: Ref,
): readonly T[] {
  const { organization, administrator, purposes, emergency = [] } = caller;
  const isOpened = emergency.some((grant) => grant.patient === patient);
  const isPatient = purposes.some((one) => isWithin(one, 'PATRQT'));
  if (justification !== undefined || administrator || isPatient) return found;
  return found.filter(
    ({ text, custodian }) =>
      custodian === organization ||
      !isPart2(text) ||
      (isOpened && mayConcern(parseStored(text), new Set([patient]))),
  );
}

const isPart2 = (text: string): boolean => text.includes('"42CFRPart2"') && factsOf(parseStored(text)).part2;

/** What the caller is told where something was left out, which it may read by itself. */
export const leftOutOf = (count: number): readonly IssueDetail[] =>
  count === 0
    ? []
    : [
        {
          code: 'left-out',
          severity: 'information',
          diagnostics: `${count} resources of 42 CFR Part 2 programs are left out; give a justification, or read those that are needed`,
        },
      ];
