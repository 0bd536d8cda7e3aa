/** Among whom a thread is (baa-messaging 7); the server writes it into header and messages. */
import type { Resource } from '../fhir/types.ts';
import { manyOf } from './shape.ts';

export type MessageKind = 'workforce' | 'vendor' | 'patient' | 'referral';

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

const KINDS: readonly MessageKind[] = ['workforce', 'vendor', 'patient', 'referral'];

export const withMessageKind = (resource: Resource, kind: MessageKind): Resource => ({
  ...resource,
  category: [
    { coding: [{ system: MESSAGE_KIND, code: kind }] },
    ...conceptsOf(resource).filter(({ coding = [] }) =>
      coding.every(({ system }) => system !== MESSAGE_KIND),
    ),
  ],
});
