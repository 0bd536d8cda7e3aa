/**
 * Sends orders over MLLP from a process of its own, as fast as they are acknowledged. The parent process says where and
 * how long.
 */
import { sendOrders, type Sending } from './hl7.ts';

process.once('message', (sending: Omit<Sending, 'server'>) => {
  void sendOrders(sending).then(({ perSecond }) => {
    process.send?.(perSecond);
    process.disconnect();
  });
});
