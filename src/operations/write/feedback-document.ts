/** The feedback document of BSeR: a Bundle whose Composition has a section about the order. */
import type { CodeableConcept, Ref, Reference, Resource } from '../../fhir/types.ts';
import type { Draft } from './draft.ts';

/** What a feedback document says, and of what. */
interface Feedback {
  readonly title: string;
  readonly final: boolean;
  readonly order: Reference;
  readonly patient: Reference | undefined;
  readonly author: Reference;
  /** What the note itself says of its kind and time, where it does. */
  readonly type: unknown;
  readonly date: unknown;
  /** What its section lists. */
  readonly lists: readonly Ref[];
  /** Its section in words. */
  readonly words?: string | undefined;
  /** What travels within. */
  readonly resources: readonly Resource[];
}

/** Of the section about the order: the summary of the feedback. */
const SUMMARY = {
  coding: [{ system: 'http://hl7.org/fhir/us/bser/CodeSystem/bser', code: 'RSRFS' }],
} as const satisfies CodeableConcept;

const CONSULT_NOTE = {
  coding: [{ system: 'http://loinc.org', code: '11488-4', display: 'Consult note' }],
};

/** What Task.output.type, and the title of its document, say of the events that bring a note. */
export const FEEDBACK_TITLES: Readonly<Record<string, string>> = {
  'send-interim-note': 'Interim consultation note',
  'send-referral-outcome': 'Referral outcome',
};

/** The document, with an identifier of its own. */
export function buildFeedback({ context: { settings, newId }, now }: Draft, feedback: Feedback): Resource {
  const { title, final, order, patient, author, type, date, lists, words, resources } = feedback;
  const composition: Resource = {
    resourceType: 'Composition',
    id: newId(),
    status: final ? 'final' : 'preliminary',
    type: type ?? CONSULT_NOTE,
    ...(patient !== undefined && { subject: patient }),
    date: date ?? now,
    author: [author],
    title,
    section: [
      {
        title,
        code: SUMMARY,
        focus: order,
        ...(words !== undefined && { text: narrativeOf(words) }),
        ...(lists.length > 0 && { entry: lists.map((reference) => ({ reference })) }),
      },
    ],
  };
  return {
    resourceType: 'Bundle',
    type: 'document',
    identifier: { system: `${settings.publicBase}/Bundle`, value: newId() },
    timestamp: now,
    entry: [composition, ...resources].map((resource) => ({
      fullUrl: `${settings.publicBase}/${resource.resourceType}/${resource.id ?? ''}`,
      resource,
    })),
  };
}

const MARKUP: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

const narrativeOf = (words: string) => ({
  status: 'generated',
  div: `<div xmlns="http://www.w3.org/1999/xhtml"><p>${words
    .replaceAll(/[&<>]/g, (mark) => MARKUP[mark] ?? '')
    .replaceAll(/\r\n?|\n/g, '<br/>')}</p></div>`,
});
