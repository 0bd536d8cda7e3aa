/** The page on who may be told: every policy in the order in which it is asked, and every basis (compliance L3, 4). */
import { basisRow, BASES, type Basis } from '../src/policies/basis.ts';
import { EXCEPTIONS } from '../src/policies/exception.ts';
import { ELSEWHERE_BASES } from '../src/policies/elsewhere.ts';
import { STEPS_OF_DECISION } from '../src/policies/index.ts';
import { NEEDS } from '../src/policies/need.ts';

interface Page {
  readonly table: (head: readonly string[], rows: readonly (readonly string[])[]) => string;
  readonly page: (title: string, source: string, parts: readonly string[]) => string;
}

export function policiesMarkdown({ table, page }: Page): string {
  return page('Policies', 'src/policies', [
    'Whether one organization may be told what another one keeps. The policies are asked before a write that would tell it (a referral that is sent, a move, a message), and again just before each delivery, as of then. They are asked in steps; the first step that has an answer decides, and within it a denial wins. Without a permit the answer is no. What a patient denies and what is guarded also decides on every read ([rules](../rules.md)).',
    '## In the order in which they are asked',
    table(['Step', 'Policy', 'Law', 'Whom it stops'], policyRows()),
    'Minimum necessary, labels and notices are obligations of what is permitted.',
    '## Bases that a referral may claim',
    'A claim that does not fit is refused with one issue for each missing piece. A referral that claims no basis is told as treatment, or as the treatment of a provider who coordinates with a community organization or a school.',
    table(['Basis', '45 CFR', 'Purpose', 'Recipient', 'Asks for', 'In the accounting'], basisRows()),
    'No referral is told on these; a person discloses elsewhere and enters it with `$record-disclosure`:',
    table(
      ['Basis', '45 CFR', 'What for'],
      Object.entries(ELSEWHERE_BASES).map(([basis, { section, paragraph, title }]) => [
        `\`${basis}\``,
        `${section}${paragraph}`,
        title,
      ]),
    ),
    '## Needs',
    'What is missing for something to be told, as the refusal names it. No refusal names `identity` yet: the issuer proves who asks.',
    table(
      ['Need', 'Law', 'What has to be on record'],
      Object.entries(NEEDS).map(([need, { law, asks }]) => [`\`${need}\``, law, asks]),
    ),
    '## Exceptions of the information blocking rule',
    'Each refusal that keeps information back names one ([refusals](issues.md)).',
    table(['Exception', 'Paragraph', 'Used when'], exceptionRows()),
  ]);
}

const policyRows = (): readonly (readonly string[])[] =>
  STEPS_OF_DECISION.flatMap(({ asks, policies }) =>
    policies.map(({ name, law, stops = 'nobody: it permits' }) => [asks, `\`${name}\``, law, stops]),
  );

const SAID: Readonly<Record<string, string>> = {
  entity: 'the same legal entity',
  person: 'a person; no referral tells one',
  named: 'whom the patient’s word names',
  anybody: 'whom the evidence names',
};

const basisRows = (): readonly (readonly string[])[] =>
  (Object.keys(BASES) as Basis[]).map((basis) => {
    const { section, purpose, recipients, asks = '–', accounted } = basisRow(basis);
    const who = typeof recipients === 'string' ? (SAID[recipients] ?? recipients) : recipients.join(', ');
    return [`\`${basis}\``, section, purpose, who, asks, accounted ? 'yes' : 'no'];
  });

const exceptionRows = (): readonly (readonly string[])[] =>
  Object.entries(EXCEPTIONS).map(([exception, row]) => [
    `\`${exception}\``,
    row.paragraph,
    `${row.usedWhen}${'from' in row ? ` (from ${row.from})` : ''}`,
  ]);
