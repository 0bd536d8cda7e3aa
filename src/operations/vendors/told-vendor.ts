/** What reached a vendor, and how it stood with the organization at that moment: for the sheet of an incident (baa-messaging VR7). */
import { readAgreement, storedContracts } from '../../delivery/agreements.ts';
import type { Ref } from '../../fhir/types.ts';
import type { AuditEntry, AuditRow } from '../../ports/audit.ts';
import type { Snapshot, Store } from '../../ports/store.ts';
import { resourceOf } from '../../ports/stored-resource.ts';
import { EVERYTHING } from '../../ports/query.ts';
import { disclosedByReading } from '../../resources/audit-patterns.ts';
import { contractTextOf } from './contract-text.ts';
import { contractsThen } from './contracts.ts';

/** Whether an event brought the vendor something that the organization keeps: bytes that it refused were with it as well. */
export function hasReached(vendor: Ref, organization: Ref, entry: AuditEntry): boolean {
  const { delivery, agent, outcome, bytesHash, masked, viewers } = entry;
  if (delivery !== undefined)
    return (
      delivery.to === vendor &&
      delivery.from === organization &&
      (outcome === '0' || (outcome === '8' && bytesHash !== undefined))
    );
  const isShown = agent.organization === vendor && viewers.includes(organization) && masked !== true;
  return isShown && disclosedByReading(entry).length > 0;
}

/** The state of the agreement at the moment of an event. */
export async function stateAt(
  { snapshot }: Pick<Store, 'snapshot'>,
  now: Snapshot,
  [organization, vendor]: readonly [Ref, Ref],
  { seq, at }: Pick<AuditRow, 'seq' | 'at'>,
): Promise<string> {
  const find = contractsThen({ now, past: snapshot(seq) });
  return (await readAgreement(find, organization, vendor, Date.parse(at))).state;
}

/** What the vendor promises of the report of a breach, by the agreement that decides now. */
export async function promisedBy(
  now: Snapshot,
  organization: Ref,
  vendor: Ref,
  at: number,
): Promise<{ readonly promisedHours?: number }> {
  const { contract } = await readAgreement(storedContracts(now), organization, vendor, at);
  const text = contract === undefined ? undefined : resourceOf(await now.read(contract, EVERYTHING));
  const { breachNoticeHours } = contractTextOf(text);
  return breachNoticeHours === undefined ? {} : { promisedHours: breachNoticeHours };
}
