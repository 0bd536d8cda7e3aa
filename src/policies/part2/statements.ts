/**
 * The written statements of 42 CFR 2.32(a), as amended by 89 FR 12472: "Each disclosure made with the patient's written
 * consent must be accompanied by one of the following written statements" (compliance P14, P32). Nobody paraphrases them.
 */

/** 42 CFR 2.32(a)(1). */
export const STATEMENT_1 = `This record which has been disclosed to you is protected by Federal confidentiality rules (42 CFR part 2). These rules prohibit you from using or disclosing this record, or testimony that describes the information contained in this record, in any civil, criminal, administrative, or legislative proceedings by any Federal, State, or local authority, against the patient, unless authorized by the consent of the patient, except as provided at 42 CFR 2.12(c)(5) or as authorized by a court in accordance with 42 CFR 2.64 or 2.65. In addition, the Federal rules prohibit you from making any other use or disclosure of this record unless at least one of the following applies:
(i) Further use or disclosure is expressly permitted by the written consent of the individual whose information is being disclosed in this record or as otherwise permitted by 42 CFR part 2.
(ii) You are a covered entity or business associate and have received the record for treatment, payment, or health care operations, or
(iii) You have received the record from a covered entity or business associate as permitted by 45 CFR part 164, subparts A and E.
A general authorization for the release of medical or other information is NOT sufficient to meet the required elements of written consent to further use or redisclose the record (see 42 CFR 2.31).`;

/** 42 CFR 2.32(a)(2). */
export const STATEMENT_2 = '42 CFR part 2 prohibits unauthorized use or disclosure of these records.';

/**
 * Words by which each edition of the statements is known (compliance P33). Older peers send older editions, and public code
 * mixes them, so the words that all copies of an edition share are enough.
 */
const MARKS: readonly (readonly [words: string, editions: string])[] = [
  [
    'information has been disclosed to you from records protected by Federal confidentiality rules (42 CFR part 2)',
    '(1) of 82 FR 6052 (2017) and 83 FR 251 (2018), and the only one of 52 FR 21809 (1987)',
  ],
  [
    'record which has been disclosed to you is protected by Federal confidentiality rules (42 CFR part 2)',
    '(1) of 85 FR 43037 (2020) and 89 FR 12472 (2024)',
  ],
  [
    '42 CFR part 2 prohibits unauthorized disclosure of these records',
    '(2) of 83 FR 251 (2018) and 85 FR 43037 (2020)',
  ],
  ['42 CFR part 2 prohibits unauthorized use or disclosure of these records', '(2) of 89 FR 12472 (2024)'],
];

/** One expression: any of the marks, with any white space between its words, in letters of any case. */
const ANY_MARK = new RegExp(
  MARKS.map(([words]) => words.replaceAll(/[().]/g, String.raw`\$&`).replaceAll(' ', String.raw`\s+`)).join(
    '|',
  ),
  'i',
);

/** Whether a text holds a statement of 42 CFR 2.32(a), of today or of an earlier edition. */
export const recognizesStatement = (text: string): boolean =>
  ANY_MARK.test(text) || ANY_MARK.test(spelled(text));

/** The citation as some write it: `42 C.F.R. Part 2`. */
const spelled = (text: string): string =>
  /C\.\s?F\.\s?R\./i.test(text) ? text.replaceAll(/C\.\s?F\.\s?R\./gi, 'CFR') : '';
