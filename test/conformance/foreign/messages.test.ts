/** What interface engines sent that was once answered wrongly, each with its right answer: over a socket, whole. */
import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { frame } from '../../../src/hl7v2/mllp.ts';
import {
  FACILITY,
  initiatorLink,
  openLinked,
  openWire,
  order,
  type Linked,
  type Wire,
} from '../hl7v2-mllp/linked.ts';

let server: Linked;
let initiator: Wire;
let recipient: Wire;
beforeAll(async () => {
  const [ours, theirs] = Object.entries(FACILITY).map(([id, facility]) => ({
    facility,
    organization: `Organization/${id}`,
  }));
  const back = { name: 'recipient-engine', senders: [theirs], receivers: [ours], authorities: [] };
  server = await openLinked([{ links: [initiatorLink()] }, { links: [initiatorLink(back)] }]);
  initiator = await openWire(server.ports[0] ?? 0);
  recipient = await openWire(server.ports[1] ?? 0);
});
afterAll(async () => {
  initiator.close();
  recipient.close();
  await server.close();
});

/** `20261122090512+0000`, so many seconds from now. */
const time = (seconds = 0): string =>
  new Date(Date.now() + seconds * 1000).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14) + '+0000';

/** MSA-1, and severity, place and condition of each ERR, as in `W OBR-31.3 103`. */
function told(answer: string): readonly string[] {
  return answer.split('\r').flatMap((line) => {
    const fields = line.split('|');
    if (fields[0] === 'MSA') return [fields[1] ?? ''];
    if (fields[0] !== 'ERR') return [];
    const [segment = '', , field, , component] = (fields[2] ?? '').split('^');
    const place =
      [segment, field].filter(Boolean).join('-') + (component === undefined ? '' : `.${component}`);
    return [`${fields[4]} ${place} ${fields[3]?.split('^')[0]}`];
  });
}

/** An order of now, ahead by so many seconds. */
const orderOf = (id: string, seconds = 0): string =>
  order({ id }).replaceAll(/20261122090\d{3}-0500/g, time(seconds));
const plain = (id: string): string => orderOf(id).replace('|P|2.5.1|||||||||360X', '|P|2.5.1');
const after = (message: string, segment: string, line: string): string =>
  message.replace(new RegExp(`\r${segment}\\|[^\r]*`), (found) => `${found}\r${line}`);
const adt = (event: string, id: string): string =>
  plain(id)
    .replace('OMG^O19^OMG_O19', `ADT^${event}^ADT_A01`)
    .replace(/\rORC[^]*/, '\rPV1|1|O\r');

/** Of the recipient, about the order of this id. */
const back = (type: string, about: string, id: string, lines: readonly string[], seconds = 0): string =>
  [
    `MSH|^~\\&||^${FACILITY.recipient}^ISO||^${FACILITY.initiator}^ISO|${time(seconds)}||${type}|${id}|P|2.5.1|||||||||360X`,
    ...(type.startsWith('MDM') ? [`EVN|T02|${time(seconds)}`] : []),
    `PID|1||P-${about}^^^&2.999.360.1.5&ISO^MR||Sample^Marisol^J^^^^L||19710308|F`,
    ...lines,
    '',
  ].join('\r');
const status = (
  about: string,
  id: string,
  [control, state]: readonly [string, string],
  seconds = 0,
  why = '',
) =>
  back(
    'OSU^O51^OSU_O51',
    about,
    id,
    [`ORC|${control}|R-${about}^^2.999.360.1.15^ISO|||${state}||||${time(seconds)}|||||||${why}`],
    seconds,
  );
const note = (about: string, id: string, obx11: string, txa19: string): string =>
  back('MDM^T02^MDM_T02', about, id, [
    'PV1|1|O',
    `ORC|SC|R-${about}^^2.999.360.1.15^ISO`,
    `OBR|1|R-${about}^^2.999.360.1.15^ISO||11488-4^Consult note^LN`,
    `TXA|1|CN|TX|${time()}||||||||D-${about}^^2.999.360.2.15^ISO|||||AU||${txa19}`,
    `OBX|1|TX|11488-4^Consult note^LN||She may walk||||||${obx11}`,
  ]);

