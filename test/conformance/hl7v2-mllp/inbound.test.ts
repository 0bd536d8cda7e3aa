/** MLLP as engines speak it, over real sockets: whatever the bytes do, each message is decided once and told so. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { frame } from '../../../src/hl7v2/mllp.ts';
import {
  eventually,
  FACILITY,
  initiatorLink,
  openLinked,
  openWire,
  order,
  saysOf,
  type Linked,
} from './linked.ts';

let server: Linked;
const port = (): number => server.ports[0] ?? 0;
const link = (more: object, index: number) => ({
  links: [initiatorLink({ name: `engine-${index}`, ...more })],
});
const PORTS = [
  { links: [initiatorLink()] },
  link({ acknowledge: 'always' }, 1),
  link({ addresses: ['192.0.2.7'] }, 2),
  {
    links: [
      initiatorLink({ name: 'first' }),
      initiatorLink({
        name: 'second',
        senders: [{ facility: FACILITY.recipient, organization: 'Organization/recipient' }],
        receivers: [{ facility: FACILITY.initiator, organization: 'Organization/initiator' }],
      }),
    ],
  },
];

beforeAll(async () => {
  server = await openLinked(PORTS, '--hl7-message-bytes-max', '65536', '--hl7-message-timeout-ms', '1000');
});
afterAll(() => server.close());

/** How often an order was carried out. */
const effects = async (id: string): Promise<number> =>
  (await server.search('administrator', `ServiceRequest?identifier=R-${id}`)).length;
const block = (message: string): Buffer => Buffer.from(frame(Buffer.from(message)));

describe('however the bytes are cut', () => {
  const CUTS: readonly (readonly [string, (ids: readonly string[]) => readonly (string | Buffer)[]])[] = [
    ['several messages on one connection', (ids) => ids.map((id) => block(order({ id })))],
    ['several frames in one chunk', (ids) => [Buffer.concat(ids.map((id) => block(order({ id }))))]],
    [
      'frames over many chunks',
      (ids) => {
        const all = Buffer.concat(ids.map((id) => block(order({ id }))));
        return Array.from({ length: Math.ceil(all.length / 97) }, (_, i) =>
          all.subarray(i * 97, i * 97 + 97),
        );
      },
    ],
    [
      'the end of one and the beginning of the next in one chunk',
      (ids) => {
        const all = Buffer.concat(ids.map((id) => block(order({ id }))));
        const cut = block(order({ id: ids[0] ?? '' })).length - 5;
        return [all.subarray(0, cut), all.subarray(cut, cut + 12), all.subarray(cut + 12)];
      },
    ],
    ['FS and CR apart', (ids) => ids.flatMap((id) => [block(order({ id })).subarray(0, -1), '\r'])],
    ['no CR after FS', (ids) => ids.map((id) => block(order({ id })).subarray(0, -1))],
    ['garbage before VT', (ids) => ids.flatMap((id) => ['GET / HTTP/1.1\r\n', block(order({ id }))])],
  ];
  test.each(CUTS)('%s', async (name, cut) => {
    const ids = [1, 2, 3].map((n) => `C${CUTS.findIndex(([other]) => other === name)}-${n}`);
    const wire = await openWire(port());
    wire.socket.setNoDelay(true);
    for (const chunk of cut(ids)) {
      wire.write(chunk);
      await setTimeout(1);
    }
    expect((await wire.answers(3)).map(saysOf)).toEqual(ids.map((id) => `AA ${id}`));
    for (const id of ids) expect(await effects(id)).toBe(1);
    wire.close();
  });
});

test('acknowledgments have control ids of their own, and change the sides', async () => {
  const wire = await openWire(port());
  const first = await wire.ask(order({ id: 'OWN-1' }));
  const second = await wire.ask(order({ id: 'OWN-2' }));
  const [, , sendingApp, sender, , receiver, , , type, id] = first.split('\r')[0]?.split('|') ?? [];
  expect({ sendingApp, sender, receiver, type }).toEqual({
    sendingApp: '',
    sender: `^${FACILITY.recipient}^ISO`,
    receiver: `^${FACILITY.initiator}^ISO`,
    type: 'ACK^O19^ACK',
  });
  expect(second.split('|')[9]).not.toBe(id);
  wire.close();
});

/** The answers that a list of codes stands for. */
const told = (codes: string, id: string): readonly string[] =>
  codes === '' ? [] : codes.split(' ').map((code) => `${code} ${id}`);

