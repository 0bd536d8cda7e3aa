/** Mail in by SMTP, on real sockets: who is let in, what it may cost, and what a peer is told (direct-xdm 6, 11). */
import { afterEach, describe, expect, test } from '@jest/globals';
import { LOCAL, makeCertificate, openPort, talkTo, type Talk, type TestPort } from './smtp-world.ts';

const open: TestPort[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((port) => port.close()));
});

async function start(options: Parameters<typeof openPort>[0] = {}): Promise<TestPort> {
  const port = await openPort(options);
  open.push(port);
  return port;
}

/** Up to the reply to DATA. */
async function begin(port: TestPort, to: readonly string[] = [LOCAL], by?: string): Promise<Talk> {
  const talk = await talkTo(port.port, by);
  await talk.say('EHLO peer.example.org');
  await talk.say('MAIL FROM:<a@direct.alder.example.org>');
  for (const one of to) await talk.say(`RCPT TO:<${one}>`);
  expect(await talk.say('DATA')).toMatch(/^354/);
  return talk;
}

const MAIL = 'From: a@b.example.org\r\n\r\nhello\r\n..dots stay\r\n';

test('(direct-xdm 6) a mail is taken when its fate is on disk, byte for byte, with its envelope', async () => {
  let finish = (_kept: boolean): void => undefined;
  const port = await start({ take: () => new Promise((resolve) => (finish = resolve)) });
  const talk = await begin(port);
  const answered = talk.say(`${MAIL}.`);
  while (port.arrived.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, 50, 'waits'))])).toBe(
    'waits',
  );
  finish(true);
  expect(await answered).toBe('250 2.6.0 taken\r\n');
  expect(port.arrived).toEqual([
    {
      bytes: Buffer.from(MAIL.replace('..dots', '.dots')),
      to: [LOCAL],
      isOfNobody: false,
      host: '127.0.0.1',
    },
  ]);
  expect(await talk.say('QUIT')).toMatch(/^221/);
});

test.each<[string, () => Promise<boolean>]>([
  ['a store that refuses', async () => false],
  ['what nobody foresaw', () => Promise.reject(new Error('a patient by name'))],
])('(direct-xdm 6) %s: 451, in words that say nothing, and the connection goes on', async (_what, take) => {
  const port = await start({ take });
  const talk = await begin(port);
  expect(await talk.say(`${MAIL}.`)).toBe('451 4.3.0 try again later\r\n');
  expect(await talk.say('NOOP')).toMatch(/^250/);
  expect(port.events).toEqual(['not-kept']);
});

test('an empty sender is a report; a recipient named twice gets one mail', async () => {
  const port = await start();
  const talk = await talkTo(port.port);
  await talk.say('EHLO p');
  await talk.say('MAIL FROM:<>');
  await talk.say(`RCPT TO:<${LOCAL}>`);
  await talk.say(`RCPT TO:<${LOCAL.toUpperCase()}>`);
  await talk.say('DATA');
  expect(await talk.say(`${MAIL}.`)).toMatch(/^250/);
  expect(port.arrived).toMatchObject([{ isOfNobody: true, to: [LOCAL] }]);
});

describe('nobody is relayed for', () => {
  test.each([
    ['an address of elsewhere', 'someone@example.net'],
    ['an unknown address of a local domain', 'nobody@direct.tarn.example.org'],
    ['a route to elsewhere', '@direct.tarn.example.org:someone@example.net'],
    ['a percent hack', 'someone%example.net@direct.tarn.example.org'],
    ['a quoted local part', '"intake"@direct.tarn.example.org'],
    ['a literal of an address', 'intake@[127.0.0.1]'],
  ])('%s', async (_what, address) => {
    const port = await start();
    const talk = await talkTo(port.port);
    await talk.say('EHLO p');
    await talk.say('MAIL FROM:<a@b.example.org>');
    expect(await talk.say(`RCPT TO:<${address}>`)).toMatch(/^5\d\d/);
    expect(await talk.say('DATA')).toMatch(/^503/);
  });

  test('when the store cannot be asked, the peer is to come again', async () => {
    const port = await start({ knows: () => Promise.reject(new Error('closed')) });
    const talk = await talkTo(port.port);
    await talk.say('EHLO p');
    await talk.say('MAIL FROM:<a@b.example.org>');
    expect(await talk.say(`RCPT TO:<${LOCAL}>`)).toBe('451 4.3.0 try again later\r\n');
  });

  test('nobody logs in', async () => {
    const port = await start();
    const talk = await talkTo(port.port);
    expect(await talk.say('EHLO p')).not.toMatch(/AUTH|STARTTLS|SMTPUTF8/);
    expect(await talk.say('AUTH PLAIN AGEAYQ==')).toMatch(/^50\d/);
  });
});

