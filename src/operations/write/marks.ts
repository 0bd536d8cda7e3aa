/** Marks by which the server finds its own again, as a table: work items, and kept messages with their fate and event. */
import { valuesAt } from '../../resources/element.ts';
import { EVENT_SYSTEM, FATE_SYSTEM, NOTE_SYSTEM } from '../../resources/message-codes.ts';
import { WORK_ITEM_SYSTEM } from '../../resources/work-item-code.ts';

export interface Marked {
  readonly type: string;
  /** Where the mark stands, and its systems. */
  readonly element: string;
  readonly systems: ReadonlySet<unknown>;
  /** What stays as it is beside it. */
  readonly frozen: readonly string[];
}

export const WORK_ITEM = { element: 'code', systems: new Set<unknown>([WORK_ITEM_SYSTEM]) };

// prettier-ignore
export const MARKED: readonly Marked[] = [
  { type: 'Task',              ...WORK_ITEM,                                                       frozen: ['input', 'focus', 'authoredOn', 'groupIdentifier', 'basedOn'] },
  { type: 'DocumentReference', element: 'category', systems: new Set([FATE_SYSTEM]),               frozen: ['content', 'author', 'date'] },
  { type: 'DocumentReference', element: 'category', systems: new Set([EVENT_SYSTEM, NOTE_SYSTEM]), frozen: [] },
];

/** The marks of a resource, as Codings. */
export const marksOf = (resource: unknown, { element, systems }: Pick<Marked, 'element' | 'systems'>) =>
  valuesAt(resource, `${element}.coding`).filter((one) => systems.has(valuesAt(one, 'system')[0]));
