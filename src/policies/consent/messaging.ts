/** Whether an organization may write health information to a patient (45 CFR 164.522(b); baa-messaging MS30, MS31). */
import type { Ref } from '../../fhir/types.ts';
import { missingNeed, type Need } from '../need.ts';
import type { MessageChannel } from './channels.ts';
import type { Permit } from './permit.ts';

/** What an organization has on file: in force, over by the clock, or nothing that was ever in force. */
export interface MessagingStanding {
  readonly state: 'active' | 'pending' | 'expired' | 'missing';
  readonly source?: Ref;
  /** Of what is in force; of several, of all of them. */
  readonly channels: ReadonlySet<MessageChannel>;
}

/** @param at in milliseconds since 1970: expiry is the clock at the question (compliance C4) */
export function messagingAt(
  permits: readonly Permit[],
  { patient, organization }: { readonly patient: Ref; readonly organization: Ref },
  at: number,
): MessagingStanding {
  const ours = permits.filter(
    (one) =>
      one.kind === 'patient-messaging' && one.patient === patient && one.from.named.includes(organization),
  );
  const inForce = ours.filter(({ since, until }) => at >= since && (until === undefined || at < until));
  const [first] = inForce;
  if (first !== undefined)
    return {
      state: 'active',
      source: first.source,
      channels: new Set(inForce.flatMap(({ channels = [] }) => channels)),
    };
  const [past] = ours.toSorted((one, other) => other.since - one.since);
  if (past === undefined) return { state: 'missing', channels: new Set() };
  return { state: at < past.since ? 'pending' : 'expired', source: past.source, channels: new Set() };
}

const REASONS = { pending: 'does-not-cover', expired: 'expired', missing: 'missing' } as const;

/** What is missing for health information to be written to a patient; undefined where nothing is. */
export function messagingNeed(
  { state, source }: MessagingStanding,
  { patient, organization }: { readonly patient: Ref; readonly organization: Ref },
): Need | undefined {
  if (state === 'active') return undefined;
  return missingNeed('patient-messaging', {
    from: organization,
    to: patient,
    patient,
    reason: REASONS[state],
    existing: source,
  });
}
