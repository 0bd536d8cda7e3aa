/** The channels by which a patient agrees to be written to (baa-messaging MS30): `provision.code` of a Consent. */
import type { CodeableConcept } from '../../fhir/types.ts';

export const MESSAGE_CHANNEL = 'https://closeloop.dev/fhir/CodeSystem/message-channel';

/** The account here, ordinary mail of the internet, and text messages. */
export const MESSAGE_CHANNELS = ['portal', 'mail', 'sms'] as const;
export type MessageChannel = (typeof MESSAGE_CHANNELS)[number];

const PORTAL: readonly MessageChannel[] = ['portal'];

/**
 * The channels that a Consent names. One that names none is for the portal alone; one that names something else as well
 * means something that the server cannot evaluate, and permits nothing.
 */
export function channelsOf(codes: readonly CodeableConcept[] = []): readonly MessageChannel[] | undefined {
  if (codes.length === 0) return PORTAL;
  const named = codes.map(({ coding = [] }) =>
    MESSAGE_CHANNELS.find((channel) =>
      coding.some(({ system, code }) => system === MESSAGE_CHANNEL && code === channel),
    ),
  );
  const known = named.filter((channel) => channel !== undefined);
  return known.length === named.length ? [...new Set(known)] : undefined;
}
