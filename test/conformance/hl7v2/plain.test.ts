/** Engines that speak plain v2.5.1, name authorities instead of numbering them, or write as Windows does (rules 7.7). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Link } from '../../../src/hl7v2/link.ts';
import {
  accept,
  book,
  FROM_LARKSPUR,
  FROM_TIDEWATER,
  openExchange,
  request,
  type Exchange,
} from './exchange.ts';

let exchange: Exchange;
beforeAll(async () => {
  exchange = await openExchange();
});
afterAll(() => exchange.close());

const link = (more: Partial<Link>): Link => ({ ...FROM_LARKSPUR, ...more });
const plain = (message: string): string => message.replace(/\|\|\|\|\|360X/, '');
const order = (id: string, more = {}): string => request({ at: 0, id, referral: `R-${id}` }, more);
const without = (message: string, what: string | RegExp): string => {
  const changed = message.replaceAll(what, '');
  if (changed === message) throw new Error('the message was not changed');
  return changed;
};

const EPIC = { namespaces: { EPIC: 'urn:oid:2.999.10.1.15' } };
const named = (id: string): string => order(id).replaceAll(/\^\^2\.999\.10\.1\.15\^ISO/g, '^EPIC');

// prettier-ignore
const ORDERS = [
  // what comes                              message                                                       link                fate          system of the referral's number
  ['360X without a reason',                  order('A1', { reason: '' }),                                  FROM_LARKSPUR,      'quarantine', undefined],
  ['plain, without a reason',                plain(order('A2', { reason: '' })),                           FROM_LARKSPUR,      'applied',    'urn:oid:2.999.10.1.15'],
  ['plain, without a provider',              without(plain(order('A3')), /1999999984[^|\n]*/g),            FROM_LARKSPUR,      'applied',    'urn:oid:2.999.10.1.15'],
  ['plain, without an authority',            without(plain(order('A4')), /\^\^2\.999\.10\.1\.15\^ISO/g),   FROM_LARKSPUR,      'applied',    'urn:oid:2.999.10.1'],
  ['plain, without a patient number',        without(plain(order('A5')), /MQ-40417[^|]*/g),                FROM_LARKSPUR,      'quarantine', undefined],
  ['360X, an authority by name',             named('A6'),                                                  FROM_LARKSPUR,      'quarantine', undefined],
  ['360X, by a name that the link knows',    named('A7'),                                                  link(EPIC),         'applied',    'urn:oid:2.999.10.1.15'],
  ['plain, by a name that the link knows',   plain(named('A8')),                                           link(EPIC),         'applied',    'urn:oid:2.999.10.1.15'],
] as const satisfies readonly (readonly [string, string, Link, string, string | undefined])[];

describe('(rules 7.7) an order', () => {
  test.each(ORDERS)('%s', async (_name, message, by, fate, system) => {
    expect((await exchange.say(message, by)).fate).toBe(fate);
    const number = /\|(R-A\d)/.exec(message)?.[1];
    const orders = await exchange.all('ServiceRequest', `identifier=${number}`);
    expect(orders.map(({ identifier }) => (identifier as { system: string }[])[0]?.system)).toEqual(
      system === undefined ? [] : [system],
    );
  });

  test('plain v2.5.1 is said, and no word of what only 360X asks for', async () => {
    const { remarks } = await exchange.say(plain(order('B1', { reason: '' })));
    expect(remarks.filter(({ location }) => location === 'MSH-21')).toMatchObject([{ severity: 'W' }]);
    expect(remarks.filter(({ location }) => location === 'OBR-31')).toMatchObject([{ severity: 'W' }]);
  });
});

describe('(rules 7.7) what answers it', () => {
  const OSU = without(plain(accept({ at: 1, id: 'T-1', referral: 'R-C1' })), /\^\^2\.999\.10\.1\.15\^ISO/g);
  const SIU = without(plain(book({ at: 2, id: 'T-2', referral: 'R-C1' })), /\^\^2\.999\.10\.1\.15\^ISO/g);

  test('a plain status and a plain visit find their referral by its number alone', async () => {
    await exchange.say(order('C1'));
    expect(await exchange.say(OSU)).toMatchObject({ fate: 'applied' });
    expect(await exchange.say(SIU)).toMatchObject({ fate: 'applied' });
  });

  test('and by the number under a name that the link knows', async () => {
    await exchange.say(order('C2'));
    const status = accept({ at: 1, id: 'T-3', referral: 'R-C2' }).replaceAll(
      /\^\^2\.999\.10\.1\.15\^ISO/g,
      '^EPIC',
    );
    expect(await exchange.say(status, { ...FROM_TIDEWATER, ...EPIC })).toMatchObject({ fate: 'applied' });
  });
});

describe('(rules 7.7) the character set of a message without MSH-18', () => {
  const bytesOf = (message: string): Uint8Array =>
    Buffer.from(message.replaceAll('\n', '\r').replaceAll('€', '\x80').replaceAll('’', '\x92'), 'latin1');
  const send = (bytes: Uint8Array, by: Link) =>
    exchange.engine.messages.receive({
      link: by,
      bytes,
      address: undefined,
      signal: new AbortController().signal,
    });
  const nameOf = (id: string): string =>
    order(id, { name: 'Núñez^Zoë^O’Neil^^^^L||19710308|F' }).replace('MQ-40417', `MQ-${id}`);

  test.each([
    ['Windows-1252', 'D1', 'WINDOWS-1252', 'applied', 'O’Neil'],
    ['8859/1, where 92 is a control character', 'D2', '8859/1', 'applied', 'O\x92Neil'],
    ['UTF-8, which it is not', 'D3', 'UNICODE UTF-8', 'quarantine', undefined],
  ] as const)('%s', async (_name, id, charset, fate, middle) => {
    expect((await send(bytesOf(nameOf(id)), link({ charset }))).fate).toBe(fate);
    const patients = await exchange.all('Patient', `identifier=MQ-${id}`);
    const names = patients.map(({ name }) => (name as { given: string[] }[])[0]?.given);
    expect(names).toEqual(middle === undefined ? [] : [['Zoë', middle]]);
  });

  test('what MSH-18 says counts', async () => {
    const message = nameOf('D4').replace('|2.5.1|||NE|NE|||||360X', '|2.5.1|||NE|NE||UNICODE UTF-8|||360X');
    const bytes = new TextEncoder().encode(message.replaceAll('\n', '\r'));
    expect((await send(bytes, link({ charset: 'WINDOWS-1252' }))).fate).toBe('applied');
    const [patient] = await exchange.all('Patient', 'identifier=MQ-D4');
    expect(patient?.['name']).toMatchObject([{ family: 'Núñez', given: ['Zoë', 'O’Neil'] }]);
  });
});
