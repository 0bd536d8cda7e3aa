/** Incidents that are open and that a vendor takes part in (baa-messaging VR7). */
import type { Ref } from '../../fhir/types.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { WORK_ITEM_SYSTEM } from '../../resources/work-item-code.ts';
import { partiesNamedIn } from '../incidents/shape.ts';
import { isClosedItem } from '../work-item.ts';
import { findThen, type TwoTimes } from './contracts.ts';

/** The work items of an organization that name the vendor, also those that it gave to one of its people. */
export async function openIncidents(
  times: TwoTimes,
  organization: Ref,
): Promise<readonly { readonly ref: Ref; readonly names: ReadonlySet<Ref> }[]> {
  const found = await findThen(times, 'Task', {
    kind: 'all',
    of: [
      { kind: 'token', param: 'code', system: WORK_ITEM_SYSTEM, code: 'incident' },
      { kind: 'keeper', of: [organization] },
    ],
  });
  return found.flatMap(({ ref, text }) => {
    const item = parseStored(text);
    return isClosedItem(item) ? [] : [{ ref, names: partiesNamedIn(item) }];
  });
}