// prettier-ignore
const ORDERS = [
  // what comes                                  message                                                             told
  ['a clock a minute ahead',                     orderOf('AHEAD', 60),                                               ['AA']],
  ['a clock a year ahead',                       orderOf('YEAR', 31_536_000),                                        ['AA', 'W MSH-7 102', 'W ORC-9 102']],
  ['a test message',                             orderOf('TEST').replace('|P|', '|T|'),                              ['AR', 'E MSH-11 202']],
  ['notes of the patient and of a question, and a result', after(after(orderOf('NOTES'), 'PID', 'NTE|1||Deaf'), 'OBX', 'NTE|1||Latex\rOBX|2|NM|39156-5^BMI^LN||31|kg/m2|||||F'), ['AA', 'W NTE 0', 'W OBX 0']],
  ['results of a laboratory',                    plain('ORU').replace('OMG^O19^OMG_O19', 'ORU^R01^ORU_R01'),         ['AR', 'E MSH-9 200']],
  ['a registration',                             adt('A04', 'A04'),                                                  ['AA', 'I MSH-9 201']],
  ['an order without a reason, plain v2.5.1',    plain('REASON').replace(/(57133-1\^Referral note\^LN)[^\r]*/, '$1').replace(/\rOBX[^]*/, '\r'), ['AA', 'W MSH-21 101', 'W OBR-31 101']],
  ['a number of a namespace that nobody knows',  plain('EPIC').replaceAll('R-EPIC^^2.999.360.1.15^ISO', 'R-EPIC^EPIC'), ['AA', 'W MSH-21 101', 'W ORC-2.3 101']],
  ['a code that names no system',                orderOf('CODE').replace('396275006^Osteoarthritis^SCT', 'K12^Knee'), ['AA', 'W OBR-31.3 103']],
  ['a patient number without its authority',     orderOf('NOBODY').replace('^^^&2.999.360.1.5&ISO^MR', ''),          ['AA', 'W PID-3.4 101']],
] as const satisfies readonly (readonly [string, string, readonly string[]])[];

describe('from who refers', () => {
  test.each(ORDERS)('%s', async (_name, message, expected) => {
    expect(told(await initiator.ask(message))).toEqual(expected);
  });

  test('bytes of Latin-1 where nobody said so are refused by the place that would say it', async () => {
    initiator.write(frame(Buffer.from(adt('A08', 'LATIN').replace('Marisol', 'Nuñez'), 'latin1')));
    const answers = await initiator.answers(ORDERS.length + 1);
    expect(told(answers.at(-1) ?? '')).toEqual(['AE', 'E MSH-18 102']);
  });

  test('a batch is answered by a batch, and what asks for nothing by an empty one', async () => {
    const batch = (message: string): string => `BHS|^~\\&|A|^${FACILITY.initiator}^ISO\r${message}BTS|1\r`;
    const heard = await initiator.ask(batch(adt('A08', 'BATCH')));
    expect([heard.slice(0, 4), told(heard)[0], heard.slice(-6)]).toEqual(['BHS|', 'AA', 'BTS|1\r']);
    const silent = adt('A08', 'SILENT').replace('|P|2.5.1', '|P|2.5.1|||NE|NE');
    expect(await initiator.ask(batch(silent))).toMatch(/^BHS\|[^\r]*\rBTS\|0\r$/);
  });
});

describe('from who is referred to', () => {
  const taskOf = async (about: string) => {
    const [task] = await server.search('administrator', `Task?focus:ServiceRequest.identifier=R-${about}`);
    return task ?? {};
  };

  test.each([
    ['OBX-11 W', 'W', 'AV', 'W OBX-11 103'],
    ['OBX-11 w', 'w', 'AV', 'W OBX-11 103'],
    ['TXA-19 CA', 'F', 'CA', 'W TXA-19 103'],
  ])('a note taken back by %s is evidence of nothing', async (name, obx11, txa19, expected) => {
    const about = name.replace(' ', '');
    await initiator.ask(orderOf(about));
    await recipient.ask(status(about, `T-${about}-1`, ['OK', 'IP']));
    expect(told(await recipient.ask(note(about, `T-${about}-2`, obx11, txa19)))).toEqual([
      'AA',
      expected,
      'W TXA-12 103',
    ]);
    expect(told(await recipient.ask(status(about, `T-${about}-3`, ['SC', 'CM'])))).toEqual([
      'AA',
      'W ORC-5 103',
    ]);
    expect(await taskOf(about)).toMatchObject({ status: 'completed' });
    expect(await taskOf(about)).not.toHaveProperty('output');
  });

  test('what a clock of another century says makes nothing later late', async () => {
    await initiator.ask(orderOf('CLOCK'));
    const ahead = await recipient.ask(status('CLOCK', 'T-CLOCK-1', ['OK', 'IP'], 2_300_000_000));
    expect(told(ahead)).toEqual(['AA', 'W MSH-7 102', 'W ORC-9 102']);
    const declined = await recipient.ask(status('CLOCK', 'T-CLOCK-2', ['UA', 'CA'], 0, '^no context'));
    expect(told(declined)).toEqual(['AA']);
    expect(await taskOf('CLOCK')).toMatchObject({ status: 'rejected', statusReason: { text: 'no context' } });
  });
});
