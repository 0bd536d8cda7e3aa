/** Incidents that are open and that a vendor takes part in (baa-messaging VR7). */
import type { Ref, Resource } from '../../fhir/types.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { localRef, valuesAt } from '../../resources/element.ts';
import { WORK_ITEM_SYSTEM } from '../../resources/work-item-code.ts';
import { isClosedItem } from '../work-item.ts';
import { findThen, type TwoTimes } from './contracts.ts';

/** The work items of an organization that name the vendor, as their focus or among their inputs. */
export async function openIncidents(
  times: TwoTimes,
  organization: Ref,
): Promise<readonly { readonly ref: Ref; readonly names: ReadonlySet<Ref> }[]> {
  const found = await findThen(times, 'Task', {
    kind: 'all',
    of: [
      { kind: 'token', param: 'code', system: WORK_ITEM_SYSTEM, code: 'incident' },
      { kind: 'reference', param: 'owner', to: [organization] },
    ],
  });
  return found.flatMap(({ ref, text, custodian }) => {
    const item = parseStored(text);
    return custodian !== organization || isClosedItem(item) ? [] : [{ ref, names: namedIn(item) }];
  });
}

const namedIn = (item: Resource): ReadonlySet<Ref> =>
  new Set(
    [item['focus'], ...valuesAt(item, 'input.valueReference')]
      .map(localRef)
      .filter((ref) => ref !== undefined),
  );
