/**
 * NTE as the notice of 42 CFR 2.32 (compliance P30): the statement, and in a second note the scope of the consent. It
 * stands where the structure of the message has notes of the message itself.
 */
import type { SegmentValues } from '../build.ts';
import type { BuildingContext } from './building.ts';
import { recognizesStatement } from '../../policies/part2/statements.ts';
import { segmentsNamed, type Message, type Segment } from '../message.ts';
import { buildNte, readNte } from '../segments/nte.ts';

/** Table 0105: another system is the source. */
const OTHER_SYSTEM = 'O';
/** NTE-4, table 0364. */
const REMARK = { identifier: 'RE', text: 'Remark', nameOfCodingSystem: 'HL70364' } as const;

export const writeNotice = ({ notice }: Pick<BuildingContext, 'notice'>): readonly SegmentValues[] =>
  notice.map((words, index) =>
    buildNte({
      setId: String(index + 1),
      sourceOfComment: OTHER_SYSTEM,
      comment: [words],
      commentType: REMARK,
    }),
  );

/** ORC-28 and TXA-18 of a message with a notice: restricted, if it is not more. */
export const restrictedBy = <Code extends string | undefined>(
  { notice }: Pick<BuildingContext, 'notice'>,
  code: Code,
): Code | 'R' => (notice.length > 0 && code !== 'V' ? 'R' : code);

/**
 * Whether a note that belongs to the message itself is part of its notice: it holds a statement, or follows one as the
 * explanation of the consent does.
 */
export function isNoticeNote(segment: Segment, isAfterNotice: boolean): boolean {
  const { comment, sourceOfComment, commentType } = readNte(segment);
  const follows =
    isAfterNotice && sourceOfComment === OTHER_SYSTEM && commentType?.identifier === REMARK.identifier;
  return follows || recognizesStatement(comment.join('\n'));
}

/** Whether the notes of a message hold a statement, of any edition (compliance P33); some senders divide it among notes. */
export const hasNotice = (message: Message): boolean =>
  recognizesStatement(
    segmentsNamed(message, 'NTE')
      .flatMap((segment) => readNte(segment).comment)
      .join('\n'),
  );
