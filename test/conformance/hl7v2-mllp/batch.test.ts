/** Batches over MLLP (HL7 v2.5.1, 2.10.3; rules 7.2): each message by itself, and the answer is a batch. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openLinked, openWire, order, type Linked, type Wire } from './linked.ts';

let server: Linked;
let wire: Wire;
beforeAll(async () => {
  server = await openLinked();
  wire = await openWire(server.ports[0] ?? 0);
});
afterAll(async () => {
  wire.close();
  await server.close();
});

const BHS = 'BHS|^~\\&|A|^2.999.360.1^ISO|||||||B-1\r';
const effects = async (id: string): Promise<number> =>
  (await server.search('administrator', `ServiceRequest?identifier=R-${id}`)).length;
/** The segments of an answer that say something: BHS-12, MSA, BTS. */
const outlineOf = (answer: string): readonly string[] =>
  answer.split('\r').flatMap((line) => {
    const fields = line.split('|');
    if (/^[BF]HS/.test(line)) return [`${fields[0]} ${fields[11] ?? ''}`.trim()];
    if (line.startsWith('MSA')) return [`${fields[1]} ${fields[2]}`];
    return /^[BF]TS/.test(line) ? [line] : [];
  });
const quiet = (id: string): string => order({ id, asks: ['NE', 'NE'] });

// prettier-ignore
const BATCHES: readonly (readonly [string, string, readonly string[], Readonly<Record<string, number>>])[] = [
  ['a batch of two', `${BHS}${order({ id: 'A1' })}${order({ id: 'A2' })}BTS|2\r`,
    ['BHS B-1', 'AA A1', 'AA A2', 'BTS|2'], { A1: 1, A2: 1 }],
  ['a file', `FHS|^~\\&|A\r${BHS}${order({ id: 'B1' })}BTS|1\rFTS|1\r`,
    ['FHS', 'BHS B-1', 'AA B1', 'BTS|1', 'FTS|1'], { B1: 1 }],
  ['several messages in a frame', order({ id: 'C1' }) + order({ id: 'C2' }) + order({ id: 'C3' }),
    ['BHS', 'AA C1', 'AA C2', 'AA C3', 'BTS|3'], { C1: 1, C2: 1, C3: 1 }],
  ['one that is refused harms no other', BHS + order({ id: 'D1', from: '2.999.66.1' }) + order({ id: 'D2' }),
    ['BHS B-1', 'AE D1', 'AA D2', 'BTS|2'], { D1: 0, D2: 1 }],
  ['one that is not taken', BHS + order({ id: 'E1' }).replace('OMG^O19^OMG_O19', 'ORU^R01') + order({ id: 'E2' }),
    ['BHS B-1', 'AR E1', 'AA E2', 'BTS|2'], { E1: 0, E2: 1 }],
  ['one that asks for no acknowledgment', BHS + quiet('F1') + order({ id: 'F2' }) + 'BTS|2\r',
    ['BHS B-1', 'AA F2', 'BTS|1'], { F1: 1, F2: 1 }],
  ['none that asks for one: the batch was read', `${BHS}${quiet('G1')}BTS|1\r`, ['BHS B-1', 'BTS|0'], { G1: 1 }],
  ['two acknowledgments for each', BHS + order({ id: 'H1', asks: ['AL', 'AL'] }),
    ['BHS B-1', 'CA H1', 'AA H1', 'BTS|2'], { H1: 1 }],
  ['the same message twice', BHS + order({ id: 'I1' }) + order({ id: 'I1' }),
    ['BHS B-1', 'AA I1', 'AA I1', 'BTS|2'], { I1: 1 }],
  ['an empty batch', `${BHS}BTS|0\r`, ['BHS B-1', 'BTS|0'], {}],
  ['an empty file', 'FHS|^~\\&|A||||||||F-1\rFTS|0\r', ['FHS F-1', 'FTS|0'], {}],
  ['fewer than BTS-1 says', `${BHS}${order({ id: 'J1' })}BTS|2\r`, ['AE J1'], { J1: 0 }],
  ['fewer batches than FTS-1 says', `FHS|^~\\&\r${BHS}${order({ id: 'K1' })}BTS|1\rFTS|3\r`, ['AE K1'], { K1: 0 }],
];

describe('(rules 7.2) in one frame', () => {
  test.each(BATCHES)('%s', async (_name, batch, outline, counts) => {
    expect(outlineOf(await wire.ask(batch))).toEqual(outline);
    for (const [id, count] of Object.entries(counts)) expect(await effects(id)).toBe(count);
  });

  test('a batch that counted otherwise is kept as a whole, and the count is what is said', async () => {
    const answer = await wire.ask(`${BHS}${order({ id: 'L1' })}BTS|7\r`);
    expect(answer).toMatch(/\rERR\|[^|]*\|BTS\^1\^1\^1\|102/);
    const items = (await server.all('Task')).filter(({ description }) =>
      String(description).includes('it says 7'),
    );
    expect(items).toHaveLength(1);
  });

  test('messages one after the other that ask for nothing are told nothing', async () => {
    wire.send(quiet('M1') + quiet('M2'));
    expect(outlineOf(await wire.ask(order({ id: 'M3' })))).toEqual(['AA M3']);
    expect(await effects('M1')).toBe(1);
    expect(await effects('M2')).toBe(1);
  });

  test('an empty batch that answers one is answered by nothing: two engines would never end', async () => {
    const answer = await wire.ask(`${BHS}BTS|0\r`);
    wire.send(answer);
    wire.send('FHS|^~\\&|A||||||||C-9|F-1\rFTS|0\r');
    expect(outlineOf(await wire.ask(order({ id: 'N1' })))).toEqual(['AA N1']);
  });

  test('an empty batch is kept nowhere, and asks nobody', async () => {
    const before = (await server.all('Task')).length;
    await wire.ask(`${BHS}BTS|0\r`);
    expect(await server.all('Task')).toHaveLength(before);
  });

  test('a batch with a line that belongs to no message is told so', async () => {
    expect(await wire.ask(`${BHS}PID|1\rBTS|0\r`)).toMatch(
      /\rERR\|[^\r]*there is a line in the batch that belongs to no message/,
    );
  });
});
