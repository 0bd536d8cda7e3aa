/** The door for HL7 v2 messages, put together: receiving, waiting, and what a person may do about a message. */
import type { OperationContext } from '../../operations/context.ts';
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
  const format: MessageFormat<Incoming> = {
    read: (snapshot, item) => readArchived(context, snapshot, item, parts.links()),
    process: (open, incoming, beside) => processMessage(open, incoming, parts.settings, beside),
    reapplyNewer: (older) => reapplyInterimNote(context, parts.links(), older),
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
