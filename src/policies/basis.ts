/**
 * The bases of disclosures (compliance 4, B01 to B21): the code that a referral claims, the purpose of such a disclosure
 * (45 CFR 164.501), the section of 45 CFR that permits it, and whom and what it is for. The policy of each, with the
 * evidence that it asks for, stands in `policies/bases`.
 */
import type { PartyKind } from './party-kind.ts';
import type { Purpose } from './purpose.ts';

/**
 * Who may be told on a basis: parties of these kinds; the same legal entity; who works for the discloser, or the other way round; a person, whom a referral never tells; whom the
 * patient's signed word names; or anybody, because the evidence says who.
 */
type Recipients = readonly PartyKind[] | 'entity' | 'associate' | 'person' | 'named' | 'anybody';

interface BasisRow {
  readonly purpose: Purpose;
  readonly section: string;
  readonly recipients: Recipients;
  /** What is asked beside the recipient, in a few words; absent: nothing. */
  readonly asks?: string;
  /** It stands in the patient's accounting of disclosures (45 CFR 164.528). */
  readonly accounted: boolean;
}

/** Codes of https://closeloop.dev/fhir/CodeSystem/disclosure-basis. */
// prettier-ignore
export const BASES = {
  'own':                  { purpose: 'TREAT',    section: '164.506', recipients: 'entity', accounted: false },
  'treatment':            { purpose: 'TREAT',    section: '164.506', recipients: ['provider'], accounted: false },
  'treatment-own':        { purpose: 'TREAT',    section: '164.506', recipients: ['community-organization', 'school'],                  asks: 'a health-related service', accounted: false },
  'payment':              { purpose: 'HPAYMT',   section: '164.506', recipients: ['health-plan', 'provider'], accounted: false },
  'operations':           { purpose: 'HOPERAT',  section: '164.506', recipients: ['health-plan', 'provider'],                         asks: 'a relationship of both with the patient', accounted: false },
  'business-associate':   { purpose: 'HOPERAT',  section: '164.502', recipients: 'associate',                                         asks: 'an agreement in force', accounted: false },
  'individual':           { purpose: 'PATRQT',   section: '164.524', recipients: 'person', accounted: false },
  'authorization':        { purpose: 'TREAT',    section: '164.508', recipients: 'named',                                             asks: 'a signed authorization', accounted: false },
  'involved-person':      { purpose: 'FAMRQT',   section: '164.510', recipients: 'person', accounted: false },
  'required-by-law':      { purpose: 'HLEGAL',   section: '164.512', recipients: 'anybody',                                           asks: 'the law', accounted: true },
  'public-health':        { purpose: 'PUBHLTH',  section: '164.512', recipients: 'anybody',                                           asks: 'the activity of public health', accounted: true },
  'child-abuse':          { purpose: 'PUBHLTH',  section: '164.512', recipients: 'anybody',                                           asks: 'the law, or an authority for protective services', accounted: true },
  'abuse-neglect':        { purpose: 'HLEGAL',   section: '164.512', recipients: ['protective-services'],                             asks: 'the law or the agreement of the patient, and whether the patient was informed', accounted: true },
  'oversight':            { purpose: 'HCOMPL',   section: '164.512', recipients: ['oversight-agency'],                                asks: 'the authority', accounted: true },
  'psychotherapy-notes':  { purpose: 'TREAT',    section: '164.508', recipients: 'named',                                             asks: 'a signed authorization for notes alone', accounted: false },
  'judicial-order':       { purpose: 'HLEGAL',   section: '164.512', recipients: 'anybody',                                           asks: 'the order of a court', accounted: true },
  'judicial-process':     { purpose: 'HLEGAL',   section: '164.512', recipients: 'anybody',                                           asks: 'the process of a court, and the assurance', accounted: true },
  'serious-threat':       { purpose: 'THREAT',   section: '164.512', recipients: 'anybody',                                           asks: 'why, and the clinician who says so', accounted: true },
  'correctional':         { purpose: 'TREAT',    section: '164.512', recipients: ['correctional'],                                    asks: 'the representation of the institution', accounted: false },
  'workers-compensation': { purpose: 'COVERAGE', section: '164.512', recipients: ['workers-compensation', 'employer', 'health-plan'], asks: 'the law', accounted: true },
  'emergency':            { purpose: 'ETREAT',   section: '164.506', recipients: ['provider'],                                        asks: 'emergency access', accounted: false },
  'secretary':            { purpose: 'HCOMPL',   section: '164.502', recipients: ['oversight-agency'],                                asks: 'an administrator', accounted: true },
} as const satisfies Record<string, BasisRow>;

export type Basis = keyof typeof BASES;

export const basisRow = (basis: Basis): BasisRow => BASES[basis];

export const isBasis = (code: string | undefined): code is Basis =>
  code !== undefined && Object.hasOwn(BASES, code);
