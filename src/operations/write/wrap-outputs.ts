/**
 * Puts a note that a recipient gives as a file or in words into a feedback document, where the Task claims BSeR's
 * profile, and says so (rules 1.3).
 */
import type { Attachment, Ref, Reference, Resource } from '../../fhir/types.ts';
import { withBytes } from '../../delivery/binary-bytes.ts';
import { fileOf } from '../../ports/stored-file.ts';
import { note } from '../../referral/ruling.ts';
import { localRef, localRefOf, typeOf, valuesAt } from '../../resources/element.ts';
import { readInSight, readPreview } from './preview.ts';
import { placesIn, replan, sighted, type Draft, type Planned } from './draft.ts';
import { buildFeedback, FEEDBACK_TITLES } from './feedback-document.ts';
import { planSent } from './planned-resources.ts';

const PROFILE = 'http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-ReferralTask';

/** What is a note, and no document yet. */
const WRAPPED: ReadonlySet<string> = new Set([
  'Binary',
  'Composition',
  'DiagnosticReport',
  'DocumentReference',
]);

interface Output extends Resource {
  readonly valueReference?: Reference;
  readonly valueAttachment?: Attachment;
  readonly valueString?: string;
  readonly valueMarkdown?: string;
}

/** The note of one output. */
interface Held {
  /** First the note itself, where it is a resource; then what belongs to it. */
  readonly resources: readonly Resource[];
  readonly words?: string | undefined;
  /** Where it is stored. */
  readonly stored?: Ref | undefined;
  /** Ids of what was contained in the Task, and goes with it. */
  readonly moved: readonly string[];
}

/** What one commit may still wrap: each note is copied into its document. What is beyond stays as it is, and is refused. */
interface Budget {
  notes: number;
  /** In characters. */
  size: number;
}

const NOTES_MAX = 20;
/** Resources that the sections of one Composition list. */
const LISTED_MAX = 100;

/** Wraps the new outputs of Tasks that claim the profile. */
export async function wrapOutputs(draft: Draft): Promise<void> {
  if (draft.importing) return;
  const budget: Budget = { notes: NOTES_MAX, size: draft.context.settings.bodyBytesMax };
  for (const planned of draft.planned.values()) {
    const { after, origin } = planned;
    if (origin === 'server' || after === undefined || after.plain.resourceType !== 'Task') continue;
    if (valuesAt(after.plain, 'meta.profile').includes(PROFILE)) {
      await wrapTask(sighted(draft, planned), planned, after.plain, budget);
    }
  }
}

async function wrapTask(draft: Draft, planned: Planned, task: Resource, budget: Budget): Promise<void> {
  const kept = valuesAt(planned.before, 'output');
  const outputs = valuesAt(task, 'output') as readonly Output[]; // judged with the Task
  const [before, now] = [textsOf(kept), textsOf(outputs)];
  const gone = kept.filter((one) => !now.has(JSON.stringify(one)));
  const wraps = new Map<number, Ref>();
  const moved = new Set<string>();
  for (const [index, output] of outputs.entries()) {
    if (budget.notes <= 0) break;
    const held = before.has(JSON.stringify(output)) ? undefined : await holdNote(draft, task, output);
    if (held === undefined) continue;
    budget.notes -= 1;
    budget.size -= JSON.stringify(held).length;
    if (budget.size < 0) break;
    wraps.set(index, (await wrappedBefore(draft, gone, held)) ?? planDocument(draft, task, held));
    for (const id of held.moved) moved.add(id);
  }
  if (wraps.size === 0) return;
  replan(draft, planned.ref, (tree) => withDocuments(tree, wraps, moved));
  const places = [...wraps.keys()].map((index) => `Task.output[${index}].value`);
  const says =
    'The output of BSeR’s Task is a document, so the server put the note into a feedback document.';
  draft.notes.push(note('information', says, placesIn(planned, places)));
}

const textsOf = (values: readonly unknown[]): ReadonlySet<string> =>
  new Set(values.map((value) => JSON.stringify(value)));

/** Undefined for what is a document already, is no note, or is not to be seen. */
async function holdNote(draft: Draft, task: Resource, output: Output): Promise<Held | undefined> {
  const { valueReference, valueAttachment, valueString: words = output.valueMarkdown } = output;
  if (words !== undefined) return { resources: [], words, moved: [] };
  if (valueAttachment !== undefined) {
    const content = [{ attachment: valueAttachment }];
    return lift(draft, task, { resourceType: 'DocumentReference', status: 'current', content });
  }
  const id = containedId(valueReference?.reference);
  if (id !== undefined) {
    const own = containedIn(task).find((one) => one.id === id);
    return own !== undefined && isNote(own) ? lift(draft, task, own) : undefined;
  }
  const stored = localRef(valueReference);
  if (stored === undefined || !WRAPPED.has(typeOf(stored))) return undefined;
  const resource = await readInSight(draft, stored);
  if (resource === undefined || !isNote(resource)) return undefined;
  const listed = await listedBy(draft, resource);
  if (listed === undefined) return undefined;
  const files = await Promise.all([resource, ...listed].map((one) => filesOf(draft, one)));
  const resources = await withAllBytes(draft, unique([resource, ...listed, ...files.flat()]));
  return resources && { resources, stored, moved: [] };
}

/** Nothing that was written in error: its document would be a title without a note. */
const isNote = ({ resourceType, status }: Resource): boolean =>
  WRAPPED.has(resourceType) && status !== 'entered-in-error';

