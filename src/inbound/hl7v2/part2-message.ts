/**
 * Whether what a message tells was disclosed as content of 42 CFR Part 2 before it came: with a statement of section 2.32, or
 * by a program that is no member (compliance P5, P33). A program that sent it without the statement has disclosed it all the
 * same: a person is asked. A member's message needs the consent that its program has on record, like any write.
 */
import type { MessageReading } from '../../hl7v2/messages/reading.ts';
import { isOutsideProgram } from '../../operations/programs.ts';
import type { Draft } from '../../operations/write/draft.ts';
import { remark, type MessageVerdict } from '../fate.ts';
import type { Incoming } from './incoming.ts';

interface Part2Message {
  readonly isPart2: boolean;
  readonly lacksNotice: boolean;
}

const NEITHER: Part2Message = { isPart2: false, lacksNotice: false };

/** Messages that tell nothing of care. */
const SILENT: ReadonlySet<MessageReading['event']> = new Set(['patient-update', 'none', 'status-ping']);

export async function readPart2(
  draft: Draft,
  { sender }: Incoming,
  reading: MessageReading | undefined,
): Promise<Part2Message> {
  if (reading === undefined || sender === undefined) return NEITHER;
  if (reading.isNoticed === true) return { isPart2: true, lacksNotice: false };
  if (SILENT.has(reading.event)) return NEITHER;
  const isPart2 = await isOutsideProgram(draft, sender);
  return { isPart2, lacksNotice: isPart2 };
}

const LACKS_NOTICE = remark(
  'part2-notice-missing',
  'W',
  'NTE',
  'a program of 42 CFR Part 2 sent this without the notice of section 2.32',
);

/** What the sender is told, and the person whose work item it is. */
export const withoutNoticeIn = (verdict: MessageVerdict): MessageVerdict => ({
  ...verdict,
  remarks: [...verdict.remarks, LACKS_NOTICE],
});

/** What the work item says. */
export const onlyNotice = (verdict: MessageVerdict): MessageVerdict => ({
  ...verdict,
  remarks: [LACKS_NOTICE],
});
