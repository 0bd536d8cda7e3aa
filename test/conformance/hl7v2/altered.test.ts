/** A value is never altered without a word (rules 7.8). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { accept, adt, book, note, openExchange, request, type Exchange } from './exchange.ts';

let exchange: Exchange;
beforeAll(async () => {
  exchange = await openExchange();
  await exchange.say(request({ at: 0, id: 'L-0' }));
  await exchange.say(accept({ at: 1, id: 'T-0' }));
});
afterAll(() => exchange.close());

let count = 0;
const order = (): string => {
  count += 1;
  return request({ at: count, id: `L-${count}`, referral: `R-${count}` });
};
const filled = (message: string, segment: string, n: number, value: string): string =>
  message.replace(new RegExp(`\n${segment}[^\n]*`), (found) => {
    const fields = found.split('|');
    while (fields.length <= n) fields.push('');
    fields[n] = value;
    return fields.join('|');
  });
const again = (message: string): string => {
  count += 1;
  return message.replace(/\|(T|L)-(\d+)\|/, `|$1-$2-${count}|`);
};
const VISIT = book({ at: 50, id: 'T-50' });
const NOTE = note({ at: 51, id: 'T-51' });
const backwards = VISIT.replace(/20250402143000/, '20250402133000');
const ED = (n: number, text: string): string =>
  `OBX|${n}|ED|11488-4^Consult note^LN||^application^pdf^Base64^${Buffer.from(text).toString('base64')}||||||F`;
const documentOf = (...texts: readonly string[]): string =>
  [...NOTE.split('\n').slice(0, -1), ...texts.map((text, index) => ED(index + 1, text))].join('\n');

/** An OBX each; `at` is OBX-4 of each. */
const partsOf = (as: string, ...texts: readonly (string | readonly [at: string, text: string])[]): string =>
  [
    ...NOTE.split('\n').slice(0, -1),
    ...texts.map((one, index) => {
      const [at, text] = typeof one === 'string' ? ['', one] : one;
      const content = as.endsWith('^Base64') ? Buffer.from(text).toString('base64') : text;
      return `OBX|${index + 1}|ED|11488-4^Consult note^LN|${at}|^${as}^${content}||||||F`;
    }),
  ].join('\n');

