/**
 * The bases of disclosures (compliance 4, B01 to B21): the code that a referral claims, the purpose of such a disclosure
 * (45 CFR 164.501), the section of 45 CFR that permits it, and whom and what it is for. The policy of each, with the
 * evidence that it asks for, stands in `policies/bases`.
 */
import type { PartyKind } from './party-kind.ts';
import type { Purpose } from './purpose.ts';

/**
 * Who may be told on a basis: parties of these kinds; the same legal entity; a person, whom a referral never tells; whom the
 * patient's signed word names; or anybody, because the evidence says who.
 */
type Recipients = readonly PartyKind[] | 'entity' | 'person' | 'named' | 'anybody';

interface BasisRow {
  readonly purpose: Purpose;
  readonly section: string;
  readonly recipients: Recipients;
  /** What is asked beside the recipient, in a few words; absent: nothing. */
  readonly asks?: string;
  /** Only what the purpose needs may be told (45 CFR 164.502(b)). */
  readonly minimum: boolean;
  /** It stands in the patient's accounting of disclosures (45 CFR 164.528). */
  readonly accounted: boolean;
  /** Whether content of 42 CFR Part 2 may be told: with a consent under that part, never, or as it is. */
  readonly part2: 'consent' | 'never' | 'as-it-is';
}

/** Codes of https://closeloop.dev/fhir/CodeSystem/disclosure-basis. */
// prettier-ignore
export const BASES = {
  'own':                  { purpose: 'TREAT',    section: '164.506', recipients: 'entity',                                            minimum: true,  accounted: false, part2: 'consent' },
  'treatment':            { purpose: 'TREAT',    section: '164.506', recipients: ['provider'],                                        minimum: false, accounted: false, part2: 'consent' },
  'treatment-own':        { purpose: 'TREAT',    section: '164.506', recipients: ['community-organization', 'school'],                  asks: 'a health-related service', minimum: true, accounted: false, part2: 'consent' },
  'payment':              { purpose: 'HPAYMT',   section: '164.506', recipients: ['health-plan', 'provider'],                         minimum: true,  accounted: false, part2: 'consent' },
  'operations':           { purpose: 'HOPERAT',  section: '164.506', recipients: ['health-plan', 'provider'],                         asks: 'a relationship of both with the patient', minimum: true, accounted: false, part2: 'consent' },
  'business-associate':   { purpose: 'HOPERAT',  section: '164.502', recipients: ['business-associate'],                              asks: 'an agreement in force', minimum: true, accounted: false, part2: 'as-it-is' },
  'individual':           { purpose: 'PATRQT',   section: '164.524', recipients: 'person',                                            minimum: false, accounted: false, part2: 'as-it-is' },
  'authorization':        { purpose: 'TREAT',    section: '164.508', recipients: 'named',                                             asks: 'a signed authorization', minimum: false, accounted: false, part2: 'consent' },
  'involved-person':      { purpose: 'FAMRQT',   section: '164.510', recipients: 'person',                                            minimum: true,  accounted: false, part2: 'consent' },
  'required-by-law':      { purpose: 'HLEGAL',   section: '164.512', recipients: 'anybody',                                           asks: 'the law', minimum: false, accounted: true, part2: 'never' },
  'public-health':        { purpose: 'PUBHLTH',  section: '164.512', recipients: 'anybody',                                           asks: 'the activity of public health', minimum: true, accounted: true, part2: 'never' },
  'child-abuse':          { purpose: 'PUBHLTH',  section: '164.512', recipients: 'anybody',                                           asks: 'the law, or an authority for protective services', minimum: true, accounted: true, part2: 'as-it-is' },
  'abuse-neglect':        { purpose: 'HLEGAL',   section: '164.512', recipients: ['protective-services'],                             asks: 'the law or the agreement of the patient, and whether the patient was informed', minimum: true, accounted: true, part2: 'never' },
  'oversight':            { purpose: 'HCOMPL',   section: '164.512', recipients: ['oversight-agency'],                                asks: 'the authority', minimum: true, accounted: true, part2: 'never' },
  'psychotherapy-notes':  { purpose: 'TREAT',    section: '164.508', recipients: 'named',                                             asks: 'a signed authorization for notes alone', minimum: false, accounted: false, part2: 'consent' },
  'judicial-order':       { purpose: 'HLEGAL',   section: '164.512', recipients: 'anybody',                                           asks: 'the order of a court', minimum: false, accounted: true, part2: 'never' },
  'judicial-process':     { purpose: 'HLEGAL',   section: '164.512', recipients: 'anybody',                                           asks: 'the process of a court, and the assurance', minimum: true, accounted: true, part2: 'never' },
  'serious-threat':       { purpose: 'THREAT',   section: '164.512', recipients: 'anybody',                                           asks: 'why, and the clinician who says so', minimum: true, accounted: true, part2: 'never' },
  'correctional':         { purpose: 'TREAT',    section: '164.512', recipients: ['correctional'],                                    asks: 'the representation of the institution', minimum: true, accounted: false, part2: 'consent' },
  'workers-compensation': { purpose: 'COVERAGE', section: '164.512', recipients: ['workers-compensation', 'employer', 'health-plan'], asks: 'the law', minimum: true, accounted: true, part2: 'consent' },
  'emergency':            { purpose: 'ETREAT',   section: '164.506', recipients: ['provider'],                                        asks: 'emergency access', minimum: false, accounted: false, part2: 'as-it-is' },
  'secretary':            { purpose: 'HCOMPL',   section: '164.502', recipients: ['oversight-agency'],                                asks: 'an administrator', minimum: false, accounted: true, part2: 'as-it-is' },
} as const satisfies Record<string, BasisRow>;

export type Basis = keyof typeof BASES;

export const basisRow = (basis: Basis): BasisRow => BASES[basis];

export const isBasis = (code: string | undefined): code is Basis =>
  code !== undefined && Object.hasOwn(BASES, code);
