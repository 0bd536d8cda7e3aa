/** Appointments as evidence (rules 1.3): what is there before, and the write that shows what happened. */
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import type { TestServer, Who } from '../../server.ts';
import type { Referral } from './referrals.ts';

export interface VisitWrite {
  /** An Appointment is booked already when it happens. */
  readonly booked: boolean;
  /** The Appointment as written; undefined `id`: a new one. */
  readonly build: (referral: Referral, booked: Stored | undefined) => Resource;
}

type Stored = Resource & { readonly id: string };

const LATER = { start: '2026-12-08T10:00:00Z', end: '2026-12-08T10:30:00Z' };

const anew = ({ request, patient }: Referral): Resource => make.appointment(request, patient, LATER);
const change = (more: object) => (_referral: Referral, booked: Stored | undefined) =>
  ({ ...booked, ...more }) as Resource; // there is one where `booked` says so

/** By the names that the fixture gives to evidence. */
export const VISITS = {
  'appointment-booked': { booked: false, build: anew },
  'appointment-another': { booked: true, build: anew },
  'appointment-rescheduled': { booked: true, build: change(LATER) },
  'appointment-noshow': { booked: true, build: change({ status: 'noshow' }) },
  'appointment-cancelled': { booked: true, build: change({ status: 'cancelled' }) },
} as const satisfies Record<string, VisitWrite>;

export type VisitEvidence = keyof typeof VISITS;

export const VISIT_EVIDENCE = Object.keys(VISITS) as readonly VisitEvidence[]; // the table's keys

/** Appointments that were booked while the referral was a draft, so that they moved nothing; by ServiceRequest. */
export function createBooked(server: () => TestServer, keeper: Who) {
  const booked = new Map<Ref, Stored>();
  return {
    of: ({ request }: Referral): Stored | undefined => booked.get(request),
    book: async ({ request, patient }: Referral): Promise<void> => {
      // Nobody but its initiator sees the order of a draft; an administrator does.
      const visit = make.appointment(request, patient);
      booked.set(request, await server().create(`administrator for ${keeper}`, visit));
    },
  };
}

export function visitEntry(visit: Resource): make.Entry {
  return visit.id === undefined
    ? { method: 'POST', url: 'Appointment', resource: visit }
    : { method: 'PUT', url: `Appointment/${visit.id}`, resource: visit };
}
