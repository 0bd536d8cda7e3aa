import { createCaptureRail } from '../../src/rails/capture/index.ts';
import { describeRail } from './rail.ts';

const clock = { now: () => Date.now() };
const transactionOf = () => 'PCC-56';

describeRail({
  name: 'capture',
  async open(behaviour, present) {
    const file = behaviour === 'fails' ? '/no-such-folder/captured.jsonl' : undefined;
    const rail = createCaptureRail({ present, clock, transactionOf, file });
    return {
      rail,
      receiver: { resourceType: 'Endpoint', id: 'captured', status: 'active' },
      arrived: () => rail.captured('Endpoint/captured').map(({ id, text }) => ({ id, text })),
      close: () => rail.close(),
    };
  },
  openTroubled: async () =>
    createCaptureRail({
      present: () => '',
      clock,
      transactionOf,
      file: '/no-such-folder/captured.jsonl',
    }),
  cannot: {
    refuses: 'nobody is asked',
    hangs: 'nobody is waited for; a signal that aborted before keeps it from capturing',
  },
});
