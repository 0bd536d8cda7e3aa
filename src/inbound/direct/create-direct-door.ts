/** The door for Direct mail, put together. */
import type { OperationContext } from '../../operations/context.ts';
import type { WaitingMessages } from '../waiting.ts';
import type { DirectDoor, DirectParts } from './door.ts';
import { bringPackage } from './bring-package.ts';
import { findMailParties, findReceiver } from './mail-parties.ts';
import { receiveMail } from './receive-mail.ts';

/** @param waiting that of the door for messages: mails and messages wait for each other */
export function createDirectDoor(
  context: OperationContext,
  parts: DirectParts,
  waiting: WaitingMessages,
): DirectDoor {
  const { store, clock } = context;
  const receiving = { context, parts, waiting };
  return {
    receive: (mail) => receiveMail(receiving, mail),
    bring: (request, brought) => bringPackage(receiving, request, brought),
    memberOf: (address) => findReceiver(store.snapshot(), address, clock.now()),
    async turnOf(mail) {
      const { sender, receiver } = await findMailParties(store.snapshot(), mail, clock.now());
      const isBelieved = mail.distrust === undefined;
      return `organization ${(isBelieved ? sender?.organization : undefined) ?? receiver ?? 'Direct mail'}`;
    },
  };
}
