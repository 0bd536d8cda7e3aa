/** The comparison with another FHIR server: what it was asked, whether two agree, and a whole run in small. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { UsageError } from '../../../tools/command.ts';
import { openConnection } from '../../../tools/bench/connection.ts';
import { countOf, disagreement, type Side } from '../../../tools/bench/rival/agree.ts';
import { readRival } from '../../../tools/bench/rival/asked.ts';
import { listenerOf } from '../../../tools/bench/rival/process-time.ts';
import { runRival, showRows } from '../../../tools/bench/rival/rival.ts';
import { RIVAL_KINDS } from '../../../tools/bench/rival/rival-steps.ts';
import { loadRivalWorld, outcomeOf } from '../../../tools/bench/rival/rival-world.ts';
import { serveCloseloop, type Closeloop } from '../../../tools/bench/serving.ts';
import { loadWorld, removeFolders } from '../../../tools/bench/world.ts';

const BASE = 'http://127.0.0.1:8080/fhir';
const RUN_MS = 180_000;

describe('what a comparison is asked', () => {
  test('takes an address with its token, and defaults', () => {
    expect(readRival([`${BASE}/,abc.def,g`], {})).toEqual({
      rival: { base: BASE, token: 'abc.def,g' },
      ours: undefined,
      pairs: 5,
      seconds: 3,
      warmSeconds: 2,
      patients: 500,
      pid: undefined,
    });
  });

  test('takes a checkout, and a second server for ours', () => {
    const asked = readRival(['.', BASE], {
      pairs: '2',
      seconds: '0.5',
      warm: '10',
      patients: '20',
      pid: '7',
    });
    expect(asked).toMatchObject({
      rival: { checkout: process.cwd() },
      ours: { base: BASE, token: undefined },
    });
    expect(asked).toMatchObject({ pairs: 2, seconds: 0.5, warmSeconds: 10, patients: 20, pid: 7 });
  });

  test.each([
    [[], {}],
    [['ftp://127.0.0.1/fhir'], {}],
    [['http://:0:0'], {}],
    [['test'], {}],
    [[BASE], { pairs: '0' }],
    [[BASE], { pairs: '26' }],
    [[BASE], { seconds: '61' }],
    [[BASE], { seconds: 'x' }],
    [[BASE], { warm: '-1' }],
    [[BASE], { patients: '9' }],
    [[BASE], { pid: 'java' }],
  ])('refuses %j with %j', (operands, flags) => {
    expect(() => readRival(operands, flags)).toThrow(UsageError);
  });
});

describe('how answers are compared', () => {
  const entry = (mode: string) => ({ search: { mode } });

  test('counts matches and what they bring along', () => {
    expect(countOf({ body: { entry: [entry('match'), entry('include'), entry('outcome')] } })).toBe(
      '1 matches and 1 included',
    );
    expect(countOf({ body: { entry: [{ response: {} }, { response: {} }] } })).toBe('2 entries');
    expect(countOf({ body: { resourceType: 'Task' } })).toBe('0 matches and 0 included');
  });

  test('tells the first issue of an OperationOutcome', () => {
    const issue = [{ code: 'invalid', diagnostics: 'no such chain' }, { code: 'other' }];
    expect(outcomeOf({ status: 400, body: { issue } })).toBe('400: no such chain');
    expect(outcomeOf({ status: 502, body: 'bad gateway' })).toBe('502: "bad gateway"');
  });
});

describe('a connection to any server', () => {
  test('reads answers in chunks', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200);
      response.write('{"a":');
      setImmediate(() => response.end('"ü"}'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const connection = await openConnection(`http://127.0.0.1:${port}/fhir`);
    for (let i = 0; i < 2; i += 1) {
      expect(await connection.send({ method: 'GET', path: '/' })).toMatchObject({
        status: 200,
        body: '{"a":"ü"}',
      });
    }
    connection.close();
    expect(listenerOf(port)).toBe(process.pid);
    server.close();
  });
});

describe('a comparison of two servers', () => {
  let rival: Closeloop;
  const token = () => rival.tokens['clinic-0'];
  const target = () => ({ base: `http://127.0.0.1:${rival.port}/fhir`, token: token() });

  beforeAll(async () => {
    rival = await serveCloseloop((await loadWorld(0)).folder);
  }, RUN_MS);
  afterAll(async () => {
    await rival.stop();
    removeFolders();
  }, RUN_MS);

  test('finds out where they answer otherwise', async () => {
    const world = await loadRivalWorld(target(), 'same', 10);
    const one: Side = { name: 'one', target: target(), world };
    expect(await disagreement('search by identifier', [one, one])).toBeUndefined();
    const other = { ...one, name: 'other', world: { ...world, run: 'elsewhere' } };
    expect(await disagreement('search by identifier', [one, other])).toBe(
      'one answers with 1 matches and 0 included, other with 0 matches and 0 included',
    );
    const stranger = { ...one, name: 'stranger', target: { ...target(), token: undefined } };
    expect(await disagreement('mix of four', [one, stranger])).toMatch(/^stranger answers 401: /);
  });

  test(
    'measures all nine kinds, none of them refused',
    async () => {
      const lines: string[] = [];
      const asked = readRival([`${target().base},${token() ?? ''}`], {
        pairs: '1',
        seconds: '0.1',
        warm: '0',
        patients: '10',
      });
      const rows = await runRival(asked, (line) => lines.push(line));
      expect(rows.map(({ kind, refused, turns }) => [kind, refused, turns.length])).toEqual(
        RIVAL_KINDS.map((kind) => [kind, undefined, 1]),
      );
      const table = lines.at(-1) ?? '';
      expect(table).toContain('| work | rival | Closeloop |');
      // The system counts CPU in ticks of 10 ms: in so short a turn there may be none.
      for (const kind of RIVAL_KINDS)
        expect(table).toMatch(new RegExp(`\\| ${kind} \\|.*× \\| (?:.*×|-) \\|`));
    },
    RUN_MS,
  );

  test('tells a refused kind with its reason and without a ratio', () => {
    const rows = [{ kind: 'create', turns: [], refused: 'the rival answers 405: a|b' }];
    expect(showRows(rows, readRival([BASE], {}))).toContain(
      '| create | refused: the rival answers 405: a\\|b | | | |',
    );
  });
});