describe('(direct-xdm 11) SMTP smuggling: only CR LF, dot, CR LF ends a mail, and nothing that others take for an end is let in', () => {
  test.each([
    ['LF dot LF', 'a\n.\nMAIL FROM:<x@y.example.org>\r\n'],
    ['LF dot CR LF', 'a\n.\r\nMAIL FROM:<x@y.example.org>\r\n'],
    ['CR LF dot LF', 'a\r\n.\nMAIL FROM:<x@y.example.org>\r\n'],
    ['CR dot CR', 'a\r.\rMAIL FROM:<x@y.example.org>\r\n'],
    ['CR LF dot CR', 'a\r\n.\rMAIL FROM:<x@y.example.org>\r\n'],
    ['a bare LF', 'a\nb\r\n'],
    ['a bare CR', 'a\rb\r\n'],
    ['a CR twice', 'a\r\r\nb\r\n'],
  ])('%s', async (_what, content) => {
    const port = await start();
    const talk = await begin(port);
    expect(await talk.say(`${content}.`)).toBe('554 5.6.0 lines must end with CRLF\r\n');
    expect(port.arrived).toEqual([]);
    expect(await talk.say('RSET')).toMatch(/^250/);
  });

  test('commands that are pipelined behind the end are answered in their order', async () => {
    const port = await start();
    const talk = await begin(port);
    talk.socket.write(
      `${MAIL}.\r\nMAIL FROM:<b@c.example.org>\r\nRCPT TO:<${LOCAL}>\r\nDATA\r\n${MAIL}.\r\nQUIT\r\n`,
    );
    const replies: string[] = [];
    for (let index = 0; index < 6; index += 1) replies.push((await talk.reply()).slice(0, 3));
    expect(replies).toEqual(['250', '250', '250', '354', '250', '221']);
    expect(port.arrived).toHaveLength(2);
  });
});

