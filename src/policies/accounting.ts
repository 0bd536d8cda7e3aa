/**
 * Which disclosures a patient's accounting lists (45 CFR 164.528): what each rested on, in words for the patient, and the
 * paragraph by which it is left out where it is (audit-compliance AU22, AU23).
 */
import type { DisclosedOn } from './elsewhere.ts';

interface AccountingRow {
  readonly words: string;
  /** The paragraph of 164.528(a)(1) that leaves it out; absent: it is listed. */
  readonly leftOutBy?: string;
}

// prettier-ignore
export const ACCOUNTING = {
  'own':                    { words: 'use within the same organization', leftOutBy: '(i)' },
  'treatment':              { words: 'treatment', leftOutBy: '(i)' },
  'treatment-own':          { words: 'coordination of care', leftOutBy: '(i)' },
  'payment':                { words: 'payment', leftOutBy: '(i)' },
  'operations':             { words: 'health care operations', leftOutBy: '(i)' },
  'business-associate':     { words: 'work for us by a business associate', leftOutBy: '(i)' },
  'emergency':              { words: 'emergency treatment', leftOutBy: '(i)' },
  'individual':             { words: 'given to you', leftOutBy: '(ii)' },
  'authorization':          { words: 'as you authorized', leftOutBy: '(iv)' },
  'psychotherapy-notes':    { words: 'notes, as you authorized', leftOutBy: '(iv)' },
  'involved-person':        { words: 'told to a person involved in your care', leftOutBy: '(v)' },
  'correctional':           { words: 'to a correctional institution with custody', leftOutBy: '(vii)' },
  'limited-data-set':       { words: 'as part of a limited data set', leftOutBy: '(viii)' },
  'required-by-law':        { words: 'required by law' },
  'public-health':          { words: 'report to public health' },
  'child-abuse':            { words: 'report of child abuse or neglect' },
  'abuse-neglect':          { words: 'report of abuse, neglect or domestic violence' },
  'oversight':              { words: 'health oversight' },
  'judicial-order':         { words: 'order of a court' },
  'judicial-process':       { words: 'subpoena or discovery request' },
  'serious-threat':         { words: 'to prevent a serious threat' },
  'workers-compensation':   { words: 'workers’ compensation' },
  'secretary':              { words: 'to the Secretary of Health and Human Services' },
  'law-enforcement':        { words: 'for a law enforcement purpose' },
  'coroner':                { words: 'to a coroner, medical examiner or funeral director' },
  'organ-donation':         { words: 'for organ, eye or tissue donation' },
  'research':               { words: 'for research' },
  'specialized-government': { words: 'for a specialized government function' },
  'incident':               { words: 'by mistake' },
} as const satisfies Record<DisclosedOn, AccountingRow>;

export const accountingRow = (basis: DisclosedOn): AccountingRow => ACCOUNTING[basis];

/** The type of an agency's statement that the patient is not told for a time (a DocumentReference). */
export const SUSPENSION_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/accounting-suspension';

/** Bases on which an agency may ask that the patient is not told for a time (45 CFR 164.528(a)(2)). */
export const SUSPENDABLE: ReadonlySet<DisclosedOn> = new Set(['oversight', 'law-enforcement']);
