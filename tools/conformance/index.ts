/** The chapters of `docs/conformance.md`. */
import { FORMATS, OPERATIONS, VALIDATION } from './beyond.ts';
import { chapterMarkdown, type Chapter } from './clause.ts';
import { BUNDLES, REST } from './rest.ts';
import { SEARCHING } from './search.ts';

export const CHAPTERS: readonly Chapter[] = [
  { title: 'RESTful API', clauses: REST },
  { title: 'Batch and transaction', clauses: BUNDLES },
  { title: 'Search', clauses: SEARCHING },
  { title: 'Formats', clauses: FORMATS },
  { title: 'Validation and profiles', clauses: VALIDATION },
  { title: 'Operations and terminology', clauses: OPERATIONS },
];

/** `docs/conformance.md`. */
export const conformanceMarkdown = (): string =>
  [
    '# Conformance',
    'Generated from `tools/conformance` by `npm run docs`.',
    'This page lists what FHIR R4 asks of a server, clause by clause, with the test that shows it or the reason why this server does not offer it. `.ci/run` fails when a test named here did not run or did not pass.',
    ...CHAPTERS.map(chapterMarkdown),
    '',
  ]
    .join('\n\n')
    .trimEnd() + '\n';
