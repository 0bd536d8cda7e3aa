/** What requests are shown of the store, as the audit tells it. */
import type { Ref } from '../fhir/types.ts';

/** What was read or found. */
export interface Seen {
  readonly ref: Ref;
  readonly seq: number;
  readonly custodian: Ref | '';
  readonly patients: readonly Ref[];
}
