/** A code that no code system has and that a message brought: told, and no bar to whoever writes the resource afterwards. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Stored } from '../../world.ts';
import { larkspur, openExchange, request, type Exchange } from './exchange.ts';

let exchange: Exchange;
let order: Stored;
beforeAll(async () => {
  exchange = await openExchange();
  const message = request({ at: 0, id: 'L-1' }).replace(/OBR\|.*/, (obr) => {
    const fields = obr.split('|');
    fields[31] = 'ZZZ^Knee pain^HL70203';
    return fields.join('|');
  });
  await exchange.say(message);
  order = (await exchange.all('ServiceRequest'))[0] as Stored; // the only one
});
afterAll(() => exchange.close());

const reason = (code: string) => ({
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code }],
  text: 'Knee pain',
});
const severitiesOf = (resource: unknown): readonly string[] =>
  ((resource as { issue?: { severity: string; diagnostics?: string }[] } | undefined)?.issue ?? [])
    .filter(({ diagnostics }) => diagnostics?.includes('no such code'))
    .map(({ severity }) => severity);

test('an update, a patch and $validate leave it where it stands', async () => {
  expect(order['reasonCode']).toMatchObject([reason('ZZZ')]);
  const at = `ServiceRequest/${order.id}`;
  const changed = { ...order, patientInstruction: 'Bring the pictures' };
  const judged = await exchange.ask(larkspur, 'POST', `${at}/$validate?mode=update`, changed);
  expect(severitiesOf(judged.json)).toEqual(['warning']);
  const put = await exchange.ask(larkspur, 'PUT', at, changed);
  expect([put.status, put.code]).toEqual([200, undefined]);
  const patch = [{ op: 'replace', path: '/patientInstruction', value: 'Come early' }];
  expect((await exchange.ask(larkspur, 'PATCH', at, patch)).status).toBe(200);
});

test('another one is refused, by all of them', async () => {
  const at = `ServiceRequest/${order.id}`;
  const other = { ...order, reasonCode: [reason('ZZZ'), reason('YYY')] };
  const judged = await exchange.ask(larkspur, 'POST', `${at}/$validate?mode=update`, other);
  expect(severitiesOf(judged.json).toSorted()).toEqual(['error', 'warning']);
  const put = await exchange.ask(larkspur, 'PUT', at, other);
  expect([put.status, put.code]).toEqual([422, 'structure-invalid']);
});
