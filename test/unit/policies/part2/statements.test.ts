import { describe, expect, test } from '@jest/globals';
import { recognizesStatement, STATEMENT_1, STATEMENT_2 } from '../../../../src/policies/part2/statements.ts';

/** The test's own copy of 42 CFR 2.32(a)(1) as amended by 89 FR 12472. */
const OF_2024 = `This record which has been disclosed to you is protected by Federal confidentiality rules
  (42 CFR part 2). These rules prohibit you from using or disclosing this record, or testimony that describes the
  information contained in this record, in any civil, criminal, administrative, or legislative proceedings by any
  Federal, State, or local authority, against the patient, unless authorized by the consent of the patient, except as
  provided at 42 CFR 2.12(c)(5) or as authorized by a court in accordance with 42 CFR 2.64 or 2.65. In addition, the
  Federal rules prohibit you from making any other use or disclosure of this record unless at least one of the
  following applies:
  (i) Further use or disclosure is expressly permitted by the written consent of the individual whose information is
  being disclosed in this record or as otherwise permitted by 42 CFR part 2.
  (ii) You are a covered entity or business associate and have received the record for treatment, payment, or health
  care operations, or
  (iii) You have received the record from a covered entity or business associate as permitted by 45 CFR part 164,
  subparts A and E.
  A general authorization for the release of medical or other information is NOT sufficient to meet the required
  elements of written consent to further use or redisclose the record (see 42 CFR 2.31).`;

/** 42 CFR 2.32(a)(1) as amended by 85 FR 43037. */
const OF_2020 = `This record which has been disclosed to you is protected by federal confidentiality rules (42 CFR part
  2). The federal rules prohibit you from making any further disclosure of this record unless further disclosure is
  expressly permitted by the written consent of the individual whose information is being disclosed in this record or,
  is otherwise permitted by 42 CFR part 2. A general authorization for the release of medical or other information is
  NOT sufficient for this purpose (see §2.31). The federal rules restrict any use of the information to investigate or
  prosecute with regard to a crime any patient with a substance use disorder, except as provided at §§2.12(c)(5) and
  2.65`;

/** 42 CFR 2.32(a)(1) of 83 FR 251, as of 82 FR 6052 the year before. */
const OF_2018 = `This information has been disclosed to you from records protected by federal confidentiality rules (42
  CFR part 2). The federal rules prohibit you from making any further disclosure of information in this record that
  identifies a patient as having or having had a substance use disorder either directly, by reference to publicly
  available information, or through verification of such identification by another person unless further disclosure is
  expressly permitted by the written consent of the individual whose information is being disclosed or as otherwise
  permitted by 42 CFR part 2. A general authorization for the release of medical or other information is NOT sufficient
  for this purpose (see §2.31). The federal rules restrict any use of the information to investigate or prosecute with
  regard to a crime any patient with a substance use disorder, except as provided at §§2.12(c)(5) and 2.65`;

/** 42 CFR 2.32 of 52 FR 21809. */
const OF_1987 = `This information has been disclosed to you from records protected by Federal confidentiality rules (42
  CFR part 2). The Federal rules prohibit you from making any further disclosure of this information unless further
  disclosure is expressly permitted by the written consent of the person to whom it pertains or as otherwise permitted
  by 42 CFR part 2. A general authorization for the release of medical or other information is NOT sufficient for this
  purpose. The Federal rules restrict any use of the information to criminally investigate or prosecute any alcohol or
  drug abuse patient.`;

const fold = (text: string): string => text.replaceAll(/\s+/g, ' ');

describe('the statements of 42 CFR 2.32(a)', () => {
  test('are those of the regulation, word for word (compliance P14, P32)', () => {
    expect(fold(STATEMENT_1)).toBe(fold(OF_2024));
    expect(STATEMENT_2).toBe('42 CFR part 2 prohibits unauthorized use or disclosure of these records.');
  });

  test.each([
    ['2024 (1)', OF_2024],
    ['2024 (2)', '42 CFR part 2 prohibits unauthorized use or disclosure of these records.'],
    ['2020 (1)', OF_2020],
    ['2020 and 2018 (2)', '42 CFR part 2 prohibits unauthorized disclosure of these records.'],
    ['2018 and 2017 (1)', OF_2018],
    ['1987', OF_1987],
    ['in capitals', OF_2018.toUpperCase()],
    ['among other words, on one line', `Re: intake. ${fold(OF_2020)} Thank you.`],
    ['with the citation spelled out', OF_1987.replaceAll('CFR part 2', 'C.F.R. Part 2')],
  ])('are recognized: %s (compliance P33)', (_edition, text) => {
    expect(recognizesStatement(text)).toBe(true);
  });

  test.each([
    ['nothing', ''],
    ['the citation alone', 'See 42 CFR part 2.'],
    ['a notice of another law', 'This information has been disclosed to you under 45 CFR part 164.'],
    ['a fax cover', 'The unauthorized disclosure of this fax is prohibited.'],
  ])('are not seen in %s (compliance P33)', (_what, text) => {
    expect(recognizesStatement(text)).toBe(false);
  });
});
