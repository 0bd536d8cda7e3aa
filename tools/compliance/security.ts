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
  {
    law: '45 CFR 164.308(a)(3)(ii)(C)',
    does: 'Whoever leaves is out at once: the commit that ends an account or a membership ends its sessions, tokens, grants and links, on every path.',
    rules: ['identity ID-13', 'identity ID-17'],
    query: 'POST [base]/$user-state',
  },
  {
    law: '45 CFR 164.308(a)(4)(ii)(B), (C)',
    does: 'What a role may do is one table that every request is asked by. Nobody changes the own rights, each quarter a review asks who holds which role, and an account that nobody uses is suspended.',
    rules: ['identity ID-3', 'identity ID-5', 'identity ID-6', 'identity ID-18'],
    query: 'GET [base]/$access-review',
  },
  {
    law: '45 CFR 164.308(a)(5)(ii)(C), (D)',
    does: 'Failed logins are slowed down, on record and watched; passwords are judged by their length and by lists of known ones, and kept as argon2id.',
    rules: ['identity ID-22', 'identity ID-23', 'identity ID-25', 'identity ID-41', 'identity ID-42'],
  },
  {
    law: '45 CFR 164.312(a)(2)(i)',
    does: 'A person has one account with an id that never comes back; tokens, sessions and the audit name it. Of two accounts that begin at once with one login name, one gets it.',
    rules: ['identity ID-1', 'identity ID-2', 'smart SM-80'],
    query: 'GET [base]/$users',
  },
  {
    law: '45 CFR 164.312(a)(2)(iii)',
    does: 'A session that nobody uses locks after 15 minutes, after five at a shared device, and ends after twelve hours. The tokens of a locked session are refused.',
    rules: ['identity ID-36', 'identity ID-37'],
  },
  {
    law: '45 CFR 164.312(d)',
    does: 'Everybody proves who they are by a passkey, or by a password and a one-time password, in every role and without a switch; an outside provider that proves less is followed by a factor of ours. Machines prove it by their keys.',
    rules: [
      'identity ID-27',
      'identity ID-28',
      'identity ID-29',
      'identity ID-30',
      'identity ID-47',
      'smart SM-66',
    ],
  },
  {
    law: '45 CFR 164.312(a)(2)(iv)',
    does: 'Secrets of logins and signing keys lie sealed in the store (AES-256-GCM), with a key that is kept apart from the data.',
    rules: ['identity ID-54'],
    query: 'npm run doctor',
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
