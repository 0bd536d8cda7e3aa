/** ORM^O01: the order of engines that know no 360X. The server reads it as OMG^O19, and does not build it. */
import type { MessageDefinition } from './message-definition.ts';
import { OMG_O19, ORDERS } from './omg-o19.ts';

export const ORM_O01: MessageDefinition = {
  name: 'ORM^O01',
  structures: ['ORM_O01'],
  family: { ...ORDERS, findings: 'ORM', isProfiled: false },
  means: OMG_O19.means,
};