// prettier-ignore
const TOLD = [
  // what comes                               message                                                    fate          where      ERR-3
  ['a control character',                     filled(order(), 'OBR', 31, '^Knee\x07 pain'),              'applied',    'OBR-31',  '102'],
  ['an escaped control character',            filled(order(), 'OBR', 31, '^Knee\\X07\\ pain'),           'applied',    'OBR-31',  '102'],
  ['highlighting',                            filled(order(), 'OBR', 31, '^Knee \\H\\pain\\N\\'),        'applied',    'OBR-31',  '102'],
  ['a value that was cut',                    filled(order(), 'OBR', 31, '^Knee pai#').replace('|^~\\&|', '|^~\\&#|'), 'applied', 'OBR-31', '104'],
  ['a priority that is none',                 filled(order(), 'TQ1', 9, 'X'),                            'applied',    'TQ1-9',   '103'],
  ['a count that is none',                    filled(order(), 'TQ1', 14, 'some'),                        'applied',    'TQ1-14',  '103'],
  ['a duration in units that are none',       filled(order(), 'TQ1', 6, '9^moons'),                      'applied',    'TQ1-6.2', '103'],
  ['an address type that is none',            filled(order(), 'PID', 11, '1 Way^^Fairmont^OR^9^US^ZZ'),  'applied',    'PID-11.7','103'],
  ['a confidentiality that is none',          filled(order(), 'ORC', 28, 'ZZ'),                          'applied',    'ORC-28',  '103'],
  ['a system that nobody knows',              filled(order(), 'OBR', 31, 'K12^Knee pain^EPIC'),          'applied',    'OBR-31.3','103'],
  ['a code without a system',                 filled(order(), 'OBR', 31, 'K12^Knee pain'),               'applied',    'OBR-31.3','103'],
  ['a second code without one',               filled(order(), 'OBR', 31, '239873007^Knee pain^SCT^K12^Knee'), 'applied', 'OBR-31.6','103'],
  ['a service without one',                   filled(order(), 'OBR', 4, '57133-1^Referral note'),        'applied',    'OBR-4.3', '103'],
  ['a result status that is none',            NOTE.replace(/\|F$/, '|Q'),                               'applied',    'OBX-11',  '103'],
  ['an availability of another kind',         filled(NOTE, 'TXA', 19, 'UN'),                             'applied',    'TXA-19',  '103'],
  ['a service of one',                        filled(order(), 'OBR', 4, '57133-1^Referral note^LN^ORT^Orthopedics^EPIC'), 'applied', 'OBR-4.6', '103'],
  ['no name',                                 filled(order().replace('MQ-40417', 'MQ-9'), 'PID', 5, ''), 'applied',    'PID-5',   '101'],
  ['no processing id',                        order().replace('|P|2.5.1|', '||2.5.1|'),                  'applied',    'MSH-11',  '101'],
  ['no version',                              order().replace('|P|2.5.1|', '|P||'),                      'applied',    'MSH-12',  '101'],
  ['a visit without a contact',               filled(VISIT, 'SCH', 16, ''),                              'applied',    'SCH-16',  '101'],
  ['a visit that ends before it begins',      backwards,                                                 'quarantine', 'TQ1-8',   '102'],
  ['a second patient',                        `${order()}\nPID|2||MQ-2^^^&2.999.10.1.5&ISO^MR||Other^Ann`, 'quarantine', 'PID[2]', '100'],
  ['a deletion',                              filled(adt('A08', { at: 60, id: 'L-60' }), 'PID', 13, '""'), 'applied',  'PID-13',  '102'],
  ['a document in two parts',                 documentOf('%PDF-1.4 first ', 'second %%EOF'),             'applied',    'OBX',     '102'],
  ['a text in two parts',                     partsOf('text^plain^Base64', 'Sessions: ', 'six'),         'applied',    'OBX',     '102'],
  ['a text in lines',                         partsOf('text^plain^A', 'Sessions:', 'six'),               'applied',    'OBX',     '102'],
  ['two documents',                           documentOf('%PDF-1.4 one', '%PDF-1.4 two'),                'applied',    'OBX',     '102'],
] as const satisfies readonly (readonly [string, string, string, string, string])[];

describe('(rules 7.8) what is altered, left out or missing is told', () => {
  test.each(TOLD)('%s', async (_name, message, fate, location, code) => {
    const answer = await exchange.say(again(message));
    expect(answer.fate).toBe(fate);
    const severity = fate === 'applied' ? 'W' : 'E';
    expect(answer.remarks.map((one) => [one.location, one.code, one.severity])).toContainEqual([
      location,
      code,
      severity,
    ]);
    expect(JSON.stringify(answer.remarks)).not.toMatch(/Knee|Quintero|moons/);
  });

  test('nothing is said of messages that hold nothing of it', async () => {
    const told = (
      await Promise.all([order(), VISIT, NOTE].map((message) => exchange.say(again(message))))
    ).flatMap(({ remarks }) => remarks);
    expect(
      told.filter(({ severity, location }) => severity !== 'I' && location !== 'PV1').map(({ says }) => says),
    ).toEqual([]);
  });
});

