/**
 * Who is affected by an incident (baa-messaging VR7; audit-compliance AU36): by the audit, for deliveries that are named and
 * for what reached a vendor; and how many of the patients live in one state (45 CFR 164.406).
 */
import type { Ref } from '../../fhir/types.ts';
import { MANY } from '../../policies/breach-clocks.ts';
import type { AuditRow } from '../../ports/audit.ts';
import { EVERYTHING } from '../../ports/query.ts';
import type { Snapshot, Store } from '../../ports/store.ts';
import { resourceOf } from '../../ports/stored-resource.ts';
import { valuesAt } from '../../resources/element.ts';
import { scanAudit } from '../audit/scan.ts';
import { hasReached, stateAt } from '../vendors/told-vendor.ts';

interface AffectedQuery {
  readonly organization: Ref;
  readonly deliveries: readonly string[];
  readonly vendor: Ref | undefined;
  /** From when on the audit is read, in milliseconds since 1970. */
  readonly since: number;
  readonly until: number;
  /** The period in which all that reached the vendor counts; absent: what did without an agreement in force. */
  readonly period: { readonly from: number; readonly to: number } | undefined;
}

interface Affected {
  readonly patients: ReadonlySet<Ref>;
  /** Deliveries, and the events by which a vendor read for itself. */
  readonly deliveries: ReadonlySet<string>;
}

/** Events of which the state of the agreement is looked up; what comes after them counts. */
const STATES_MAX = 500;

/** @throws OperationOutcomeError `search-too-costly` */
export async function findAffected(
  store: Pick<Store, 'snapshot'>,
  { organization, vendor, period, since, until, ...asked }: AffectedQuery,
  signal: AbortSignal,
): Promise<Affected> {
  const snapshot = store.snapshot();
  const named = new Set(asked.deliveries);
  const patients = new Set<Ref>();
  const deliveries = new Set<string>();
  let looked = 0;

  async function isMeant(row: AuditRow): Promise<boolean> {
    const { delivery } = row.entry;
    if (
      delivery?.to !== undefined &&
      named.has(delivery.entry) &&
      hasReached(delivery.to, organization, row.entry)
    )
      return true;
    if (vendor === undefined || !hasReached(vendor, organization, row.entry)) return false;
    const at = Date.parse(row.at);
    if (period !== undefined) return at >= period.from && at <= period.to;
    if (looked >= STATES_MAX) return true;
    looked += 1;
    return (await stateAt(store, snapshot, [organization, vendor], row)) !== 'active';
  }

  if (vendor === undefined && named.size === 0) return { patients, deliveries };
  const scan = { viewer: organization, from: since, to: until };
  for await (const row of scanAudit(snapshot, scan, signal)) {
    if (!(await isMeant(row))) continue;
    const { delivery, patients: about } = row.entry;
    deliveries.add(delivery?.entry ?? `AuditEvent/${row.seq}-${row.position}`);
    for (const patient of about) patients.add(patient as Ref); // as the audit has them
  }
  return { patients, deliveries };
}

/** Patients whose addresses are read. */
const READ_MAX = 5000;

/**
 * How many patients live in one state at most; who has no address of a state may live in any. Where the law asks nothing, or
 * there are too many to look at, nobody is counted out.
 */
export async function mostOfOneState(snapshot: Snapshot, patients: readonly Ref[]): Promise<number> {
  if (patients.length <= MANY || patients.length > READ_MAX) return patients.length;
  const states = new Map<string, number>();
  let anywhere = 0;
  for (const patient of patients) {
    const own = new Set(statesOf(resourceOf(await snapshot.read(patient, EVERYTHING))));
    if (own.size === 0) anywhere += 1;
    for (const state of own) states.set(state, (states.get(state) ?? 0) + 1);
  }
  return anywhere + Math.max(0, ...states.values());
}

const statesOf = (patient: unknown): readonly string[] =>
  valuesAt(patient, 'address.state').flatMap((state) =>
    typeof state === 'string' && state.trim() !== '' ? [state.trim().toUpperCase()] : [],
  );
