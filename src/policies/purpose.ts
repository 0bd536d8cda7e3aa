/**
 * Purposes of use (compliance D4): the codes of v3-ActReason below PurposeOfUse, with R4's hierarchy
 * (http://hl7.org/fhir/R4/v3/PurposeOfUse/vs.html). Consents speak in them (45 CFR 164.508(c)(1)(iv)), and so do tokens and
 * the audit.
 */

export const PURPOSE_SYSTEM = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';

/** Above all purposes. */
const ANY_PURPOSE = 'PurposeOfUse';

/** What stands directly below each purpose that has something below it. */
// prettier-ignore
export const PURPOSES_BELOW = {
  [ANY_PURPOSE]: ['HMARKT', 'HOPERAT', 'HPAYMT', 'HRESCH', 'PATRQT', 'PUBHLTH', 'TREAT'],
  HOPERAT:       ['CAREMGT', 'DONAT', 'FRAUD', 'GOV', 'HACCRED', 'HCOMPL', 'HDECD', 'HDIRECT', 'HDM', 'HLEGAL', 'HOUTCOMS', 'HPRGRP', 'HQUALIMP', 'HSYSADMIN', 'MEMADMIN', 'MILCDM', 'PATADMIN', 'PATSFTY', 'PERFMSR', 'RECORDMGT', 'SYSDEV', 'TRAIN'],
  HSYSADMIN:     ['LABELING', 'METAMGT'],
  SYSDEV:        ['HTEST'],
  HPAYMT:        ['CLMATTCH', 'COVAUTH', 'COVERAGE', 'REMITADV'],
  COVERAGE:      ['ELIGDTRM', 'ELIGVER', 'ENROLLM', 'MILDCRG'],
  HRESCH:        ['BIORCH', 'CLINTRCH', 'DSRCH', 'POARCH', 'TRANSRCH'],
  CLINTRCH:      ['CLINTRCHNPC', 'CLINTRCHPC', 'PRECLINTRCH'],
  PATRQT:        ['FAMRQT', 'PWATRNY', 'SUPNWK'],
  PUBHLTH:       ['DISASTER', 'THREAT'],
  TREAT:         ['CLINTRL', 'COC', 'ETREAT', 'POPHLTH'],
  ETREAT:        ['BTG', 'ERTREAT'],
} as const;

export type Purpose = (typeof PURPOSES_BELOW)[keyof typeof PURPOSES_BELOW][number];

const ABOVE: ReadonlyMap<string, string> = new Map(
  Object.entries(PURPOSES_BELOW).flatMap(([above, below]) => below.map((code) => [code, above] as const)),
);

export const isPurpose = (code: string): code is Purpose => ABOVE.has(code);

/** Whether a purpose is another one, or one of its kinds: ETREAT is within TREAT, and not the other way round. */
export function isWithin(purpose: Purpose, other: string): boolean {
  for (let at: string | undefined = purpose; at !== undefined; at = ABOVE.get(at))
    if (at === other) return true;
  return false;
}

/** What any client may act for; a table names those that may act for others (compliance D4). */
export const USUAL_PURPOSES: readonly Purpose[] = ['TREAT', 'HPAYMT', 'HOPERAT', 'PATRQT'];

/** Whether a purpose is among those that are allowed. To break the glass is allowed by its own name alone. */
export const mayActFor = (purpose: Purpose, allowed: readonly Purpose[]): boolean =>
  allowed.includes(purpose) || (purpose !== 'BTG' && allowed.some((one) => isWithin(purpose, one)));

/** The purpose of a caller who claims none: a patient asks for what is the patient's own, a provider treats. */
export function usualPurpose({
  inPerson,
  provider,
}: {
  readonly inPerson: boolean;
  readonly provider: boolean;
}): Purpose {
  if (inPerson) return 'PATRQT';
  return provider ? 'TREAT' : 'HOPERAT';
}
