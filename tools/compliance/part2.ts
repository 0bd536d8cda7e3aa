/** 42 CFR part 2, as amended in 2024, paragraph by paragraph. */
import type { Citation } from './citation.ts';

export const PART_2: readonly Citation[] = [
  {
    law: '42 CFR 2.11, 2.12(d)(2)',
    does: 'What a program says or keeps about a patient is a Part 2 record, whatever its codes; a code alone makes none.',
    rules: ['compliance P1', 'compliance P2', 'compliance P3'],
    query: 'GET [base]/ServiceRequest?_security=http://terminology.hl7.org/CodeSystem/v3-ActCode|42CFRPart2',
  },
  {
    law: '42 CFR 2.13(c)',
    does: 'Without consent nobody learns that a Part 2 record exists: it is not found, not counted, and leaves no mark.',
    rules: ['compliance L6', 'harmony Z3', 'harmony Z4'],
  },
  {
    law: '42 CFR 2.13, 2.31',
    does: 'The answer of a program to whoever referred a patient to it needs a consent: without it the move is refused, and nothing is stored.',
    rules: ['compliance P4', 'compliance P5'],
  },
  {
    law: '42 CFR 2.31(a)',
    does: 'A consent has all of its elements, or each that is missing is named with its paragraph.',
    rules: ['compliance P6'],
  },
  {
    law: '42 CFR 2.31(b), (d)',
    does: 'Counseling notes and proceedings need a consent of their own.',
    rules: ['compliance P9', 'compliance P10'],
  },
  {
    law: '42 CFR 2.32',
    does: 'Each disclosure made with consent bears the statement, and a copy of the consent or an explanation of its scope, on every rail.',
    rules: ['compliance P14', 'compliance P30', 'compliance P31', 'compliance P32'],
  },
  {
    law: '42 CFR 2.12(d), 2.33(b)',
    does: 'What was received keeps its label and is not segregated; who holds it decides whether it may go on.',
    rules: ['compliance P11', 'compliance P33'],
  },
  {
    law: '42 CFR 2.51',
    does: 'An emergency is documented with the four facts of the paragraph at once, and told to the program.',
    rules: ['compliance E1', 'compliance E5'],
    query: 'POST [base]/Patient/[id]/$break-glass',
  },
];
