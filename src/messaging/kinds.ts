/** Among whom a thread is (baa-messaging 7); the server writes it into header and messages. */
import type { Ref, Resource } from '../fhir/types.ts';
import { manyOf } from './shape.ts';

const KINDS = ['workforce', 'vendor', 'patient', 'referral'] as const;
export type MessageKind = (typeof KINDS)[number];

export const MESSAGE_KIND = 'https://closeloop.dev/fhir/CodeSystem/message-kind';

interface Concept {
  readonly coding?: readonly { readonly system?: unknown; readonly code?: unknown }[];
}

const conceptsOf = ({ category }: Resource): readonly Concept[] => manyOf(category) as readonly Concept[];

/** The kind that stands in a header or a message. */
export function messageKindIn(resource: Resource): MessageKind | undefined {
  const codes = conceptsOf(resource).flatMap(({ coding = [] }) =>
    coding.filter(({ system }) => system === MESSAGE_KIND),
  );
  return KINDS.find((kind) => codes.some(({ code }) => code === kind));
}

/** A patient, or somebody who acts for one: each belongs to no workforce, and sends in the own name alone. */
export const isPatientOrRelated = (ref: Ref | undefined): boolean =>
  ref !== undefined && (ref.startsWith('Patient/') || ref.startsWith('RelatedPerson/'));

export const withMessageKind = (resource: Resource, kind: MessageKind): Resource => ({
  ...resource,
  category: [
    { coding: [{ system: MESSAGE_KIND, code: kind }] },
    ...conceptsOf(resource).filter(({ coding = [] }) =>
      coding.every(({ system }) => system !== MESSAGE_KIND),
    ),
  ],
});
