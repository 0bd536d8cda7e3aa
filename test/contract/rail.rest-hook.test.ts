import { createRestHookRail } from '../../src/rails/rest-hook/index.ts';
import { httpOf } from '../guarded.ts';
import { describeRail, type Behaviour } from './rail.ts';
import { answer, openReceiver, type Answer } from './receiver.ts';

const ANSWERS: Readonly<Record<Behaviour, Answer>> = {
  accepts: answer(200),
  refuses: answer(410),
  fails: answer(503),
  hangs: () => undefined,
};
const clock = { now: () => Date.now() };

describeRail({
  name: 'rest-hook',
  async open(behaviour, present) {
    const peer = await openReceiver([ANSWERS[behaviour]]);
    const allowList = ['http://127.0.0.1:*'];
    const rail = createRestHookRail({ allowList, http: httpOf({ allowList }), present, clock });
    return {
      rail,
      receiver: {
        resourceType: 'Subscription',
        id: `to-${peer.port}`,
        status: 'active',
        criteria: 'Task?',
        channel: {
          type: 'rest-hook',
          endpoint: `http://127.0.0.1:${peer.port}/hook`,
          payload: 'application/fhir+json',
        },
      },
      arrived: () =>
        peer.received.map(({ headers, body }) => ({ id: String(headers['idempotency-key']), text: body })),
      close: async () => {
        await rail.close();
        await peer.close();
      },
    };
  },
  openTroubled: async () =>
    createRestHookRail({ allowList: ['http://127.0.0.1/path'], http: httpOf({}), present: () => '', clock }),
  cannot: {},
});
