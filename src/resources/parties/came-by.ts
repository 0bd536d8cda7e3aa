/**
 * By which Endpoint a request came, so that its answers go back there: 360X answers the address from which it was asked
 * (360x 4, A5). A record beside the order, in the commit that makes the order.
 */
import type { Ref } from '../../fhir/types.ts';
import type { DirectAddress } from '../../ports/direct.ts';
import type { RecordWrite } from '../../ports/record.ts';
import type { Snapshot } from '../../ports/store.ts';

const KIND = 'came-by';

interface CameBy {
  /** The Endpoint of the initiator. */
  readonly endpoint: Ref;
  readonly address: DirectAddress;
  /** Instant. */
  readonly at: string;
}

export const writeCameBy = (order: Ref, body: CameBy): RecordWrite => ({
  kind: KIND,
  key: order,
  expect: 'any',
  body,
});

/** Undefined for an order that did not come by Direct. */
export async function readCameBy(source: Pick<Snapshot, 'record'>, order: Ref): Promise<CameBy | undefined> {
  const record = await source.record(KIND, order);
  return record?.body as CameBy | undefined; // this file writes nothing else
}
