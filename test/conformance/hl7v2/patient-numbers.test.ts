/** By which number a patient is told of to the engine that asked (rules 1.14). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { request, tidewater } from './exchange.ts';
import { openPair, type Pair } from './pair.ts';

let pair: Pair;
beforeAll(async () => {
  pair = await openPair();
});
afterAll(() => pair.close());

describe('(rules 1.14) a patient whom an engine knows by a number of another type', () => {
  test.each([
    ['with its authority', '900-11-2233^^^&2.16.840.1.113883.4.1&ISO^SS'],
    ['without', '900-11-2244^^^^SS'],
    ['beside its own', 'MQ-77^^^&2.999.10.1.5&ISO^MR~900-11-2255^^^&2.16.840.1.113883.4.1&ISO^SS'],
  ])('%s is answered by what it sent', async (_name, numbers) => {
    const [number = ''] = numbers.split('~');
    const referral = `R-${number.slice(-9)}`.replaceAll(/[^\w-]/g, '');
    const message = request({ at: 0, id: `L-${referral}`, referral }).replace(
      /(\nPID\|1\|\|)[^|]*/,
      `$1${numbers}`,
    );
    expect((await pair.tidewater.say(message)).fate).toBe('applied');
    const [order] = await pair.tidewater.all('ServiceRequest', `identifier=${referral}`);
    const [task] = await pair.tidewater.all('Task', `focus=ServiceRequest/${order?.id}&code=fulfill`);
    const before = pair.sent.length;
    const accepts = [{ op: 'replace', path: '/status', value: 'accepted' }];
    expect((await pair.tidewater.ask(tidewater, 'PATCH', `Task/${task?.id}`, accepts)).status).toBe(200);
    await pair.settle();
    expect(pair.sent.slice(before).map(({ text }) => text.split('|')[8])).toEqual(['OSU^O51^OSU_O51']);
    expect(/\rPID\|1\|\|([^|]*)/.exec(pair.sent[before]?.text ?? '')?.[1]).toBe(number);
  });
});
