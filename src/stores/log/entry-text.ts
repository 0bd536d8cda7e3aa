/** An outbox entry as the store keeps it: JSON, in which the member `order` holds the entry's ordering key. */
import type { Ref } from '../../fhir/types.ts';
import type { OutboxEntry } from '../../ports/store.ts';

/** The text that the column `outbox.entry` holds and the audit chain digests. */
export function entryText({ rail, receiver, orderingKey, ...rest }: OutboxEntry): string {
  return JSON.stringify({ rail, receiver, order: orderingKey, ...rest });
}

/** @param text what {@link entryText} wrote */
export function parseEntry(text: string): OutboxEntry {
  const { order, ...rest } = JSON.parse(text) as Omit<OutboxEntry, 'orderingKey'> & { readonly order: Ref };
  return { ...rest, orderingKey: order };
}
