/**
 * Takes a package of 360X, which an organization received by other means and brings itself, as a mail of its author to that
 * organization. A member speaks for itself, so nobody brings its packages: bringing one does not show who made it (360x 5;
 * harmony Z45).
 */
import { createHash } from 'node:crypto';
import { domainOfAddress } from '../../direct/address.ts';
import { composeMail, PACKAGE_SUBJECT } from '../../direct/mime/compose.ts';
import type { BroughtPackage } from '../../operations/extended/message-actions.ts';
import type { Request } from '../../operations/request.ts';
import type { DirectMail } from '../../ports/direct.ts';
import type { MessageFate } from '../../ports/inbound.ts';
import { findMailParties } from './mail-parties.ts';
import { receiveMail, type ReceivingMail } from './receive-mail.ts';

/** Undefined where it is not for the caller's organization, or is of a member: then it is no event. */
export async function bringPackage(
  receiving: ReceivingMail,
  { caller }: Request,
  brought: BroughtPackage,
): Promise<MessageFate | undefined> {
  const { store, clock } = receiving.context;
  const now = clock.now();
  const { receiver, sender } = await findMailParties(store.snapshot(), brought, now);
  if (receiver === undefined || receiver !== caller.organization || sender?.isMember === true)
    return undefined;
  const mail = { ...(await mailOfPackage(brought, now)), broughtBy: receiver };
  return (await receiveMail(receiving, mail, caller)).fate;
}

/** The mail that would have brought it. It has no id that a notification could name: its author is told nothing. */
async function mailOfPackage(
  { from, to, archive, sentAt }: BroughtPackage,
  now: number,
): Promise<DirectMail> {
  const digest = createHash('sha256').update(archive).digest('hex').slice(0, 32);
  const file = { fileName: 'PACKAGE.ZIP', contentType: 'application/zip', bytes: archive };
  const bytes = await composeMail({
    from,
    to,
    subject: PACKAGE_SUBJECT,
    messageId: `brought-${digest}@${domainOfAddress(to)}`,
    date: sentAt ?? now,
    text: 'A package that its recipient brought.\r\n',
    files: [file],
    asks: 'none',
  });
  return {
    from,
    to,
    messageId: undefined,
    references: [],
    subject: PACKAGE_SUBJECT,
    sentAt,
    receivedAt: now,
    asksDispatched: false,
    isAutomatic: false,
    parts: [file],
    context: new Map(),
    bytes,
    distrust: undefined,
    through: 'edge',
  };
}
