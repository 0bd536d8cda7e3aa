/** The security rule (45 CFR 164.302 to 164.318) and information blocking (45 CFR 171). */
import type { Citation } from './citation.ts';

export const SECURITY: readonly Citation[] = [
  {
    law: '45 CFR 164.312(b)',
    does: 'Every read, write, disclosure and refusal leaves a row with purpose, basis, session and tab, on disk before the answer.',
    rules: ['compliance V1', 'compliance V2', 'audit-compliance AU10', 'audit-compliance AU13'],
    query: 'GET [base]/AuditEvent?session=[session]&_sort=date',
  },
  {
    law: '45 CFR 164.312(c)(1)',
    does: 'The audit is a chain; a package of it is signed, and verified with openssl and a short script.',
    rules: ['audit-compliance AU16', 'audit-compliance AU18'],
    query: 'npm run audit -- verify',
  },
  {
    law: '45 CFR 164.308(a)(1)(ii)(D), 164.316(b)(2)',
    does: 'What an auditor asks is one command: the package with its tables, safe in a spreadsheet. Audit rows are kept for six years at least.',
    rules: ['audit-compliance AU15', 'audit-compliance AU17', 'audit-compliance AU50'],
    query: 'npm run audit -- export --for ocr',
  },
  {
    law: '45 CFR 164.312(a)(2)(ii)',
    does: 'Emergency access is for a person with the scope for it and a fresh login, never for a system.',
    rules: ['compliance E2'],
  },
];

export const BLOCKING: readonly Citation[] = [
  {
    law: '45 CFR 171.202(b), (e)',
    does: 'Every refusal on the way of a disclosure names its exception, which a table gives and no caller chooses.',
    rules: ['compliance I1', 'compliance I2'],
  },
  {
    law: '45 CFR 171.202(b)',
    does: 'A refusal says what is needed, so that it can be captured and the same request sent again.',
    rules: ['compliance K1', 'compliance K3'],
  },
  {
    law: '45 CFR 171.103',
    does: 'A report counts what was denied, by counterparty, exception, rail and class, and shows who is denied more than others.',
    rules: ['compliance I6'],
    query: 'GET [base]/$information-blocking-report',
  },
];
