/**
 * Files for which a withheld message waits by name: those that the outputs of its Task name, or the file that it is
 * about, and those to which these refer in turn. They may hold a note of any shape (rules 1.3), without naming the
 * order.
 */
import { referencesOf } from '../../fhir/references-of.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { LATE_NOTE, needsNote } from '../../referral/transactions.ts';
import { localRef, localRefOf, typeOf, valuesAt } from '../../resources/element.ts';
import { type Draft } from './draft.ts';
import { FATE_SYSTEM } from '../../resources/message-codes.ts';
import { findWithheld, STILL_OPEN, type WithheldItem } from './withheld.ts';
import { readPreview } from './preview.ts';

/** Types that a note may be, or stand in. */
export const NOTE_TYPES: readonly string[] = [
  'Binary',
  'Bundle',
  'Composition',
  'DiagnosticReport',
  'DocumentReference',
];

/** What leads from an output to a note is followed so far. */
const HOPS_MAX = 3;
/** Resources that are looked at for one message. */
const FILES_MAX = 100;

/** The orders of the open work items whose messages may find their note in a file that this draft changes. */
export async function ordersByName(draft: Draft): Promise<readonly Ref[]> {
  const changed = changedFiles(draft);
  if (changed.size === 0) return [];
  const orders: Ref[] = [];
  for (const item of await findWithheld(draft, [STILL_OPEN], [{ param: 'authored-on', descending: false }])) {
    if (item.status !== 'open' || item.order === undefined) continue;
    if (await leadsTo(draft, await rootsOf(draft, item), changed)) orders.push(item.order);
  }
  return orders;
}

/** A file that is new is named by nothing yet. A message that is kept is no note. */
function changedFiles({ planned }: Draft): ReadonlySet<Ref> {
  const refs = [...planned.values()].flatMap(({ ref, before, after }) =>
    before !== undefined &&
    after !== undefined &&
    NOTE_TYPES.includes(typeOf(ref)) &&
    !valuesAt(after.plain, 'category.coding.system').includes(FATE_SYSTEM)
      ? [ref]
      : [],
  );
  return new Set(refs);
}

async function rootsOf(draft: Draft, { event, file, task }: WithheldItem): Promise<readonly Ref[]> {
  if (event === LATE_NOTE) return file === undefined ? [] : [file];
  if (!needsNote(event)) return [];
  const read = await readPreview(draft, task);
  return [
    ...valuesAt(read, 'output.valueReference').flatMap((one) => localRef(one) ?? []),
    ...valuesAt(read, 'output.valueAttachment.url').flatMap((url) => localRefOf(String(url)) ?? []),
  ];
}

async function leadsTo(draft: Draft, roots: readonly Ref[], files: ReadonlySet<Ref>): Promise<boolean> {
  const seen = new Set<Ref>();
  let next = roots;
  for (let hop = 0; hop < HOPS_MAX && next.length > 0; hop += 1) {
    if (next.some((ref) => files.has(ref))) return true;
    const found: Ref[] = [];
    for (const ref of next) {
      if (seen.has(ref) || seen.size >= FILES_MAX) continue;
      seen.add(ref);
      found.push(...filesIn(await readPreview(draft, ref)));
    }
    next = found;
  }
  return next.some((ref) => files.has(ref));
}

const filesIn = (resource: Resource | undefined): readonly Ref[] =>
  resource === undefined
    ? []
    : referencesOf(resource)
        .flatMap(({ text }) => localRefOf(text) ?? [])
        .filter((ref) => NOTE_TYPES.includes(typeOf(ref)));