const containedId = (reference: unknown): string | undefined =>
  typeof reference === 'string' && reference.startsWith('#') ? reference.slice(1) : undefined;

const containedIn = (task: Resource): readonly Resource[] =>
  valuesAt(task, 'contained') as readonly Resource[]; // judged with the Task

const unique = (resources: readonly Resource[]): readonly Resource[] => [
  ...new Map(resources.map((one) => [`${one.resourceType}/${one.id ?? ''}`, one])).values(),
];

/** Each Binary with its bytes: a document holds what it lists. Undefined where that is too much. */
async function withAllBytes(
  { snapshot, context: { settings } }: Draft,
  resources: readonly Resource[],
): Promise<readonly Resource[] | undefined> {
  let left = settings.bodyBytesMax;
  const whole: Resource[] = [];
  for (const one of resources) {
    left -= fileOf(one)?.size ?? 0;
    if (left < 0) return undefined;
    whole.push(await withBytes(snapshot, one));
  }
  return whole;
}

/** What the sections of a Composition list that may be read; undefined where that is too much. */
async function listedBy(draft: Draft, resource: Resource): Promise<readonly Resource[] | undefined> {
  if (resource.resourceType !== 'Composition') return [];
  const refs = new Set(valuesAt(resource, 'section*.entry').flatMap((entry) => localRef(entry) ?? []));
  if (refs.size > LISTED_MAX) return undefined;
  const read = await Promise.all([...refs].map((ref) => readInSight(draft, ref)));
  return read.filter((one) => one !== undefined);
}

/** What stands within a Task as a resource of its own, with whatever it refers to there. */
async function lift(draft: Draft, task: Resource, resource: Resource): Promise<Held | undefined> {
  const named = idsWithin(resource);
  const within = containedIn(task).filter((one) => one !== resource && named.has(String(one.id)));
  const whole: Resource = {
    ...resource,
    id: draft.context.newId(),
    ...(within.length > 0 && { contained: within }),
  };
  const moved = [resource, ...within].flatMap(({ id }) => id ?? []);
  const files = await withAllBytes(draft, await filesOf(draft, whole));
  return files && { resources: [whole, ...files], moved };
}

/** Ids of what is contained and referred to. */
const idsWithin = (tree: unknown): ReadonlySet<string> =>
  new Set([...JSON.stringify(tree).matchAll(/"#([A-Za-z0-9\-.]{1,64})"/g)].map(([, id = '']) => id));

/** The stored files that a note points to: who reads the document reads them there. */
async function filesOf(draft: Draft, resource: Resource): Promise<readonly Resource[]> {
  const urls = [...valuesAt(resource, 'content.attachment.url'), ...valuesAt(resource, 'presentedForm.url')];
  const refs = new Set(urls.flatMap((url) => localRefOf(String(url)) ?? []));
  const read = await Promise.all([...refs].map((ref) => readInSight(draft, ref)));
  return read.flatMap((one) => (one?.resourceType === 'Binary' ? [one] : []));
}

/** The document of an output that is written again as it was before it was wrapped. */
async function wrappedBefore(draft: Draft, gone: readonly unknown[], { stored }: Held) {
  if (stored === undefined) return undefined;
  for (const output of gone) {
    const ref = localRef(valuesAt(output, 'valueReference')[0]);
    const document = ref?.startsWith('Bundle/') ? await readPreview(draft, ref) : undefined;
    const lists = valuesAt(document, 'entry.resource.section.entry.reference');
    if (lists.includes(stored)) return ref;
  }
  return undefined;
}

function planDocument(draft: Draft, task: Resource, { resources, words }: Held): Ref {
  const [one] = resources;
  const isOutcome = task['status'] === 'completed';
  const title = FEEDBACK_TITLES[isOutcome ? 'send-referral-outcome' : 'send-interim-note'] ?? '';
  const named = (element: string) => valuesAt(task, element)[0] as Reference | undefined; // judged with the Task
  const document = buildFeedback(draft, {
    title,
    final: isOutcome && one?.['docStatus'] !== 'preliminary' && one?.['status'] !== 'preliminary',
    order: named('focus') ?? {},
    patient: named('for'),
    author: named('owner') ?? {},
    type: one?.['type'] ?? one?.['code'],
    date: one?.['date'] ?? one?.['issued'],
    lists: one === undefined ? [] : [`${one.resourceType}/${one.id ?? ''}`],
    words,
    resources,
  });
  return planSent(draft, document);
}

/** The Task with these outputs as documents, and without what went into them. */
function withDocuments(
  tree: Resource,
  wraps: ReadonlyMap<number, Ref>,
  moved: ReadonlySet<string>,
): Resource {
  const { contained = [], ...rest } = tree as Resource & { readonly contained?: readonly Resource[] };
  const outputs = valuesAt(tree, 'output') as readonly Output[]; // as above
  const output = outputs.map((one, index) => {
    const reference = wraps.get(index);
    if (reference === undefined) return one;
    const { valueReference: _r, valueAttachment: _a, valueString: _s, valueMarkdown: _m, ...others } = one;
    return { ...others, valueReference: { reference } };
  });
  const become: Resource = { ...rest, output };
  const named = idsWithin(become);
  const stays = contained.filter(({ id = '' }) => !moved.has(id) || named.has(id));
  return stays.length === 0 ? become : { ...become, contained: stays };
}