describe('(rules 7.8) what becomes of it', () => {
  test('a code of a system that nobody knows is text, with its words', async () => {
    const message = filled(order(), 'OBR', 31, 'K12^Knee pain^EPIC~M17^Osteoarthritis^I10~L1^Local^L');
    await exchange.say(message);
    const [made] = await exchange.all('ServiceRequest', `identifier=R-${count}`);
    const reasons = made?.['reasonCode'] as readonly { text: string; coding?: object[] }[] | undefined;
    expect(reasons?.map(({ text, coding }) => [text, coding?.length])).toEqual([
      ['Knee pain (K12, EPIC)', undefined],
      ['Osteoarthritis', 1],
      ['Local', 1],
    ]);
  });

  const cut = (text: string, at: number): string => {
    const encoded = Buffer.from(text).toString('base64');
    const raw = partsOf('text^plain^Base64', '?', '?').split(Buffer.from('?').toString('base64'));
    return [raw[0], encoded.slice(0, at), raw[1], encoded.slice(at), raw[2]].join('');
  };

  const LINES = [
    'OBX|1|TX|11488-4^Consult note^LN|2|six||||||F',
    'OBX|2|TX|11488-4^Consult note^LN|1|Visits:||||||F',
  ];

  test.each([
    [
      'a text of lines that OBX-4 orders',
      [...NOTE.split('\n').slice(0, -1), ...LINES].join('\n'),
      'Visits:\nsix',
    ],
    [
      'a document',
      documentOf('%PDF-1.4 a first ', 'and a second part'),
      '%PDF-1.4 a first and a second part',
    ],
    ['a text', partsOf('text^plain^Base64', 'MMR: given. ', 'Six sessions'), 'MMR: given. Six sessions'],
    ['a text cut within its base64', cut('Eight sessions attended', 7), 'Eight sessions attended'],
    ['a text in lines', partsOf('text^plain^A', 'Sessions:', 'seven'), 'Sessions:\nseven'],
    [
      'a text that OBX-4 orders',
      partsOf('text^plain^Base64', ['2', 'nine'], ['1', 'Sessions: ']),
      'Sessions: nine',
    ],
    [
      'a text that OBX-4 counts',
      partsOf('text^plain^Base64', ['10', 'ten'], ['9', 'Sessions: ']),
      'Sessions: ten',
    ],
    [
      'a text whose sub-IDs are alike',
      partsOf('text^plain^Base64', ['1', 'Sessions: '], ['1', 'none']),
      'Sessions: none',
    ],
  ])('%s in parts is whole', async (_name, message, whole) => {
    const { remarks } = await exchange.say(again(message));
    expect(remarks.map(({ says }) => says)).toContainEqual(expect.stringContaining('came in parts'));
    const texts = (await exchange.all('Binary')).map(({ data }) =>
      Buffer.from(String(data), 'base64').toString(),
    );
    expect(texts).toContain(whole);
  });

  test.each([
    ['gave the order, is taken', ['2', 'twelve'], ['1', 'Sessions: '], false],
    ['gave none, is not', ['1', 'Sessions: '], ['1', 'thirteen'], true],
  ] as const)('OBX-4 that %s', async (_name, first, second, isTold) => {
    const { remarks } = await exchange.say(again(partsOf('text^plain^Base64', first, second)));
    const untaken = remarks.filter(({ issue }) => issue === 'content-not-taken');
    expect(untaken.some(({ says }) => /OBX-4\b/.test(says))).toBe(isTold);
    expect(remarks.some(({ says }) => says.includes('came in parts'))).toBe(true);
  });

  test('texts of several names are joined, and that is said', async () => {
    const lines = ['Findings', 'Plan'].map(
      (name, n) => `OBX|${n + 1}|TX|X${n}^${name}^L|1|${name}: fine||||||F`,
    );
    const message = [...NOTE.split('\n').slice(0, -1), ...lines].join('\n');
    const { remarks } = await exchange.say(again(message));
    expect(remarks).toContainEqual(
      expect.objectContaining({ location: 'OBX-3', says: expect.stringContaining('several observations') }),
    );
    const files = (await exchange.all('Binary')).map(({ data }) =>
      Buffer.from(String(data), 'base64').toString(),
    );
    expect(files).toContain('Findings: fine\nPlan: fine');
  });

  test('a text, and another document, is the text', async () => {
    const message = partsOf('text^plain^Base64', 'Only a letter', '<?xml version="1.0"?><ClinicalDocument/>');
    const { remarks } = await exchange.say(again(message));
    expect(remarks.map(({ says }) => says)).toContainEqual(
      expect.stringContaining('only the first document'),
    );
    const files = (await exchange.all('Binary')).map(({ data }) =>
      Buffer.from(String(data), 'base64').toString(),
    );
    expect(files).toContain('Only a letter');
  });
});