describe('bounds', () => {
  test('a mail that is announced as too large, and one that is', async () => {
    const port = await start({ settings: { receivedBytesMax: 1000 } });
    const talk = await talkTo(port.port);
    expect(await talk.say('EHLO p')).toContain('SIZE 1000');
    expect(await talk.say('MAIL FROM:<a@b.example.org> SIZE=1001')).toMatch(/^552/);
    const other = await begin(port);
    expect(await other.say(`${'x'.repeat(70)}\r\n`.repeat(100) + '.')).toMatch(/^552 5\.[23]\.\d /);
    expect(port.arrived).toEqual([]);
  });

  test('mails that are held together', async () => {
    const port = await start({ settings: { heldBytesMax: 2000 }, take: () => new Promise(() => undefined) });
    const mail = `${'x'.repeat(70)}\r\n`.repeat(10);
    const held = [await begin(port), await begin(port, [LOCAL], '127.0.0.2')];
    for (const { socket } of held) socket.write(`${mail}.\r\n`);
    while (port.arrived.length < held.length) await new Promise((resolve) => setTimeout(resolve, 5));
    const another = await begin(port, [LOCAL], '127.0.0.3');
    expect(await another.say(`${mail}.`)).toMatch(/^452 4\.\d\.\d too many/);
    for (const { socket } of held) socket.destroy();
  });

  test('what one host holds of it: others find room beside mails that never end', async () => {
    const port = await start({ settings: { heldBytesMax: 1000, receivedBytesMax: 500 } });
    const lines = (count: number): string => `${'x'.repeat(70)}\r\n`.repeat(count);
    const hanging = await begin(port);
    hanging.socket.write(lines(6)); // 432 bytes, and no end
    const second = await begin(port);
    expect(await second.say(`${lines(6)}.`)).toMatch(/^452/);
    const elsewhere = await begin(port, [LOCAL], '127.0.0.2');
    expect(await elsewhere.say(`${lines(6)}.`)).toMatch(/^250/);
    // What went away in the middle holds nothing.
    hanging.socket.destroy();
    const third = await begin(port);
    expect(await third.say(`${lines(6)}.`)).toMatch(/^250/);
  });

  test('a line of content, and a line of a command', async () => {
    const port = await start();
    const talk = await begin(port);
    expect(await talk.say(`${'x'.repeat(9000)}\r\n.`)).toBe('554 5.6.0 line too long\r\n');
    const other = await talkTo(port.port);
    other.socket.write('x'.repeat(100_000));
    expect(await other.reply()).toMatch(/^(|[45]\d\d.*)/);
    await new Promise((resolve) => other.socket.once('close', resolve));
  });

  test('recipients of a mail', async () => {
    const port = await start({ settings: { recipientsMax: 2 }, knows: async () => true });
    const talk = await talkTo(port.port);
    await talk.say('EHLO p');
    await talk.say('MAIL FROM:<a@b.example.org>');
    const replies: string[] = [];
    for (const local of ['a', 'b', 'c'])
      replies.push((await talk.say(`RCPT TO:<${local}@direct.tarn.example.org>`)).slice(0, 3));
    expect(replies).toEqual(['250', '250', '452']);
  });

  test('connections of one address, whose places come free again', async () => {
    const port = await start({ settings: { connectionsPerAddressMax: 1 } });
    const first = await talkTo(port.port);
    const refused = await talkTo(port.port);
    expect(await refused.say('EHLO p')).toBe('');
    expect(port.events).toEqual(['connection-refused']);
    first.socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const next = await talkTo(port.port);
    expect(await next.say('EHLO p')).toMatch(/^250/);
  });

  test('ten commands that mean nothing end the connection', async () => {
    const port = await start();
    const talk = await talkTo(port.port);
    let last = '';
    for (let index = 0; index < 10; index += 1) last = await talk.say('BREW coffee');
    expect(last).toMatch(/^421/);
  });
});

describe('(direct-xdm 11) a peer that hangs, or drips, is cut off', () => {
  const fast = { commandTimeoutMs: 150, dataTimeoutMs: 150 };

  test('before its first mail, though it says NOOP', async () => {
    const port = await start({ settings: fast });
    const talk = await talkTo(port.port);
    const noops = setInterval(() => talk.socket.write('NOOP\r\n'), 20);
    await new Promise((resolve) => talk.socket.once('close', resolve));
    clearInterval(noops);
    expect(port.events).toEqual(['timeout']);
  });

  const short = { commandsMax: 1000, withoutMailMs: 200 };

  test.each([
    ['MAIL and RSET', 'MAIL FROM:<a@direct.alder.example.org>\r\nRSET\r\n'],
    ['mails that are refused', `MAIL FROM:<>\r\nRCPT TO:<${LOCAL}>\r\nDATA\r\na\nb\r\n.\r\n`],
  ])('without a mail that is taken, though it says %s again and again', async (_what, said) => {
    const port = await start({ settings: { dataTimeoutMs: 300 }, stay: short });
    const talk = await talkTo(port.port);
    await talk.say('EHLO p');
    const again = setInterval(() => talk.socket.write(said), 50);
    await new Promise((resolve) => talk.socket.once('close', resolve));
    clearInterval(again);
    expect(port.events.filter((event) => event !== 'content-refused')).toEqual(['stayed-too-long']);
  });

  test('a mail that is taken gives it its time anew', async () => {
    // Four mails take longer than a stay without one; a machine that is busy does not make one of them too late.
    const port = await start({ settings: { dataTimeoutMs: 3000 }, stay: { ...short, withoutMailMs: 1500 } });
    const talk = await begin(port);
    for (let mails = 0; mails < 4; mails += 1) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(await talk.say(`${MAIL}.`)).toMatch(/^250/);
      await talk.say('MAIL FROM:<a@direct.alder.example.org>');
      await talk.say(`RCPT TO:<${LOCAL}>`);
      expect(await talk.say('DATA')).toMatch(/^354/);
    }
    expect(port.events).toEqual([]);
  });

  test.each(['NOOP', 'RSET', 'MAIL FROM:<a@direct.alder.example.org>\r\nRSET'])(
    'after too many commands, which are %s',
    async (said) => {
      const port = await start({
        settings: { recipientsMax: 1 },
        stay: { ...short, withoutMailMs: 60_000, commandsMax: 20 },
      });
      const talk = await talkTo(port.port);
      await talk.say('EHLO p');
      let all = '';
      talk.socket.on('data', (chunk) => (all += chunk.toString('latin1')));
      talk.socket.write(`${said}\r\n`.repeat(30));
      await new Promise((resolve) => talk.socket.once('close', resolve));
      expect(all.match(/^250/gm)).toHaveLength(20);
      expect(all).toMatch(/\r\n421 .*connect again\r\n$/);
      expect(port.events).toEqual(['stayed-too-long']);
    },
  );

  test('in its content: nothing of it counts', async () => {
    const port = await start({ settings: fast });
    const talk = await begin(port);
    const drip = setInterval(() => talk.socket.write('x'), 20);
    await new Promise((resolve) => talk.socket.once('close', resolve));
    clearInterval(drip);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(port.events).toEqual(['timeout', 'content-refused']);
    expect(port.arrived).toEqual([]);
  });

  test('while the server works, it may wait', async () => {
    const port = await start({
      settings: fast,
      take: () => new Promise((resolve) => setTimeout(resolve, 400, true)),
    });
    const talk = await begin(port);
    expect(await talk.say(`${MAIL}.`)).toMatch(/^250/);
  });
});