describe('MSH-15 and MSH-16', () => {
  const STRANGER = '2.999.66.1';
  const ASKED: readonly (readonly [asks: readonly [string, string], applied: string, quarantined: string])[] =
    [
      [['', ''], 'AA', 'AE'],
      [['AL', 'NE'], 'CA', 'CE'],
      [['NE', 'AL'], 'AA', 'AE'],
      [['AL', 'AL'], 'CA AA', 'CE AE'],
      [['NE', 'NE'], '', ''],
      [['ER', 'SU'], 'AA', 'CE'],
      [['SU', 'ER'], 'CA', 'AE'],
      [['AL', ''], 'CA', 'CE'],
      [['', 'AL'], 'AA', 'AE'],
    ];
  test.each(ASKED)('%j is told %j of an applied message, %j of a quarantined one', async (asks, yes, no) => {
    const name = `ASK-${asks.join('-')}`;
    const wire = await openWire(port());
    wire.send(order({ id: `${name}-Y`, asks }));
    wire.send(order({ id: `${name}-N`, asks, from: STRANGER }));
    // Asked in original mode, so answered last: everything before it was told by then.
    wire.send(order({ id: `${name}-Z` }));
    const expected = [...told(yes, `${name}-Y`), ...told(no, `${name}-N`), `AA ${name}-Z`];
    expect((await wire.answers(expected.length)).map(saysOf)).toEqual(expected);
    expect(await effects(`${name}-Y`)).toBe(1);
    expect(await effects(`${name}-N`)).toBe(0);
    wire.close();
  });

  test('a link that is always acknowledged is told even what it does not ask for', async () => {
    const wire = await openWire(server.ports[1] ?? 0);
    expect(saysOf(await wire.ask(order({ id: 'ALWAYS-1', asks: ['NE', 'NE'] })))).toBe('CA ALWAYS-1');
    expect(saysOf(await wire.ask(order({ id: 'ALWAYS-2' })))).toBe('AA ALWAYS-2');
    wire.close();
  });
});

test('(rules 7.2) acknowledgments are answered by nothing, alone, in a batch, too long or broken off', async () => {
  const ack = order({ id: 'A1', asks: ['AL', 'AL'] })
    .replace('OMG^O19^OMG_O19', 'ACK^O19^ACK')
    .replace(/\r[^]*/, '\rMSA|AA|X\r');
  const application = ack.replace('ACK^O19^ACK', 'ORG^O20^ORG_O20');
  const before = (await server.all('Task')).length;
  for (const at of [0, 1]) {
    const wire = await openWire(server.ports[at] ?? 0);
    for (const message of [
      ack,
      application,
      ack + ack,
      `BHS|^~\\&|A\r${ack}BTS|1\r`,
      ack + 'x'.repeat(70_000),
    ])
      wire.send(message);
    wire.write(Buffer.concat([Buffer.from(`\x0b${ack}`), block(application)]));
    const last = await wire.ask(order({ id: `A-last-${at}`, asks: ['AL', 'NE'] }));
    expect([saysOf(last), await wire.answers()]).toEqual([`CA A-last-${at}`, [last]]);
    wire.close();
  }
  expect((await server.all('Task')).length - before).toBe(2);
});

describe('who may speak', () => {
  test('a peer whose address is on no link is turned away unheard', async () => {
    const wire = await openWire(server.ports[2] ?? 0);
    wire.send(order({ id: 'UNKNOWN-1' }));
    await wire.closed;
    expect(await wire.answers()).toEqual([]);
    expect(await effects('UNKNOWN-1')).toBe(0);
  });

  test('a known peer that gives a facility not on its list is quarantined', async () => {
    const wire = await openWire(port());
    const answer = await wire.ask(order({ id: 'FOREIGN-1', from: '2.999.66.1' }));
    expect(saysOf(answer)).toBe('AE FOREIGN-1');
    expect(answer).toMatch(/\rERR\|/);
    expect(await effects('FOREIGN-1')).toBe(0);
    wire.close();
  });

  test('of several links on one port, MSH-4 says which', async () => {
    const wire = await openWire(server.ports[3] ?? 0);
    const fates = () =>
      server.running.rails.mllp.status().map(({ link: name, fates: counts }) => [name, counts]);
    await wire.ask(order({ id: 'SIDE-1' }));
    await wire.ask(order({ id: 'SIDE-2', from: FACILITY.recipient }));
    expect(fates()).toContainEqual(['first', { applied: 1 }]);
    expect(fates()).toContainEqual(['second', expect.not.objectContaining({ applied: 1 })]);
    wire.close();
  });
});

