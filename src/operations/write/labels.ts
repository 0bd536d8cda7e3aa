/**
 * Writes the security labels of what a draft writes into its texts, in the same commit: what travels carries them
 * (compliance S1, S2), and a write that leaves labels out keeps them (S4). The reply says that labels were added, and never which: a warning stands in headers, and headers are
 * logged (S8).
 */
import { highWaterMark, LISTING } from '../../policies/labels/high-water.ts';
import { learnSensitivities } from '../../policies/labels/derive.ts';
import { part2ByNotice } from '../../policies/labels/label.ts';
import { bearsNotice, withoutNotice } from '../../policies/part2/in-resource.ts';
import { isNoticeMessage } from '../../policies/part2/said.ts';
import { planLabels, writeLabels, type LabelPlan } from '../../policies/labels/label-plan.ts';
import { isSameLabel, loweredLabels } from '../../policies/labels/lowered.ts';
import type { Coding, Resource } from '../../fhir/types.ts';
import { note } from '../../referral/ruling.ts';
import { localRefOf, typeOf, valuesAt } from '../../resources/element.ts';
import { EVERYTHING } from '../../ports/query.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { isDirectory } from '../../resources/index.ts';
import { LARGE } from '../heavy.ts';
import { createTurns, type Turns } from '../turns.ts';
import { placesIn, replan, sighted, type Draft, type Planned } from './draft.ts';
import { mayLower } from './label-guard.ts';
import { programsIn, type Programs } from './part2-source.ts';
import { readLabels } from './preview.ts';
import { labelsAround } from './unread-files.ts';

/** Of each draft, the trees that have their labels. A draft that is planned again begins anew: what stood may have changed. */
const known = new WeakMap<Draft['planned'], WeakSet<Resource>>();

function labelledIn({ planned }: Draft): WeakSet<Resource> {
  const labelled = known.get(planned) ?? new WeakSet<Resource>();
  known.set(planned, labelled);
  return labelled;
}

export async function labelDraft(draft: Draft): Promise<void> {
  const turns = createTurns();
  const all = inOrder(draft);
  for (const planned of all) takeNoticeOut(draft, planned);
  const given: Given = {
    turns,
    noticed: draft.isNoticed || all.some(isNotice) ? [part2ByNotice] : [],
    programs: await programsIn(draft),
  };
  for (const { ref } of all) {
    const planned = draft.planned.get(ref);
    if (planned !== undefined) await labelOne(draft, planned, given);
  }
}

/** What the server keeps of a message itself. */
const OF_MESSAGES: ReadonlySet<string> = new Set(['DocumentReference', 'Binary']);

/** What was shown with a notice is stored without it, and with the label (compliance P33). */
function takeNoticeOut(draft: Draft, { ref, before, after, origin }: Planned): void {
  if (origin === 'server' || after === undefined || !bearsNotice(after.plain)) return;
  replan(draft, ref, (tree) => withoutNotice(tree, before));
}

/** A message says that all that it comes with is content of Part 2. */
const isNotice = ({ origin, after, before }: Planned): boolean =>
  origin === 'client' && before === undefined && after !== undefined && isNoticeMessage(after.plain);

/** What lists others comes after them. */
function inOrder({ planned }: Draft): readonly Planned[] {
  const all = [...planned.values()];
  if (!all.some(({ ref }) => LISTING.has(typeOf(ref)))) return all;
  const places = [...LISTING.keys()];
  return all.toSorted((one, other) => places.indexOf(typeOf(one.ref)) - places.indexOf(typeOf(other.ref)));
}

/** Resources that one other lists whose labels are asked. */
const LISTED_MAX = 100;

