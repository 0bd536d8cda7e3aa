/** Archived messages, read again: where their bytes are, and the order in which they were written. */
import { EVERYTHING } from '../ports/query.ts';
import type { Identifier, Ref, Resource } from '../fhir/types.ts';
import { quarantineOf } from '../operations/attachments/records.ts';
import type { Snapshot } from '../ports/store.ts';
import { resourceOf } from '../ports/stored-resource.ts';
import { localRefOf, valuesAt } from '../resources/element.ts';
import { focusOf } from '../resources/referral-rules/consequences.ts';
import { readItem, type OpenItem } from './work-items.ts';
import type { ArchivedMessage } from './archive.ts';

/** Where the message of a work item is archived. */
export async function archivedMessageOf(
  snapshot: Snapshot,
  { document }: Pick<OpenItem, 'document'>,
): Promise<ArchivedMessage> {
  const [url] = valuesAt(await readResource(snapshot, document), 'content.attachment.url');
  const binary = typeof url === 'string' ? localRefOf(url) : undefined;
  if (binary === undefined) throw new Error(`${document} does not say where its message is`);
  return { document, binary };
}

/** The stored text of the Binary that holds a message's bytes; undefined when it was changed since, and so is no message. */
export async function readArchivedText(
  snapshot: Snapshot,
  item: Pick<OpenItem, 'document'>,
): Promise<string | undefined> {
  const { binary } = await archivedMessageOf(snapshot, item);
  const version = await snapshot.read(binary, EVERYTHING);
  const isUnread = (await quarantineOf(snapshot, binary)) !== undefined;
  return version?.method === 'POST' && !isUnread ? version.text : undefined;
}

/** The items in the order in which the senders wrote their messages; those without a time last. */
export async function inOrder(snapshot: Snapshot, items: readonly OpenItem[]): Promise<readonly OpenItem[]> {
  const dated = await Promise.all(
    items.map(async (item) => {
      const date = (await readResource(snapshot, item.document))?.['date'];
      return { item, at: typeof date === 'string' ? Date.parse(date) : Infinity };
    }),
  );
  return dated
    .toSorted((a, b) => compare(a.at, b.at) || a.item.receivedAt - b.item.receivedAt)
    .map(({ item }) => item);
}

const compare = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);

/** An open work item about a message, as it is now. */
export async function readOpenItem(snapshot: Snapshot, ref: Ref): Promise<OpenItem | undefined> {
  const task = await readResource(snapshot, ref);
  return task === undefined ? undefined : readItem(ref, task);
}

/** The numbers under which messages may speak of the referral of a Task. */
export async function referralNumbersOf(snapshot: Snapshot, task: Ref): Promise<readonly Identifier[]> {
  const referral = await readResource(snapshot, task);
  const focus = referral === undefined ? undefined : focusOf(referral);
  if (focus?.startsWith('ServiceRequest/') !== true) return [];
  return valuesAt(await readResource(snapshot, focus), 'identifier') as readonly Identifier[]; // validated structure
}

async function readResource(snapshot: Snapshot, ref: Ref): Promise<Resource | undefined> {
  const version = await snapshot.read(ref, EVERYTHING);
  return resourceOf(version);
}