test.each([
  ['after the greeting', []],
  ['after EHLO', ['EHLO p']],
  ['after MAIL', ['EHLO p', 'MAIL FROM:<a@b.example.org>']],
  ['after RCPT', ['EHLO p', 'MAIL FROM:<a@b.example.org>', `RCPT TO:<${LOCAL}>`]],
  ['after DATA', ['EHLO p', 'MAIL FROM:<a@b.example.org>', `RCPT TO:<${LOCAL}>`, 'DATA']],
  ['in the content', ['EHLO p', 'MAIL FROM:<a@b.example.org>', `RCPT TO:<${LOCAL}>`, 'DATA', '+half a line']],
])(
  '(direct-xdm 11) a connection that is cut %s brings no mail, and the next one is served',
  async (_when, said) => {
    const port = await start();
    const talk = await talkTo(port.port);
    for (const line of said) {
      if (line.startsWith('+')) talk.socket.write(line);
      else await talk.say(line);
    }
    talk.socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(port.arrived).toEqual([]);
    const next = await begin(port);
    expect(await next.say(`${MAIL}.`)).toMatch(/^250/);
  },
);

test('a mail under way when the server stops is taken to its end', async () => {
  const port = await openPort({
    settings: { drainMs: 2000 },
    take: () => new Promise((resolve) => setTimeout(resolve, 100, true)),
  });
  const talk = await begin(port);
  const idle = await talkTo(port.port);
  const answered = talk.say(`${MAIL}.`);
  while (port.arrived.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const closed = port.close();
  expect(await answered).toMatch(/^250/);
  talk.socket.destroy();
  idle.socket.destroy();
  await closed;
});

test('STARTTLS is offered with our own certificate, and a new one serves new connections', async () => {
  const certificate = makeCertificate();
  const port = await start({ certificate });
  const talk = await talkTo(port.port);
  expect(await talk.say('EHLO p')).toContain('STARTTLS');
  const renewed = makeCertificate();
  port.renew(renewed);
  expect(await shownBy(port.port)).toBe(renewed.cert.replaceAll(/\s/g, ''));
});

async function shownBy(port: number): Promise<string> {
  const { connect } = await import('node:tls');
  const talk = await talkTo(port);
  await talk.say('EHLO p');
  await talk.say('STARTTLS');
  talk.socket.removeAllListeners('data');
  const secure = connect({ socket: talk.socket, rejectUnauthorized: false });
  await new Promise((resolve) => secure.once('secureConnect', resolve));
  const { raw } = secure.getPeerCertificate();
  secure.destroy();
  const base64 = raw.toString('base64');
  return `-----BEGINCERTIFICATE-----${base64}-----ENDCERTIFICATE-----`;
}
