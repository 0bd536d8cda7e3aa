/**
 * Whether each test that `docs/conformance.md` and `docs/compliance.md` name ran and passed. Argument: the report of Jest. Ends with 1 and the
 * clauses that nothing shows.
 */
import { readFileSync } from 'node:fs';
import { COMPLIANCE, testsOf } from '../tools/compliance/index.ts';
import { readRuleTests } from '../tools/compliance/rule-tests.ts';
import { CHAPTERS } from '../tools/conformance/index.ts';

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const { testResults }: Report = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));

function holds(shown: string): boolean {
  const [file = '', title = ''] = shown.split(' › ');
  const tests = testResults
    .filter(({ name }) => name.endsWith(`/test/${file}`))
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ fullName }) => fullName.includes(title));
  return tests.length > 0 && tests.every(({ status }) => status === 'passed');
}

const clauses = CHAPTERS.flatMap((chapter) => chapter.clauses);
const unshown = clauses.flatMap(({ at, shown = [] }) =>
  shown.filter((one) => !holds(one)).map((one) => `${at}: ${one}`),
);

const ruleTests = readRuleTests();
const citations = COMPLIANCE.flatMap((chapter) => chapter.citations);
const unkept = citations.flatMap(({ law, rules }) =>
  rules
    .flatMap((rule) => testsOf(rule, ruleTests))
    .map(({ file, marker }) => `${file} › ${marker}`)
    .filter((one) => !holds(one))
    .map((one) => `${law}: ${one}`),
);
const failures = [...unshown, ...unkept];
for (const line of failures) console.error(line);
console.log(
  `${clauses.length} clauses and ${citations.length} paragraphs, ${failures.length} without a test that passed`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
