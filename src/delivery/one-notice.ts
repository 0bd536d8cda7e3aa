/** The notice of 42 CFR 2.32 of one delivery, found once. */
import type { NoticeOfEntry } from '../ports/rail.ts';
import type { GateDecision } from './gates.ts';

/** What is asked once, however often; and what the audit says of it afterwards (compliance V1). */
export function findOneNotice(find: NoticeOfEntry): {
  readonly ask: NoticeOfEntry;
  readonly noted: () => Promise<Pick<GateDecision, 'notice'>>;
} {
  let found: ReturnType<NoticeOfEntry> | undefined;
  return {
    ask: () => (found ??= find()),
    noted: async () => (typeof (await found?.catch(() => undefined)) === 'object' ? { notice: 1 } : {}),
  };
}