/** What follows from the resources that a resource lists. */
async function listedLabels(draft: Draft, resource: Resource): Promise<readonly Coding[]> {
  const listing = LISTING.get(resource.resourceType);
  if (listing === undefined) return [];
  const refs = new Set(valuesAt(resource, listing.path).flatMap((text) => localRefOf(String(text)) ?? []));
  const found: Coding[] = [];
  for (const ref of [...refs].slice(0, LISTED_MAX)) found.push(...(await readLabels(draft, ref)));
  if (listing.takes === 'all') return found;
  const mark = highWaterMark(found);
  return mark === undefined ? [] : [mark];
}

/** What is the same for all that a draft writes. */
interface Given {
  readonly turns: Turns;
  readonly noticed: readonly Coding[];
  /** Undefined where there is no program. */
  readonly programs: Programs | undefined;
}

async function labelOne(draft: Draft, given: Planned, { turns, noticed, programs }: Given): Promise<void> {
  const planned = given.returns === true ? await asItLeft(draft, given) : given;
  const { ref, before, after, origin } = planned;
  const labelled = labelledIn(draft);
  if (after === undefined || labelled.has(after.plain)) return;
  const isKnowledge = isDirectory(typeOf(ref));
  if (!isKnowledge && (after.size ?? 0) >= LARGE) await learnSensitivities(after.plain, turns.after);
  const lowered = loweredLabels(before?.meta?.security ?? [], after.plain.meta?.security ?? []);
  const isLowered = lowered.length > 0 && mayLower(draft, planned, lowered);
  const listed = [
    ...(await listedLabels(sighted(draft, planned), after.plain)),
    ...(isNewFile(planned) ? await labelsAround(sighted(draft, planned), planned) : []),
  ];
  const isTold = origin === 'client' || (draft.byMessage && OF_MESSAGES.has(typeOf(ref)));
  const follows = isKnowledge || !isTold ? listed : [...listed, ...noticed];
  const sources = (await programs?.sourcesOf(planned)) ?? [];
  const part2 = sources.length > 0 && { part2: { sources, isDirectory } };
  const labels = planLabels(after.plain, {
    before,
    mayLower: isLowered,
    isKnowledge,
    listed: follows,
    ...part2,
  });
  if (labels !== undefined) {
    replan(draft, ref, (tree) => writeLabels(tree, labels));
    if (origin === 'client' && !isLowered && hasOthers(after.plain, labels))
      tell(draft, planned, lowered.length > 0 ? KEPT : ADDED);
  }
  const tree = draft.planned.get(ref)?.after?.plain;
  if (tree !== undefined) labelled.add(tree);
}

/** What comes back after it was deleted has the labels of its last version: to delete it takes none off. */
async function asItLeft(draft: Draft, planned: Planned): Promise<Planned> {
  const [type = '', id = ''] = planned.ref.split('/');
  const { versions } = await draft.snapshot.history({
    type,
    id,
    count: 2,
    offset: 0,
    total: false,
    sight: EVERYTHING,
  });
  const [text] = versions.flatMap((version) => version.text ?? []);
  return text === undefined ? planned : { ...planned, before: parseStored(text) };
}

const isNewFile = ({ ref, before, origin }: Planned): boolean =>
  origin === 'client' && before === undefined && typeOf(ref) === 'DocumentReference';

/** Whether other labels are written than the client's, and not their extensions alone. */
function hasOthers({ meta }: Resource, { security, entries }: LabelPlan): boolean {
  const given = meta?.security ?? [];
  if (entries.size > 0) return true;
  if (security === undefined) return false;
  return (
    security.length !== given.length || security.some((one) => !given.some((own) => isSameLabel(own, one)))
  );
}

const ADDED = (type: string): string =>
  `The server added security labels to ${type}, as its content asks for them.`;
const KEPT = (type: string): string =>
  `The server kept the security labels of ${type}: anyone may raise them, and the privacy officer of its custodian lowers them, with a reason.`;

function tell(draft: Draft, planned: Planned, says: (type: string) => string): void {
  const type = typeOf(planned.ref);
  draft.notes.push(note('information', says(type), placesIn(planned, [`${type}.meta.security`])));
}
