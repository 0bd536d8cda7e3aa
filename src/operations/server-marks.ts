/**
 * Marks by which the server finds its own again: work items, and kept messages with their fate and event. What bears one is
 * acted upon in the name of a message's sender, so no client sets one, nor changes what is read with it.
 */
import { isDeepStrictEqual } from 'node:util';
import { OperationOutcomeError } from '../fhir/issue.ts';
import { typeOf, valuesAt } from '../resources/element.ts';
import { placesIn, type Draft, type Planned } from './draft.ts';
import { EVENT_SYSTEM, FATE_SYSTEM, NOTE_SYSTEM } from './receive/marks.ts';
import { WORK_ITEM_SYSTEM } from './work-item.ts';

interface Marked {
  readonly type: string;
  /** Where the mark stands, and its systems. */
  readonly element: string;
  readonly systems: ReadonlySet<unknown>;
  /** What stays as it is beside it. */
  readonly frozen: readonly string[];
}

// prettier-ignore
const MARKED: readonly Marked[] = [
  { type: 'Task',              element: 'code',     systems: new Set([WORK_ITEM_SYSTEM]),          frozen: ['input', 'focus', 'authoredOn', 'groupIdentifier', 'basedOn'] },
  { type: 'DocumentReference', element: 'category', systems: new Set([FATE_SYSTEM]),               frozen: ['content', 'author', 'date'] },
  { type: 'DocumentReference', element: 'category', systems: new Set([EVENT_SYSTEM, NOTE_SYSTEM]), frozen: [] },
];

/** Types that may bear a mark. */
export const MARKED_TYPES: ReadonlySet<string> = new Set(MARKED.map(({ type }) => type));

/** @throws OperationOutcomeError `field-frozen` */
export function guardMarks(draft: Draft): void {
  const { caller, byMessage, importing } = draft;
  if (byMessage || importing || (caller.administrator && caller.organization === undefined)) return;
  for (const planned of draft.planned.values()) {
    if (planned.byRule) continue;
    for (const marked of MARKED) if (marked.type === typeOf(planned.ref)) guardOne(planned, marked);
  }
}

function guardOne(planned: Planned, { element, systems, frozen }: Marked): void {
  const { ref, before, after } = planned;
  if (after === undefined) return;
  const marksOf = (resource: unknown): readonly unknown[] =>
    valuesAt(resource, `${element}.coding`).filter((one) => systems.has(valuesAt(one, 'system')[0]));
  const now = marksOf(after.plain);
  if (now.length === 0) return;
  const changed = isDeepStrictEqual(marksOf(before), now)
    ? frozen.find((name) => !isDeepStrictEqual(valuesAt(before, name), valuesAt(after.plain, name)))
    : element;
  if (changed === undefined) return;
  const place = `${typeOf(ref)}.${changed}`;
  throw new OperationOutcomeError('field-frozen', {
    diagnostics: `${place}: only the server marks work items and kept messages`,
    expression: placesIn(planned, [place]),
  });
}
