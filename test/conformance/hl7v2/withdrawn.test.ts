/** Notes that their author takes back (OBX-11, TXA-19) are evidence of nothing (rules 7.4). */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { accept, note, openExchange, outcome, request, stateOf, type Exchange } from './exchange.ts';

let exchange: Exchange;
beforeEach(async () => {
  exchange = await openExchange();
  await exchange.say(request({ at: 0, id: 'L-0' }));
  await exchange.say(accept({ at: 1, id: 'T-1' }));
});
afterEach(() => exchange.close());

/** The note D-1, with this OBX-11 and TXA-19. */
const noted = (id: string, at: number, obx11: string, txa19 = 'AV'): string =>
  note({ at, id })
    .replace(`DOC-${id}^`, 'D-1^')
    .replace('|||||AU', `|||||AU||${txa19}`)
    .replace(/\|\|\|\|\|\|F$/, `||||||${obx11}`);

const notes = async () =>
  (await exchange.all('DocumentReference', 'category=https://closeloop.dev/fhir/CodeSystem/note|')).map(
    ({ status }) => status,
  );
const kinds = async () =>
  (await exchange.workItems()).map(({ kind, owner }) => `${kind} ${owner}`).toSorted();

describe('(rules 7.4) a note that is taken back', () => {
  test.each([
    ['OBX-11 W', 'W', 'AV', 'OBX-11', 'entered-in-error'],
    ['OBX-11 D', 'D', 'AV', 'OBX-11', 'entered-in-error'],
    ['OBX-11 X', 'X', 'AV', 'OBX-11', 'superseded'],
    ['OBX-11 w', 'w', 'AV', 'OBX-11', 'entered-in-error'],
    ['TXA-19 ca', 'F', 'ca', 'TXA-19', 'entered-in-error'],
    ['TXA-19 CA', 'F', 'CA', 'TXA-19', 'entered-in-error'],
    ['TXA-19 OB', 'F', 'OB', 'TXA-19', 'superseded'],
  ])(
    'by %s is told, and a person is asked; the note of before says so',
    async (_name, obx11, txa19, at, status) => {
      await exchange.say(noted('T-2', 2, 'F'));
      const { fate, code, remarks } = await exchange.say(noted('T-3', 3, obx11, txa19));
      expect([fate, code]).toEqual(['applied', 'AA']);
      expect(remarks).toContainEqual(expect.objectContaining({ location: at, severity: 'W' }));
      expect(await notes()).toEqual([status]);
      expect(await kinds()).toEqual(['note-withdrawn Organization/larkspur']);
      // And the outcome that comes next has no note.
      await exchange.say(outcome({ at: 4, id: 'T-4' }));
      const task = await exchange.referral();
      expect([stateOf(task), task['output']]).toEqual(['completed 7.0', undefined]);
      expect(await kinds()).toEqual([
        'note-missing Organization/larkspur',
        'note-withdrawn Organization/larkspur',
      ]);
    },
  );

  test('that nobody knew, or that has no number, changes no other', async () => {
    await exchange.say(noted('T-2', 2, 'F'));
    await exchange.say(noted('T-3', 3, 'W').replace('D-1^', 'D-2^'));
    await exchange.say(noted('T-4', 4, 'W').replace('D-1^^2.999.20.1.16^ISO', ''));
    expect(await notes()).toEqual(['current']);
    expect(await kinds()).toEqual(Array(2).fill('note-withdrawn Organization/larkspur'));
  });

  test('that was the outcome says so, and the outcome stays', async () => {
    await exchange.say(noted('T-2', 2, 'F'));
    await exchange.say(outcome({ at: 3, id: 'T-3' }));
    await exchange.say(noted('T-4', 4, 'W'));
    expect(await notes()).toEqual(['entered-in-error']);
    expect(stateOf(await exchange.referral())).toBe('completed 7.0');
    expect(await kinds()).toEqual(['note-withdrawn Organization/larkspur']);
  });

  test('for one OBX of several: the others are the note', async () => {
    const wrong = 'OBX|1|TX|11488-4^Consult note^LN||Of another patient||||||W';
    const right = 'OBX|2|TX|11488-4^Consult note^LN||Doing well||||||F';
    const mixed = note({ at: 2, id: 'T-2' }).replace(/\nOBX.*$/s, `\n${wrong}\n${right}`);
    const { remarks } = await exchange.say(mixed);
    expect(remarks).toContainEqual(expect.objectContaining({ location: 'OBX-11', severity: 'W' }));
    const [kept] = (await exchange.all('Binary')).filter(({ contentType }) => contentType === 'text/plain');
    expect(Buffer.from(String(kept?.['data']), 'base64').toString()).toBe('Doing well');
  });
});

test('(rules 7.4) a question that is taken back is not asked', async () => {
  const question = (status: string, text: string) =>
    `OBX|1|TX|REFQ^Referral question^L||${text}||||||${status}||||||||||||||||||QST`;
  const order = [request({ at: 5, id: 'L-5', referral: 'R-5' }), question('D', 'No?'), question('O', 'Yes?')];
  const { remarks } = await exchange.say(order.join('\n'));
  expect(remarks).toContainEqual(expect.objectContaining({ location: 'OBX-11', severity: 'W' }));
  const [stored] = await exchange.all('ServiceRequest', 'identifier=R-5');
  expect(stored?.['orderDetail']).toEqual([{ text: 'Yes?' }]);
});

test('(rules 7.4) an outcome whose note is not final is applied and told', async () => {
  await exchange.say(note({ at: 2, id: 'T-2' }).replace('|||||AU', '|||||IN'));
  const { fate, remarks } = await exchange.say(outcome({ at: 3, id: 'T-3' }));
  expect(fate).toBe('applied');
  expect(remarks).toContainEqual(expect.objectContaining({ location: 'TXA-17', severity: 'W' }));
  const [feedback] = await exchange.all('Bundle');
  expect(JSON.stringify(feedback)).toContain('"status":"preliminary"');
});
