/** A kept mail as it came in, for a message that is tried again: by a person, or because what it waited for has come. */
import type { PackageLimits } from '../../direct/xdm/read-package.ts';
import type { Ref } from '../../fhir/types.ts';
import type { OperationContext } from '../../operations/context.ts';
import { EVERYTHING } from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import { resourceOf } from '../../ports/stored-resource.ts';
import { localRef, valuesAt } from '../../resources/element.ts';
import { inItsMail, openArchived, type Incoming } from '../hl7v2/incoming.ts';
import { readArchivedText } from '../read-archive.ts';
import type { OpenItem } from '../work-items.ts';
import { DIRECT_LINK, directLink } from './direct-link.ts';
import { arrive, incomingOf } from './incoming-mail.ts';
import { isKeptMail, readKeptMail } from './kept-mail.ts';

/** Corrections of one mail that are followed back to it. */
const CORRECTIONS_MAX = 20;

/**
 * Reads a kept mail, or a person's correction of its message, as it came in. Sender and receiver are looked up again, because
 * an address may have been verified since. Undefined for a document that came in no mail, and for one that has changed.
 */
export async function readKeptIncoming(
  context: OperationContext,
  snapshot: Snapshot,
  item: Pick<OpenItem, 'document' | 'link' | 'receivedAt'>,
  limits: PackageLimits,
  hops = CORRECTIONS_MAX,
): Promise<Incoming | undefined> {
  const { document, link, receivedAt } = item;
  const isMail = await isKeptMail(snapshot, document);
  if (!isMail && link !== DIRECT_LINK) return undefined;
  const text = await readArchivedText(snapshot, { document });
  if (text === undefined) return undefined;
  if (isMail) {
    const mail = await readKeptMail(snapshot, document, text);
    return mail && incomingOf(context, snapshot, await arrive(mail, limits));
  }
  const corrected = await correctedBy(snapshot, document);
  if (corrected === undefined || hops === 0) return undefined;
  const original = await readKeptIncoming(
    context,
    snapshot,
    { ...item, document: corrected },
    limits,
    hops - 1,
  );
  if (original === undefined) return undefined;
  const { aheadToleranceMs } = context.settings;
  const message = await openArchived(
    context,
    text,
    directLink(original.link.authorities),
    receivedAt,
    aheadToleranceMs,
  );
  return inItsMail(message, original);
}

/** The document that a person's correction replaces. */
async function correctedBy(snapshot: Snapshot, document: Ref): Promise<Ref | undefined> {
  const resource = resourceOf(await snapshot.read(document, EVERYTHING));
  return localRef(valuesAt(resource, 'relatesTo.target')[0]);
}
