/**
 * The rules by which IHE tests 360X at its connectathons, in our words, for whatever a package says: of ours, and of anybody's
 * that was read. The patient is Marisol Quintero, and the decline says what {@link DECLINED} does.
 */
import { expect } from '@jest/globals';
import type { Submission, SubmissionDocument } from '../../../src/direct/xdm/submission.ts';
import { TRANSITIONS } from '../../../src/referral/transitions.ts';

export const DECLINED = 'No appointment before the date';

/** Whether the initiator of a referral makes a move; a note after the outcome is no move, and the recipient's. */
export const isOfInitiator = (event: string): boolean =>
  TRANSITIONS.some(([, actor, one]) => one === event && actor === 'referralInitiator');

/** The text of a document. */
export const textOf = ({ bytes }: SubmissionDocument): string => Buffer.from(bytes).toString('utf8');
/** The fields of the first segment of a name in the message of a package; of MSH one place earlier than HL7 counts. */
export const segmentIn = (submission: Submission, name: string): readonly string[] =>
  (submission.documents[0] === undefined ? '' : textOf(submission.documents[0]))
    .split('\r')
    .find((line) => line.startsWith(`${name}|`))
    ?.split('|') ?? [];

/** The rules by which IHE tests 360X, in our words: each of every package that is sent. */
export const CONNECTATHON_RULES: readonly (readonly [
  string,
  (submission: Submission, event: string) => void,
])[] = [
  [
    '(360x 4) the number of the referral is in ORC-2, OBR-2 or SCH-26, as in the metadata',
    (submission) => {
      const { value, assigner } = submission.referralId;
      const number = `${value}^^${assigner}^ISO`;
      const places = [
        segmentIn(submission, 'ORC')[2],
        segmentIn(submission, 'OBR')[2],
        segmentIn(submission, 'SCH')[26],
      ];
      const filled = places.filter((one) => one !== undefined);
      expect(filled.length).toBeGreaterThan(0);
      for (const place of filled) expect(place).toBe(number);
    },
  ],
  [
    '(360x 4) PID-3 begins with the initiator’s number, as in sourcePatientId; answers have it as patientId',
    (submission, event) => {
      const { sourcePatientId: id, patientId } = submission;
      expect(segmentIn(submission, 'PID')[3]).toMatch(
        new RegExp(`^${id?.value}\\^\\^\\^&${id?.assigner}&ISO`),
      );
      expect(patientId).toEqual(isOfInitiator(event) ? undefined : id);
    },
  ],
  [
    '(direct-xdm 8) the name of PID-5 is that of the document',
    (submission) => {
      const [family, given] = segmentIn(submission, 'PID')[5]?.split('^') ?? [];
      expect([family, given]).toEqual(['Quintero', 'Marisol']);
      for (const document of submission.documents.filter(
        (one) => one.kind === 'clinical-document' && !textOf(one).includes('2.999.20.1.30'),
      ))
        expect(textOf(document)).toMatch(/<name[^>]*><given>Marisol<\/given><family>Quintero<\/family>/);
    },
  ],
  [
    '(360x 5.1) the set says that it is of a referral, from whom and to whom',
    (submission) => {
      expect(submission.sourceId).toMatch(/^2\.999\.(10|20)\.1$/);
      expect(submission.uniqueId).toMatch(/^2\.25\.\d+$/);
    },
  ],
  [
    '(direct-xdm 8) the time of the message is the creation time of its entry',
    (submission) => {
      const time = new Date(submission.documents[0]?.creationTime ?? 0)
        .toISOString()
        .replaceAll(/[-:T]|\..*/g, '');
      expect(segmentIn(submission, 'MSH')[6]?.slice(0, 14)).toBe(time);
    },
  ],
  [
    '(360x-hl7v2 6) nobody acknowledges: MSH-15 and MSH-16 are NE',
    (submission) => {
      expect(segmentIn(submission, 'MSH').slice(14, 16)).toEqual(['NE', 'NE']);
      expect(segmentIn(submission, 'MSH')[20]).toContain('360X');
    },
  ],
  [
    '(360x 9) ORC-12 is in requests, and in no answer',
    (submission, event) => {
      const orc = segmentIn(submission, 'ORC');
      if (orc.length === 0) return;
      expect((orc[12] ?? '') !== '').toBe(isOfInitiator(event));
    },
  ],
  [
    '(360x 9) a decline says why in ORC-16.2',
    (submission, event) => {
      if (event === 'send-decline') expect(segmentIn(submission, 'ORC')[16]).toBe(`^${DECLINED}`);
    },
  ],
  [
    '(360x 5.3) class and type of a clinical document are its own code',
    (submission) => {
      for (const document of submission.documents.filter(({ kind }) => kind === 'clinical-document')) {
        const code = /<code code="([^"]+)"/.exec(textOf(document))?.[1];
        expect([document.classCode.code, document.typeCode.code]).toEqual([code, code]);
        expect(document.mimeType).toBe('text/xml');
      }
    },
  ],
  [
    '(360x 6) an answer’s document names the referral that it fulfils',
    (submission, event) => {
      if (event === 'send-referral-package') return;
      for (const document of submission.documents.filter(
        ({ kind, uniqueId }) => kind === 'clinical-document' && uniqueId.startsWith('2.25.'),
      ))
        expect(textOf(document)).toMatch(
          new RegExp(
            `<inFulfillmentOf><order><id (?=[^>]*root="${submission.referralId.assigner}")(?=[^>]*extension="${submission.referralId.value}")`,
          ),
        );
    },
  ],
  [
    '(compliance P30) nothing says why it is confidential',
    (submission) => {
      for (const { confidentiality } of submission.documents)
        for (const { code } of confidentiality) expect(['N', 'R', 'V']).toContain(code);
    },
  ],
  [
    'a number that is nobody’s record number goes nowhere',
    (submission) => {
      for (const document of submission.documents) expect(textOf(document)).not.toContain('999-00-1111');
    },
  ],
];