describe('peers that do not behave', () => {
  test('half a message and a lost peer leave nothing, and hold up nobody', async () => {
    const lost = await openWire(port());
    lost.write(block(order({ id: 'HALF-1' })).subarray(0, 300));
    await setTimeout(20);
    lost.socket.resetAndDestroy();
    const wire = await openWire(port());
    expect(saysOf(await wire.ask(order({ id: 'HALF-2' })))).toBe('AA HALF-2');
    expect(await effects('HALF-1')).toBe(0);
    wire.close();
  });

  test('a message that comes too slowly is given up, however steadily its bytes drip', async () => {
    const wire = await openWire(port());
    const bytes = block(order({ id: 'DRIP-1' }));
    let at = 0;
    const dripping = setInterval(() => {
      wire.write(bytes.subarray(at, at + 1));
      at += 1;
    }, 50);
    const began = Date.now();
    await wire.closed;
    clearInterval(dripping);
    expect(Date.now() - began).toBeLessThan(3000);
    expect(await effects('DRIP-1')).toBe(0);
  });

  test('a peer that leaves after its last message is answered before', async () => {
    const wire = await openWire(port());
    wire.send(order({ id: 'LEAVE-1' }));
    wire.send(order({ id: 'LEAVE-2' }));
    wire.socket.end();
    await wire.closed;
    expect((await wire.answers()).map(saysOf)).toEqual(['AA LEAVE-1', 'AA LEAVE-2']);
  });

  test('a message that is too long is refused by its number, and the next one is taken', async () => {
    const wire = await openWire(port());
    wire.send(`${order({ id: 'LONG-1' })}NTE|1||${'x'.repeat(70_000)}\r`);
    wire.send(order({ id: 'LONG-2' }));
    const answers = await wire.answers(2);
    expect(answers.map(saysOf)).toEqual(['AR LONG-1', 'AA LONG-2']);
    expect(answers[0]).toContain('body-too-large');
    wire.close();
  });

  test('a message within a message: neither is taken, what follows is', async () => {
    const wire = await openWire(port());
    wire.write(block(order({ id: 'IN-1' })).subarray(0, 300));
    wire.write(block(order({ id: 'IN-2' })));
    wire.send(order({ id: 'IN-3' }));
    expect((await wire.answers(2)).map(saysOf)).toEqual(['AR IN-1', 'AA IN-3']);
    wire.close();
  });

  test('a peer that reads no answer holds up nobody else', async () => {
    const deaf = connect({ host: '127.0.0.1', port: port() });
    deaf.on('error', () => deaf.destroy());
    deaf.pause();
    for (let n = 1; n <= 40; n += 1) deaf.write(block(order({ id: `DEAF-${n}` })));
    const wire = await openWire(port());
    expect(saysOf(await wire.ask(order({ id: 'HEARD-1' })))).toBe('AA HEARD-1');
    await eventually(async () => (await effects('DEAF-40')) === 1, 'the last of a deaf peer');
    deaf.destroy();
    wire.close();
  });
});

test('the same message again, on another connection, has one effect and the first answer', async () => {
  const first = await openWire(port());
  const answer = await first.ask(order({ id: 'AGAIN-1' }));
  first.socket.resetAndDestroy();
  const second = await openWire(port());
  expect(saysOf(await second.ask(order({ id: 'AGAIN-1' })))).toBe(saysOf(answer));
  // The same number with other content is another message, and a mistake.
  const other = await second.ask(order({ id: 'AGAIN-1', referral: 'R-AGAIN-2' }));
  expect(saysOf(other)).toBe('AE AGAIN-1');
  expect(other).toContain('|205^');
  expect(await effects('AGAIN-1')).toBe(1);
  expect(await effects('AGAIN-2')).toBe(0);
  second.close();
});

describe('bounds and stopping', () => {
  test('connections over the bound are turned away; those within go on', async () => {
    const few = await openLinked(undefined, '--hl7-connections-max', '2');
    try {
      const [at = 0] = few.ports;
      const within = [await openWire(at), await openWire(at)];
      await setTimeout(20);
      const over = await openWire(at);
      await over.closed;
      const [one, two] = within;
      expect(saysOf((await one?.ask(order({ id: 'B-1' }))) ?? '')).toBe('AA B-1');
      one?.close();
      await setTimeout(50);
      const again = await openWire(at);
      expect(saysOf(await again.ask(order({ id: 'B-2' })))).toBe('AA B-2');
      again.close();
      two?.close();
    } finally {
      await few.close();
    }
  });

  test('a silent connection is closed after its time', async () => {
    const brief = await openLinked(undefined, '--hl7-idle-timeout-ms', '150');
    try {
      const wire = await openWire(brief.ports[0] ?? 0);
      // The server counts from what it heard last, which is later.
      const began = Date.now();
      expect(saysOf(await wire.ask(order({ id: 'I-1' })))).toBe('AA I-1');
      await wire.closed;
      expect(Date.now() - began).toBeGreaterThan(100);
    } finally {
      await brief.close();
    }
  });

  test('a stopping server answers what it has received, and closes soon', async () => {
    // A server that waited for the silent peer would outlast the time of this test.
    const stopping = await openLinked(undefined, '--drain-ms', '60000');
    const wire = await openWire(stopping.ports[0] ?? 0);
    await wire.ask(order({ id: 'S-0' }));
    const silent = await openWire(stopping.ports[0] ?? 0);
    for (let n = 1; n <= 5; n += 1) wire.send(order({ id: `S-${n}` }));
    await setTimeout(30);
    await stopping.running.stop();
    await Promise.all([wire.closed, silent.closed]);
    const answered = (await wire.answers()).map(saysOf);
    expect(answered).toEqual(answered.map((_, n) => `AA S-${n}`));
    expect(answered.length).toBeGreaterThan(1);
    await stopping.restart();
    const held = await stopping.search('administrator', 'ServiceRequest?_count=50');
    expect(held.length).toBeGreaterThanOrEqual(answered.length);
    await stopping.close();
  });
});
