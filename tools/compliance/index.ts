/** `docs/compliance.md`: the law, paragraph by paragraph, with what shows that the server keeps it. */
import { BREACHES } from './breaches.ts';
import type { Citation, CitationChapter, RuleId } from './citation.ts';
import { PART_2 } from './part2.ts';
import { PRIVACY } from './privacy.ts';
import { readRuleTests, type RuleTest } from './rule-tests.ts';
import { BLOCKING, SECURITY } from './security.ts';

export const COMPLIANCE: readonly CitationChapter[] = [
  { title: 'HIPAA privacy (45 CFR 164, subpart E)', citations: PRIVACY },
  { title: 'Breaches (45 CFR 164, subpart D)', citations: BREACHES },
  { title: 'Records of substance use disorder (42 CFR 2)', citations: PART_2 },
  { title: 'HIPAA security (45 CFR 164, subpart C)', citations: SECURITY },
  { title: 'Information blocking (45 CFR 171)', citations: BLOCKING },
];

/** @throws Error when a rule that is named has no test */
export function complianceMarkdown(): string {
  const tests = readRuleTests();
  return (
    [
      '# Compliance',
      'Generated from `tools/compliance` and the names of the tests by `npm run docs`.',
      'This page lists what the law asks of those who tell each other about patients, what the server does about it, the tests that show it, and the request with which anybody can see it on a running server. It is engineering documentation, not legal advice. `.ci/run` fails when a test that is listed here did not run or did not pass. What is not built is in [limits.md](limits.md).',
      ...COMPLIANCE.map(({ title, citations }) =>
        [
          `## ${title}`,
          '',
          '| law | what the server does | shown by | see it |',
          '| --- | --- | --- | --- |',
          ...citations.map((one) => rowOf(one, tests)),
        ].join('\n'),
      ),
    ].join('\n\n') + '\n'
  );
}

function rowOf(
  { law, does, rules, query }: Citation,
  tests: ReadonlyMap<string, readonly RuleTest[]>,
): string {
  const files = new Map<string, string[]>();
  for (const rule of rules)
    for (const { file } of testsOf(rule, tests)) {
      const [, id = ''] = rule.split(' ');
      const ids = files.get(file) ?? [];
      if (!ids.includes(id)) ids.push(id);
      files.set(file, ids);
    }
  const shown = [...files].map(([file, ids]) => `[${nameOf(file)}](../test/${file}): ${ids.join(', ')}`);
  return `| ${[law, does, shown.join('<br>'), query === undefined ? '–' : `\`${query}\``].map(escaped).join(' | ')} |`;
}

/** @throws Error when there is none */
export function testsOf(rule: RuleId, tests: ReadonlyMap<string, readonly RuleTest[]>): readonly RuleTest[] {
  const found = tests.get(rule);
  if (found === undefined) throw new Error(`No test cites (${rule}), which tools/compliance names.`);
  return found;
}

const nameOf = (file: string): string => file.replace(/^conformance\//, '').replace('.test.ts', '');
const escaped = (text: string): string => text.replaceAll('|', '\\|');
