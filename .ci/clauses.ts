/**
 * Whether each test that `docs/conformance.md` names ran and passed. Argument: the report of Jest. Ends with 1 and the
 * clauses that nothing shows.
 */
import { readFileSync } from 'node:fs';
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
for (const line of unshown) console.error(line);
console.log(`${clauses.length} clauses, ${unshown.length} without a test that passed`);
process.exitCode = unshown.length === 0 ? 0 : 1;
