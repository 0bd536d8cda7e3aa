/** The privacy rule (45 CFR 164.500 to 164.534), paragraph by paragraph. */
import type { Citation } from './citation.ts';

export const PRIVACY: readonly Citation[] = [
  {
    law: '45 CFR 160.103',
    does: 'An administrator says what kind of party an organization is; an organization adds `part2-program` by itself and nothing else.',
    rules: ['compliance D1', 'harmony Z15'],
    query: 'GET [base]/Organization?type=https://closeloop.dev/fhir/CodeSystem/party-kind|part2-program',
  },
  {
    law: '45 CFR 164.502(a)(1), 164.506(c)(1)',
    does: 'Within one legal entity, which an administrator confirms, telling is a use: it needs no agreement, and its basis is `own`.',
    rules: ['compliance D2', 'harmony Z13'],
    query: 'GET [base]/AuditEvent?policy=https://closeloop.dev/fhir/basis/own',
  },
  {
    law: '45 CFR 164.506(c)(2)',
    does: 'A referral between providers is treatment and needs no authorization. The basis is on record for every referral, and in the audit of every disclosure.',
    rules: ['compliance B02', 'compliance D3', 'compliance B34'],
    query: 'GET [base]/AuditEvent?policy=https://closeloop.dev/fhir/basis/treatment',
  },
  {
    law: '45 CFR 164.506(c)(1), 164.501',
    does: 'A provider may tell a community organization what its service needs, and nothing that needs an authorization.',
    rules: ['compliance B03', 'compliance S6'],
  },
  {
    law: '45 CFR 164.506(c)(3), (4)',
    does: 'Payment and operations are bases of their own, for covered entities, with what they need besides.',
    rules: ['compliance B04', 'compliance B05'],
  },
  {
    law: '45 CFR 164.502(e)',
    does: 'A business associate is told nothing without an agreement in force; a subcontractor nothing without a chain of them.',
    rules: ['compliance B06', 'baa-messaging BA7'],
  },
  {
    law: '45 CFR 164.504(e)(2), 164.314(a)(2)',
    does: 'An agreement that lacks a required term is neither offered nor in force; each move needs its party and its evidence, and is on record.',
    rules: ['baa-messaging BA1', 'baa-messaging BA2', 'baa-messaging BA3', 'baa-messaging BA6'],
    query: 'GET [base]/AuditEvent?entity=Contract/1',
  },
  {
    law: '45 CFR 164.504(e)(2)(ii)(J)',
    does: 'When an agreement has ended, a work item asks for the return or destruction of what was told, and lists the copies that left.',
    rules: ['baa-messaging MK7', 'baa-messaging BT10'],
    query: 'GET [base]/Task?code=https://closeloop.dev/fhir/CodeSystem/work-item|agreement-ended',
  },
  {
    law: '45 CFR 164.502(b), 164.514(d)',
    does: 'Where the minimum necessary applies, a referral tells what the row of its service or recipient names; what was left out is on a List for the sender alone. To a provider for treatment it does not apply.',
    rules: ['compliance M1', 'compliance M2', 'compliance M3', 'compliance M4', 'harmony Z1'],
    query: 'GET [base]/List?code=https://closeloop.dev/fhir/CodeSystem/list-code|left-out',
  },
  {
    law: '45 CFR 164.514(d)(5)',
    does: 'An entire record needs a justification, which is in the audit.',
    rules: ['compliance M5'],
  },
  {
    law: '45 CFR 164.508(a)(2)',
    does: 'Psychotherapy notes are told to nobody without an authorization for them alone, whatever else permits; nothing says that they exist.',
    rules: ['compliance B15', 'compliance B33', 'compliance L6'],
  },
  {
    law: '45 CFR 164.508(b)(2)',
    does: 'A defective authorization permits nothing: it is stored, and what it lacks is named.',
    rules: ['compliance A11'],
  },
  {
    law: '45 CFR 164.508(b)(5)',
    does: 'A Consent is revoked in one call and at once, also for what is queued. What was received before stays readable.',
    rules: ['compliance C11', 'compliance A13', 'harmony Z4', 'compliance L7'],
    query: 'POST [base]/Consent/[id]/$revoke',
  },
  {
    law: '45 CFR 164.508(b)(6), 164.530(j)',
    does: 'A Consent that carried a disclosure is ended, never deleted or rewritten.',
    rules: ['compliance C12'],
  },
  {
    law: '45 CFR 164.508(c)',
    does: 'An authorization has all of its core elements and statements, or each that is missing is named with its paragraph.',
    rules: ['compliance A11', 'compliance C2', 'compliance K2'],
    query: 'POST [base]/Patient/[id]/$capture-consent',
  },
  {
    law: '45 CFR 164.510(b)',
    does: 'Telling a person who is involved in the care rests on a Consent of its own kind, which may be oral.',
    rules: ['compliance B09', 'compliance C2'],
  },
  {
    law: '45 CFR 164.512(a) to (l)',
    does: 'What the law requires or permits without authorization is claimed by its own code with its evidence; a claim that does not fit is refused with what it lacks.',
    rules: [
      'compliance B10',
      'compliance B11',
      'compliance B12',
      'compliance B13',
      'compliance B14',
      'compliance B16',
      'compliance B17',
      'compliance B18',
      'compliance B19',
      'compliance B30',
      'compliance B31',
      'compliance B32',
    ],
  },
  {
    law: '45 CFR 164.522(a)(1)',
    does: 'A restriction binds once it is agreed to, and not where the paragraph says that it does not. One that was paid in full binds toward the plan, and the entity alone does not end it.',
    rules: ['compliance R1', 'compliance R2', 'compliance R3'],
    query: 'GET [base]/Consent?patient=[id]&status=active',
  },
  {
    law: '45 CFR 164.522(a)(2)',
    does: 'A restriction ends in one of three ways, and the way is on record.',
    rules: ['compliance R4'],
  },
  {
    law: '45 CFR 164.522(a)(1)(iii), (iv)',
    does: 'In an emergency a grant lifts what a patient denied, for one person and session, and asks the reader to go no further; it is reviewed.',
    rules: ['compliance E1', 'compliance E3', 'compliance E4', 'compliance E5'],
    query: 'POST [base]/Patient/[id]/$break-glass',
  },
  {
    law: '45 CFR 164.528',
    does: 'The patient and the privacy officer get the accounting of disclosures, with what is owed and nothing else.',
    rules: ['audit-compliance AU20', 'audit-compliance AU21', 'audit-compliance AU22'],
    query: 'GET [base]/Patient/[id]/$accounting-of-disclosures',
  },
  {
    law: '45 CFR 164.528(a)(1)',
    does: 'What was told by telephone or on paper is entered, and is in the accounting.',
    rules: ['compliance B35'],
    query: 'POST [base]/Patient/[id]/$record-disclosure',
  },
];
