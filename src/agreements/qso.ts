/**
 * Qualified service organizations (42 CFR 2.11): who serves a program under an agreement is told records of the program
 * without the patient's consent (2.12(c)(4); baa-messaging BA8).
 */
import type { Ref } from '../fhir/types.ts';
import { associateOf, kindsOfAgreement, principalOf } from './contract.ts';
import type { StoredContract } from './pair.ts';
import { standingOfAgreement } from './state.ts';

/** Whether an agreement of a qualified service organization is in force by which `service` serves `program`. */
export const isQualified = (
  contracts: readonly StoredContract[],
  program: Ref,
  service: Ref,
  now: number,
): boolean =>
  contracts.some(
    ({ contract }) =>
      principalOf(contract) === program &&
      associateOf(contract) === service &&
      kindsOfAgreement(contract).includes('qso') &&
      standingOfAgreement(contract, now).state === 'active',
  );
