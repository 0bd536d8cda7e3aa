/** Nothing of a message is lost in silence (rules 7.8): what is not taken is told, and where. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { accept, adt, book, note, openExchange, request, type Exchange } from './exchange.ts';

let exchange: Exchange;
beforeAll(async () => {
  exchange = await openExchange();
  await exchange.say(request({ at: 0, id: 'L-0' }));
});
afterAll(() => exchange.close());

let count = 0;
const order = (): string => {
  count += 1;
  return request({ at: count, id: `L-${count}`, referral: `R-${count}` });
};
/** A line after the first of a segment. */
const after = (message: string, segment: string, line: string): string =>
  message.replace(new RegExp(`\n${segment}[^\n]*`), (found) => `${found}\n${line}`);
const filled = (message: string, segment: string, n: number, value: string): string =>
  message.replace(new RegExp(`\n${segment}[^\n]*`), (found) => {
    const fields = found.split('|');
    while (fields.length <= n) fields.push('');
    fields[n] = value;
    return fields.join('|');
  });

const VISIT = book({ at: 50, id: 'T-50' });
const NOTE = note({ at: 51, id: 'T-51' });
const STATUS = accept({ at: 1, id: 'T-1' });
const UPDATE = adt('A08', { at: 60, id: 'L-60' });

// prettier-ignore
const TOLD = [
  // what stands in the message                 message                                                         told
  ['a note of the patient',                     after(order(), 'PID', 'NTE|1||Deaf, text only'),               'NTE after PID'],
  ['a note of a question',                      after(order(), 'OBR', 'OBX|1|TX|REFQ^Question^L||Why?||||||O||||||||||||||||||QST\nNTE|1||Allergic to latex'), 'NTE after OBX'],
  ['a note of a patient after that of an order', after(after(order(), 'OBR', 'NTE|1||fine'), 'PID', 'NTE|1||lost'), 'NTE after PID'],
  ['an observation',                            after(order(), 'OBR', 'OBX|1|NM|39156-5^BMI^LN||31.2|kg/m2|||||F'), 'OBX[1]'],
  ['an allergy',                                after(order(), 'PID', 'AL1|1|DA|^Latex'),                       'AL1'],
  ['a visit',                                   after(order(), 'PID', 'PV1|1|O|CLINIC^1'),                      'PV1-3'],
  ['next of kin',                               after(order(), 'PID', 'NK1|1|Quintero^Ana'),                    'NK1'],
  ['a segment of the sender’s own',             after(order(), 'OBR', 'ZPD|1|yes'),                             'ZPD'],
  ['a diagnosis beside the reason',             after(order(), 'OBR', 'DG1|1||M17.11^Knee^I10'),                'DG1-3'],
  ['a marital status',                          filled(order(), 'PID', 16, 'M'),                                'PID-16'],
  ['a component of an address',                 filled(order(), 'PID', 11, '1 Way^^Fairmont^OR^9^US^H^^^tract'), 'PID-11.10'],
  ['a second priority',                         filled(order(), 'TQ1', 9, 'R~S'),                              'TQ1-9 beyond the first'],
  ['another provider in OBR',                   filled(order(), 'OBR', 16, '777^Other^Doctor'),                 'OBR-16'],
  ['a call back number',                        filled(order(), 'ORC', 14, '555'),                              'ORC-14'],
  ['a second service',                          after(order(), 'OBR', 'OBR|2|||X^Y^L'),                         'OBR[2]'],
  ['a note of a status',                        after(STATUS, 'ORC', 'NTE|1||Bring the X-rays'),                'NTE after ORC'],
  ['a note of a visit',                         after(VISIT, 'SCH', 'NTE|1||Fasting'),                          'NTE after SCH'],
  ['a second clinician of a visit',             after(VISIT, 'AIP', 'AIP|2|A|2^B^C'),                           'AIP[2]'],
  ['a service of a visit',                      after(VISIT, 'RGS', 'AIS|1|A|X^Y^L'),                           'AIS'],
  ['a note of a document',                      after(NOTE, 'TXA', 'NTE|1||Call'),                              'NTE after TXA'],
  ['a result beside a document',                `${NOTE}\nOBX|2|NM|39156-5^BMI^LN||31.2|kg/m2|||||F`,           'OBX[2]'],
  ['a comment beside a document',               `${NOTE}\nOBX|2|TX|X^Y^L||Dictated, not read||||||F`,           'OBX[2]'],
  ['the transcriptionist',                      filled(NOTE, 'TXA', 11, '9^Typist'),                            'TXA-11'],
  ['an account of an update',                   filled(UPDATE, 'PID', 18, 'ACC-1'),                             'PID-18'],
  ['insurance of an update',                    `${UPDATE}\nIN1|1|PLAN`,                                        'IN1'],
] as const satisfies readonly (readonly [string, string, string])[];

describe('(rules 7.8) what is not taken is told', () => {
  test.each(TOLD)('%s', async (_name, message, place) => {
    const other = message.replace(
      /\|(T|L)-(\d+)\|/,
      (_found, who: string, n: string) => `|${who}-${n}-${(count += 1)}|`,
    );
    const { remarks, code } = await exchange.say(other);
    const told = remarks.filter(({ issue }) => issue === 'content-not-taken');
    expect({
      code,
      told: told.map(({ location, severity, code: condition }) => [location, severity, condition]),
    }).toEqual({
      code: 'AA',
      told: [[place.slice(0, 3) === 'NTE' ? 'NTE' : place.slice(0, 3), 'W', '0']],
    });
    expect(told[0]?.says.split(': ')[1]?.split(', ')).toContain(place);
  });

  test('nothing is told of what we take, number or repeat', async () => {
    for (const message of [order(), STATUS, VISIT, NOTE, UPDATE]) {
      const other = message.replace(
        /\|(T|L)-(\d+)\|/,
        (_found, who: string, n: string) => `|${who}-${n}-${(count += 1)}|`,
      );
      const { remarks } = await exchange.say(other);
      expect(remarks.filter(({ issue }) => issue === 'content-not-taken')).toEqual([]);
    }
  });

  test('whoever reads the chart finds it said of the kept message, without its words', async () => {
    const id = 'L-CHART';
    await exchange.say(after(request({ at: 70, id, referral: 'R-CHART' }), 'PID', 'NTE|1||Deaf, text only'));
    const [kept] = await exchange.all('DocumentReference', `identifier=${id}`);
    expect(kept?.['description']).toContain('NTE after PID');
    expect(kept?.['description']).not.toContain('Deaf');
  });
});
