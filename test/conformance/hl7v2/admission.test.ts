/** What a link takes at all (rules 7.2): MSH-9, MSH-11 and MSH-12 decide before anything is kept. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Link } from '../../../src/hl7v2/link.ts';
import { adt, FROM_LARKSPUR, FROM_OUTSIDER, openExchange, request, type Exchange } from './exchange.ts';

let exchange: Exchange;
beforeAll(async () => {
  exchange = await openExchange();
});
afterAll(() => exchange.close());

const order = request({ at: 0, id: 'L-1' });
const as = (kind: string): string => order.replace('OMG^O19^OMG_O19', kind);
const in11 = (processingId: string): string => order.replace('|P|2.5.1|', `|${processingId}|2.5.1|`);
const in12 = (version: string): string => order.replace('|P|2.5.1|', `|P|${version}|`);
const link = (more: Partial<Link>): Link => ({ ...FROM_LARKSPUR, ...more });
const moved = adt('A08', { at: 1, id: 'L-2' });

const KEPT = ['Patient', 'Binary', 'DocumentReference', 'Provenance', 'Task'];
const kept = async (): Promise<number> =>
  (await Promise.all(KEPT.map((type) => exchange.all(type)))).flat().length;
/** What the audit holds of messages: not of the searches of this test. */
const receipts = async (): Promise<readonly unknown[]> =>
  (await exchange.all('AuditEvent'))
    .map((event) => JSON.stringify(event))
    .filter((event) => event.includes('"code":"110107"') && event.includes(FROM_LARKSPUR.name));

// prettier-ignore
const TURNED_AWAY = [
  // what comes                          message                            the link                                     fate        code  ERR-3  ERR-2
  ['a test message',                     in11('T'),                         FROM_LARKSPUR,                               'rejected', 'AR', '202', 'MSH-11'],
  ['a debugging message, archived',      in11('D^A'),                       FROM_LARKSPUR,                               'rejected', 'AR', '202', 'MSH-11'],
  ['production, where tests are wanted', order,                             link({ processingIds: ['T', 'D'] }),         'rejected', 'AR', '202', 'MSH-11'],
  ['a small letter',                     in11('p'),                         FROM_LARKSPUR,                               'rejected', 'AR', '202', 'MSH-11'],
  ['a version that there is not',        in12('3.0'),                       FROM_LARKSPUR,                               'rejected', 'AR', '203', 'MSH-12'],
  ['a version that is too old',          in12('2.1'),                       FROM_LARKSPUR,                               'rejected', 'AR', '203', 'MSH-12'],
  ['a version that the link has not',    in12('2.3.1'),                     link({ versions: ['2.5', '2.5.1'] }),        'rejected', 'AR', '203', 'MSH-12'],
  ['a type that is not read',            as('ORU^R01^ORU_R01'),             FROM_LARKSPUR,                               'rejected', 'AR', '200', 'MSH-9'],
  ['an event that is not read',          as('SIU^S19^SIU_S12'),             FROM_LARKSPUR,                               'rejected', 'AR', '201', 'MSH-9'],
  ['a type without its event',           as('ADT'),                         FROM_LARKSPUR,                               'rejected', 'AR', '201', 'MSH-9'],
  ['no type',                            as(''),                            FROM_LARKSPUR,                               'rejected', 'AR', '200', 'MSH-9'],
  ['ADT, where the list has none',       as('ADT^A04^ADT_A01'),             link({ ignore: [] }),                        'rejected', 'AR', '201', 'MSH-9'],
  ['an admission',                       as('ADT^A01^ADT_A01'),             FROM_LARKSPUR,                               'ignored',  'AA', '201', 'MSH-9'],
  ['a registration',                     as('ADT^A04^ADT_A01'),             FROM_LARKSPUR,                               'ignored',  'AA', '201', 'MSH-9'],
  ['a type of the list',                 as('ORU^R01^ORU_R01'),             link({ ignore: ['ADT', 'ORU'] }),            'ignored',  'AA', '200', 'MSH-9'],
  ['an event of the list',               as('ORU^R01^ORU_R01'),             link({ ignore: ['ORU^R01'] }),               'ignored',  'AA', '200', 'MSH-9'],
  ['another event of its type',          as('ORU^R30^ORU_R01'),             link({ ignore: ['ORU^R01'] }),               'rejected', 'AR', '200', 'MSH-9'],
  ['what is read, on the list by name',  moved,                             link({ ignore: ['ADT^A08'] }),               'ignored',  'AA', '201', 'MSH-9'],
] as const satisfies readonly (readonly [string, string, Link, string, string, string, string])[];

describe('(rules 7.2) what is not taken is told so, kept nowhere, and nobody’s work', () => {
  test.each(TURNED_AWAY)('%s', async (_name, message, by, fate, code, condition, location) => {
    const before = (await receipts()).length;
    const { remarks, ...answer } = await exchange.say(message, by);
    expect(answer).toEqual({ fate, code });
    expect(remarks.map((remark) => [remark.code, remark.location])).toEqual([[condition, location]]);
    expect(await kept()).toBe(0);
    expect((await receipts()).length - before).toBe(1);
  });

  test('its control id is free for what is taken', async () => {
    await exchange.say(in11('T'));
    expect(await exchange.say(in11('T'))).toMatchObject({ fate: 'rejected' });
    expect(await exchange.say(order)).toMatchObject({ fate: 'applied', code: 'AA' });
  });
});

describe('(rules 7.2) what is taken', () => {
  let number = 0;
  // prettier-ignore
  test.each([
    ['an order',                          order,                  FROM_LARKSPUR,                            'applied'],
    ['a test where tests are wanted',     in11('T'),              link({ processingIds: ['P', 'T'] }),      'applied'],
    ['an older version',                  in12('2.3'),            FROM_LARKSPUR,                            'applied'],
    ['a version with a country',          in12('2.5.1^USA'),      FROM_LARKSPUR,                            'applied'],
    ['no processing id',                  in11(''),               FROM_LARKSPUR,                            'applied'],
    ['no version',                        in12(''),               FROM_LARKSPUR,                            'applied'],
    ['ADT that is used, its type listed', moved,                  link({ ignore: ['ADT'] }),                'applied'],
    ['an ignored kind of a stranger',     as('ADT^A01^ADT_A01'),  { ...FROM_OUTSIDER, name: 'another' },    'quarantine'],
  ] as const)('%s', async (_name, message, by, fate) => {
    number += 1;
    const other = message.replaceAll('R-2025-00731', `R-${number}`).replace(/\|L-\d\|/, `|N-${number}|`);
    expect((await exchange.say(other, by)).fate).toBe(fate);
  });
});
