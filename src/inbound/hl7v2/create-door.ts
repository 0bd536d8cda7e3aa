/** The door for messages, put together: receiving, waiting, and what a person may do about a message, or a mail. */
import type { OperationContext } from '../../operations/context.ts';
import { PACKAGE_LIMITS } from '../../direct/xdm/read-package.ts';
import { readKeptIncoming } from '../direct/read-kept.ts';
import type { MessageFormat } from '../message-format.ts';
import { createWaiting } from '../waiting.ts';
import { readArchived } from './archived-message.ts';
import type { MessageDoor, ReceiveParts } from './door.ts';
import type { Incoming } from './incoming.ts';
import { createMessageActions } from './person-actions.ts';
import { processMessage } from './process-message.ts';
import { reapplyInterimNote } from './reapply-interim-note.ts';
import { receiveMessage, takeFrameApart } from './receive.ts';

export function createMessageDoor(context: OperationContext, parts: ReceiveParts): MessageDoor {
  const read: MessageFormat<Incoming>['read'] = async (snapshot, item) =>
    (await readKeptIncoming(context, snapshot, item, PACKAGE_LIMITS)) ??
    readArchived(context, snapshot, item, parts.links());
  const format: MessageFormat<Incoming> = {
    read,
    process: (open, incoming, beside) => processMessage(open, incoming, parts.settings, beside),
    reapplyNewer: (older) => reapplyInterimNote(context, read, older),
  };
  const waiting = createWaiting(context, parts, format);
  const receiving = { context, parts, waiting };
  return {
    receive: (received) => receiveMessage(receiving, received),
    takeApart: (link, bytes) => takeFrameApart(receiving, link, bytes),
    waiting,
    actions: createMessageActions(context, { format, waiting }),
  };
}
