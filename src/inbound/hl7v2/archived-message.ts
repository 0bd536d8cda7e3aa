/** Kept messages read again: their bytes, the link they came by, and the order in which they were written. */
import { identifierToken } from '../../fhir/identifier.ts';
import type { Identifier, Ref, Resource } from '../../fhir/types.ts';
import type { Link } from '../../hl7v2/link.ts';
import type { Snapshot } from '../../ports/store.ts';
import { localRefOf, valuesAt } from '../../resources/element.ts';
import { focusOf } from '../../resources/referral-rules/consequences.ts';
import { EVERYTHING } from '../../operations/write/draft.ts';
import type { OperationContext } from '../../operations/context.ts';
import { openArchived, type Incoming } from './incoming.ts';
import { readItem, type OpenItem } from '../work-items.ts';
import type { ArchivedMessage } from '../archive.ts';

/** Where the message of a work item is kept. */
export async function archivedMessageOf(
  snapshot: Snapshot,
  { document }: Pick<OpenItem, 'document'>,
): Promise<ArchivedMessage> {
  const [url] = valuesAt(await readResource(snapshot, document), 'content.attachment.url');
  const binary = typeof url === 'string' ? localRefOf(url) : undefined;
  if (binary === undefined) throw new Error(`${document} does not say where its message is`);
  return { document, binary };
}

/** A kept message as it came in; undefined when its link is no longer configured, or its bytes are not what came. */
export async function readArchived(
  context: OperationContext,
  snapshot: Snapshot,
  item: Pick<OpenItem, 'document' | 'link' | 'receivedAt'>,
  links: readonly Link[],
): Promise<Incoming | undefined> {
  const link = links.find(({ name }) => name === item.link);
  if (link === undefined) return undefined;
  const { binary } = await archivedMessageOf(snapshot, item);
  const version = await snapshot.read(binary, EVERYTHING);
  if (version?.text === undefined || version.method !== 'POST') return undefined; // what was changed since is no message
  return openArchived(context, version.text, link, item.receivedAt, context.settings.aheadToleranceMs);
}

/** In the order in which their senders wrote them (MSH-7); those without a time last. */
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
export async function numbersOf(snapshot: Snapshot, task: Ref): Promise<readonly Identifier[]> {
  const referral = await readResource(snapshot, task);
  const focus = referral === undefined ? undefined : focusOf(referral);
  if (focus?.startsWith('ServiceRequest/') !== true) return [];
  return valuesAt(await readResource(snapshot, focus), 'identifier') as readonly Identifier[]; // validated structure
}

/** A number as a key; one whose authority could not be made out stands for itself. */
export const numberKey = (number: Identifier): string => identifierToken(number);

async function readResource(snapshot: Snapshot, ref: Ref): Promise<Resource | undefined> {
  const version = await snapshot.read(ref, EVERYTHING);
  return version?.text === undefined ? undefined : (JSON.parse(version.text) as Resource); // validated when stored
}
