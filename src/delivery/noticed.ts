/** Shows what leaves by a rail with its notice, and lets nothing of 42 CFR Part 2 leave without (compliance C10, P14). */
import type { Resource } from '../fhir/types.ts';
import { factsOf } from '../policies/facts.ts';
import { BARE_NOTICE, noticeTexts, type Notice } from '../policies/part2/notice.ts';
import { STATEMENT_1 } from '../policies/part2/statements.ts';
import type { Sight } from '../ports/query.ts';
import { NoticeMissing, type NoticeOfEntry, type PresentVersion } from '../ports/rail.ts';
import type { Version } from '../ports/store.ts';
import { typeOf } from '../resources/element.ts';
import { bearsPart2 } from './subject.ts';

/** @throws NoticeMissing where the text that would leave owes a notice and lacks it */
export async function presentNoticed(
  present: PresentVersion,
  version: Version,
  sight: Sight,
  rail: string,
  noticeOf: NoticeOfEntry | undefined,
): Promise<string> {
  const { ref, text } = version;
  if (text === undefined || !bearsPart2(typeOf(ref), text)) return present(version, sight);
  const notice = await noticeOf?.();
  const shown = present({ ...version, ...(notice !== undefined && { notice }) }, sight);
  if (notice !== undefined && notice !== 'none' && !shown.includes(IN_JSON)) throw new NoticeMissing(rail);
  return shown;
}

/** Statement 1 as JSON writes it. */
const IN_JSON = JSON.stringify(STATEMENT_1).slice(1, -1);

/** The texts of the notice that goes with resources in a message of another format; empty where none is owed. */
export async function textsFor(
  told: readonly (Resource | undefined)[],
  noticeOf: NoticeOfEntry | undefined,
): Promise<readonly string[]> {
  if (!told.some((one) => one !== undefined && factsOf(one).part2)) return [];
  const notice: Notice | 'none' = (await noticeOf?.()) ?? BARE_NOTICE;
  return notice === 'none' ? [] : noticeTexts(notice);
}
