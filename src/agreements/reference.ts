/** States and moves of agreements as a page of the reference, made from the tables by which the server decides. */
import { RELATIONS } from './applies.ts';
import { CHECKLIST } from './checklist.ts';
import { AGREEMENT_TRANSITIONS, type AgreementTransition, type AgreementEvidence } from './transitions.ts';
import type { AgreementState } from './state.ts';

const INTRODUCTION = `A business associate agreement is a Contract whose \`type\` is a code of \`https://closeloop.dev/fhir/CodeSystem/contract-type\`. Its **principal** is \`authority\`: the covered entity or, down a chain, the associate above. Its **associate** is \`subject\`. The extensions stand under \`https://closeloop.dev/fhir/StructureDefinition/\`. [How to write, sign, renew and end one](../how-to/keep-agreements.md); [rules](../rules.md), section 11.`;

const STATES: Readonly<Record<AgreementState, string>> = {
  none: 'No such Contract, or only `rejected` or `entered-in-error`.',
  staging: '`policy`: the principal prepares it; the associate does not see it.',
  pending:
    '`offered`, `negotiable`, `executable`, `disputed` (suspended); or an Active status before its start, without both signatures over the same document, or without a required term.',
  active:
    '`executed`, `amended`, `appended`, `resolved`, with both signatures over the same document, every required term, start reached, end not over. `2027-03` lasts through March; dates are days in UTC.',
  expired: '`terminated`, `renewed`, or an Active status whose `applies.end` is over.',
  revoked: '`revoked`, `cancelled`, once its effective moment has come.',
};

const EVIDENCE: Readonly<Record<AgreementEvidence, string>> = {
  parties: 'one authority and one subject, two Organizations that are not one legal entity',
  service: 'a term of type `permitted-use` with a `subType` of `ba-service`',
  document: '`legal.contentAttachment` with its `url` and `content-hash` (SHA-256)',
  checklist: 'every required term (`baa-checklist`), with its clause or page',
  applies: '`applies.start`, and `applies.end` or `review-by` within 24 months',
  unsigned: 'no signature',
  'change-or-reason': 'another document, or a reason in words',
  signature:
    'one new signer of the own side; `signed-hash` is the hash of the document; `when` is now ± 5 minutes, or older on paper (`signed-paper`)',
  'both-signatures': 'a signature of each side over the document as it stands',
  reason: '`agreement-reason` with words',
  'revocation-reason':
    '`agreement-reason`: `material-breach`, `service-ended` or `other` with words; `effective` now or later',
  amendment:
    'in `supportingInfo` a second, executed agreement of the two, whose document, terms and signatures it takes over',
  predecessor: 'in `supportingInfo` the agreement of the same parties that it renews',
};

const NEEDS = {
  never: 'is not asked for',
  always: 'has to be in force',
  'by-purpose': 'has to be in force for payment and operations, and is not asked for in treatment',
  'without-referral': 'has to be in force where the two share no referral',
} as const;

const REQUIRED = {
  always: 'always',
  never: 'no',
  'with-delegated-duty': 'where the associate does a duty of the principal (`delegated-duty`)',
  'except-government': 'except for a `government-mou`',
} as const;

interface Page {
  readonly table: (head: readonly string[], rows: readonly (readonly string[])[]) => string;
  readonly page: (title: string, source: string, parts: readonly string[]) => string;
}

/** The whole page. It changes only when a table changes. */
export const agreementsMarkdown = ({ table, page }: Page): string =>
  page('Agreements', 'src/agreements', [
    INTRODUCTION,
    '## When one has to be in force',
    'Decided by what each of the two is to the other; the first row that fits counts. A claimed basis and a common arrangement are looked at first, then each party by its kinds.',
    table(
      ['A party', 'An agreement', 'Ground'],
      Object.values(RELATIONS).map(({ party, needs, ground }) => [party, NEEDS[needs], ground]),
    ),
    '## States',
    'No element holds the state: it is computed from the Contract and the clock. Of several agreements of two organizations for a service one in force decides, else the one issued last. Only Active lets health information pass.',
    table(
      ['State', 'When'],
      Object.entries(STATES).map(([state, when]) => [`\`${state}\``, when]),
    ),
    '## Moves',
    'Any other write of `status` is 422 `agreement-transition-not-allowed`; a move of the other party is 403 `not-your-move`. What is missing is 422 `agreement-incomplete`.',
    table(
      ['Row', 'Who', 'Event', 'From', 'To', 'Status written', 'Evidence'],
      AGREEMENT_TRANSITIONS.map(moveCells),
    ),
    '## Terms',
    'What the document must say (45 CFR 164.504(e)(2), 164.314(a)(2)), as codes of `https://closeloop.dev/fhir/CodeSystem/baa-checklist`.',
    table(
      ['Code', 'Paragraph', 'Required', 'The agreement says'],
      CHECKLIST.map(({ code, law, required, says }) => [`\`${code}\``, law, REQUIRED[required], says]),
    ),
  ]);

const moveCells = ({ tid, actors, event, from, to, written, evidence, voids }: AgreementTransition) => [
  tid,
  actors.join(' or '),
  event,
  from.join(', '),
  to.join(', '),
  written.map((status) => `\`${status}\``).join(', ') || '–',
  [...evidence.map((one) => EVIDENCE[one]), ...(voids === true ? ['takes the signatures away'] : [])].join(
    '; ',
  ) || '–',
];
