/**
 * The bases of disclosures (compliance 4, B01 to B21): the code that a referral claims, the purpose of such a disclosure
 * (45 CFR 164.501), and the section of 45 CFR that permits it. An authorization names its own purpose; the server does not
 * read it yet, and takes the purpose for treatment.
 */
import type { Purpose } from './purpose.ts';

interface BasisRow {
  readonly purpose: Purpose;
  readonly section: string;
}

/** Codes of https://closeloop.dev/fhir/CodeSystem/disclosure-basis. */
// prettier-ignore
export const BASES = {
  'own':                  { purpose: 'TREAT',    section: '164.506' },
  'treatment':            { purpose: 'TREAT',    section: '164.506' },
  'treatment-own':        { purpose: 'TREAT',    section: '164.506' },
  'payment':              { purpose: 'HPAYMT',   section: '164.506' },
  'operations':           { purpose: 'HOPERAT',  section: '164.506' },
  'business-associate':   { purpose: 'HOPERAT',  section: '164.502' },
  'individual':           { purpose: 'PATRQT',   section: '164.524' },
  'authorization':        { purpose: 'TREAT',    section: '164.508' },
  'involved-person':      { purpose: 'FAMRQT',   section: '164.510' },
  'required-by-law':      { purpose: 'HLEGAL',   section: '164.512' },
  'public-health':        { purpose: 'PUBHLTH',  section: '164.512' },
  'child-abuse':          { purpose: 'PUBHLTH',  section: '164.512' },
  'abuse-neglect':        { purpose: 'HLEGAL',   section: '164.512' },
  'oversight':            { purpose: 'HCOMPL',   section: '164.512' },
  'psychotherapy-notes':  { purpose: 'TREAT',    section: '164.508' },
  'judicial-order':       { purpose: 'HLEGAL',   section: '164.512' },
  'judicial-process':     { purpose: 'HLEGAL',   section: '164.512' },
  'serious-threat':       { purpose: 'THREAT',   section: '164.512' },
  'correctional':         { purpose: 'TREAT',    section: '164.512' },
  'workers-compensation': { purpose: 'COVERAGE', section: '164.512' },
  'emergency':            { purpose: 'ETREAT',   section: '164.506' },
  'secretary':            { purpose: 'HCOMPL',   section: '164.502' },
} as const satisfies Record<string, BasisRow>;

export type Basis = keyof typeof BASES;

export const isBasis = (code: string | undefined): code is Basis =>
  code !== undefined && Object.hasOwn(BASES, code);
