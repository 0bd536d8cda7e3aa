/**
 * The exceptions of the information blocking rule (45 CFR 171): on which of them information is kept back. The refusal
 * names it, by the table of refusals (compliance I1, I2); no caller chooses it.
 */
import { EXCEPTION_SYSTEM, ISSUES, type IssueCode } from '../fhir/issue.ts';
import type { Coding } from '../fhir/types.ts';

interface ExceptionRow {
  readonly paragraph: string;
  readonly usedWhen: string;
  /** The first and the last day on which it may be used, where it was not always so, or will not be. */
  readonly from?: string;
  readonly until?: string;
}

/** Codes of https://closeloop.dev/fhir/CodeSystem/information-blocking-exception. */
// prettier-ignore
export const EXCEPTIONS = {
  'preventing-harm':                    { paragraph: '45 CFR 171.201',            usedWhen: "a clinician's determination is on record" },
  'privacy-precondition':               { paragraph: '45 CFR 171.202(b)',         usedWhen: 'a precondition of law is unmet: consent, authorization, agreement, proof of identity' },
  'privacy-access-denial':              { paragraph: '45 CFR 171.202(d)',         usedWhen: "an individual's access is denied under 45 CFR 164.524(a)(1) or (2)" },
  'privacy-individual-request':         { paragraph: '45 CFR 171.202(e)',         usedWhen: 'the individual asked not to share' },
  'security':                           { paragraph: '45 CFR 171.203',            usedWhen: 'a client was revoked, did not prove who it is, or acts beyond what it may' },
  'infeasible-uncontrollable':          { paragraph: '45 CFR 171.204(a)(1)',      usedWhen: 'the receiver cannot be reached' },
  'infeasible-segmentation':            { paragraph: '45 CFR 171.204(a)(2)',      usedWhen: 'what may not be told cannot be cut out of what may' },
  'infeasible-third-party-modification': { paragraph: '45 CFR 171.204(a)(3)',     usedWhen: 'a third party asks to change the records of somebody else' },
  'infeasible-manner-exhausted':        { paragraph: '45 CFR 171.204(a)(4)',      usedWhen: 'no manner of exchange could be agreed upon' },
  'infeasible-circumstances':           { paragraph: '45 CFR 171.204(a)(5)',      usedWhen: 'it is infeasible under the circumstances' },
  'performance':                        { paragraph: '45 CFR 171.205',            usedWhen: 'the server is maintained, or protects its capacity' },
  'care-access':                        { paragraph: '45 CFR 171.206',            usedWhen: 'the actor determined in writing that sharing endangers who seeks or gives reproductive care', from: '2024-12-17' },
  'manner':                             { paragraph: '45 CFR 171.301',            usedWhen: 'another manner of exchange is offered' },
  'fees':                               { paragraph: '45 CFR 171.302',            usedWhen: 'a fee is asked' },
  'licensing':                          { paragraph: '45 CFR 171.303',            usedWhen: 'a licence is asked' },
  'tefca-manner':                       { paragraph: '45 CFR 171.403',            usedWhen: 'exchange is offered through TEFCA' },
  'required-by-law':                    { paragraph: '45 CFR 171.103(a)(1)',      usedWhen: 'another law forbids to tell it' },
  'none-review':                        { paragraph: 'none',                      usedWhen: 'nothing fits: a person must look' },
} as const satisfies Record<string, ExceptionRow>;

export type InformationBlockingException = keyof typeof EXCEPTIONS;

/** Whether an exception may be used on a day (`2026-11-30`). */
export function isExceptionOn(exception: InformationBlockingException, day: string): boolean {
  const { from = '', until = '9999' }: ExceptionRow = EXCEPTIONS[exception];
  return from <= day && day <= until;
}

/** Whose wish a denial is, where the refusal alone does not say it. */
export type DeniedBy = 'patient' | 'agreement' | 'organization';

/**
 * The exception under which a refusal keeps information back; undefined for one that keeps none back. What an organization
 * alone wants is no precondition of law (compliance I3).
 */
export function exceptionFor(code: IssueCode, by?: DeniedBy): InformationBlockingException | undefined {
  const { exception } = ISSUES[code];
  if (exception === '–') return undefined;
  if (by === 'organization') return 'none-review';
  return by === 'agreement' && code === 'disclosure-denied' ? 'privacy-precondition' : exception;
}

/** An exception as it stands in a refusal. */
export const exceptionCoding = (exception: InformationBlockingException): Coding => ({
  system: EXCEPTION_SYSTEM,
  code: exception,
});
