/** A notification as a FHIR Bundle (http://hl7.org/fhir/R4/bundle.html) with the event and the resource. */
import type { ClaimedEntry } from '../../ports/store.ts';

/** Trigger events of a referral, and FHIR interactions. */
const TRIGGER_EVENT_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/trigger-event';
/** IHE 360X transactions, by their numbers. */
const TRANSACTION_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/ihe-transaction';

/**
 * A collection of the one resource, tagged with its event and, for a move of a referral, its 360X transaction. It holds
 * the resource's text unparsed, so that no number loses its precision.
 */
export function buildNotification(
  { id, at, subject, event }: ClaimedEntry,
  text: string,
  transaction: string | undefined,
): string {
  const tag = [
    { system: TRIGGER_EVENT_SYSTEM, code: event },
    ...(transaction === undefined ? [] : [{ system: TRANSACTION_SYSTEM, code: transaction }]),
  ];
  const head = JSON.stringify({
    resourceType: 'Bundle',
    id,
    meta: { tag },
    type: 'collection',
    timestamp: at,
  });
  const entry = `[{"link":[{"relation":"self","url":${JSON.stringify(subject)}}],"resource":${text}}]`;
  return `${head.slice(0, -1)},"entry":${entry}}`;
}
