/** Orders over MLLP, as fast as they are acknowledged, from a process of its own: it is told where and how long, and ends. */
import { sendOrders, type Sending } from './hl7.ts';

process.once('message', (sending: Omit<Sending, 'server'>) => {
  void sendOrders(sending).then(({ perSecond }) => {
    process.send?.(perSecond);
    process.disconnect();
  });
});
