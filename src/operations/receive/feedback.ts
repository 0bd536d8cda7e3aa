/** The recipient's feedback as a Task.output: a document Bundle around its note (BSeR feedback; crosswalk 7). */
import type { Ref, Resource } from '../../fhir/types.ts';
import { readPreview, type Draft } from '../draft.ts';
import type { Note } from './notes.ts';
import { planSent } from './own.ts';
import type { Referral } from './referral.ts';

export interface Output {
  readonly type: { readonly text: string };
  readonly valueReference: { readonly reference: Ref };
}

/** What Task.output.type says of the events that bring a note. */
const TITLES: Readonly<Record<string, string>> = {
  'send-interim-note': 'Interim consultation note',
  'send-referral-outcome': 'Referral outcome',
};

const CONSULT_NOTE = {
  coding: [{ system: 'http://loinc.org', code: '11488-4', display: 'Consult note' }],
};

/** Plans the Bundle; undefined for an event that brings none. */
export async function planFeedback(
  draft: Draft,
  referral: Referral,
  note: Note,
  event: string,
): Promise<Output | undefined> {
  const title = TITLES[event];
  if (title === undefined) return undefined;
  const bundle = planSent(draft, await buildBundle(draft, referral, note, title));
  return { type: { text: title }, valueReference: { reference: bundle } };
}

/** The Task with one output more, the newest last. */
export const withOutput = (task: Resource, output: Output): Resource => ({
  ...task,
  output: [...((task['output'] ?? []) as readonly unknown[]), output], // validated structure
});

/** The outcome is final unless its note says that it is not. */
const isFinal = (stored: Resource | undefined, title: string): boolean =>
  title === TITLES['send-referral-outcome'] && stored?.['docStatus'] !== 'preliminary';

async function buildBundle(draft: Draft, referral: Referral, note: Note, title: string): Promise<Resource> {
  const { settings, newId } = draft.room;
  const { document } = note;
  const stored = await readPreview(draft, document);
  const composition: Resource = {
    resourceType: 'Composition',
    id: newId(),
    status: isFinal(stored, title) ? 'final' : 'preliminary',
    type: stored?.['type'] ?? CONSULT_NOTE,
    ...(referral.patient !== undefined && { subject: { reference: referral.patient } }),
    date: stored?.['date'] ?? draft.now,
    author: [{ reference: referral.recipient }],
    title,
    section: [{ title, focus: { reference: referral.request }, entry: [{ reference: document }] }],
  };
  const id = newId();
  return {
    resourceType: 'Bundle',
    type: 'document',
    identifier: { system: `${settings.publicBase}/Bundle`, value: id },
    timestamp: draft.now,
    entry: [composition, ...(stored === undefined ? [] : [stored])].map((resource) => ({
      fullUrl: `${settings.publicBase}/${resource.resourceType}/${resource.id ?? ''}`,
      resource,
    })),
  };
}
