/** Mail out to a relay, on real sockets: what the relay said, TLS, accounts, and bytes that stay as they are (direct-xdm 6, 11). */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { SMTPServer } from 'smtp-server';
import { createRelay, type Relay, type RelayParts } from '../../../../src/rails/direct/relay.ts';
import { guardOf } from '../../../guarded.ts';
import { LOCAL, makeCertificate, openPort } from './smtp-world.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const guard = guardOf({ purpose: 'direct-relay', allowList: ['127.0.0.1', 'localhost'] });

const relayTo = (
  port: number,
  more: Partial<RelayParts['account']> = {},
  scheme = 'smtp',
  ca?: string,
): Relay =>
  createRelay({
    purpose: 'direct-relay',
    account: {
      server: `${scheme}://localhost:${port}`,
      user: undefined,
      password: undefined,
      tls: 'offered',
      ...more,
    },
    ca,
    connect: (destination, options) => guard.connect(destination, options),
    name: 'direct.alder.example.org',
  });

const MAIL = {
  from: 'a@direct.alder.example.org',
  to: LOCAL,
  bytes: Buffer.from('From: a\r\n\r\n.\r\n..\r\n\tlong \r\n'),
} as const;
const soon = (): AbortSignal => AbortSignal.timeout(4000);

test('(direct-xdm 13) the bytes arrive as they are, under the envelope alone', async () => {
  const port = await openPort();
  closing.push(() => port.close());
  const relay = relayTo(port.port);
  expect(relay.isAt('127.0.0.1')).toBe(false);
  expect(await relay.send(MAIL, soon())).toEqual({ kind: 'taken' });
  expect(await relay.send({ ...MAIL, from: undefined }, soon())).toEqual({ kind: 'taken' });
  expect(port.arrived).toMatchObject([
    { bytes: MAIL.bytes, to: [LOCAL], isOfNobody: false },
    { bytes: MAIL.bytes, to: [LOCAL], isOfNobody: true },
  ]);
  expect(relay.isAt('::ffff:127.0.0.1')).toBe(true);
});

/** A relay that answers one command as told (or with `hang`, `cut`), and all others well. */
async function scripted(at: string, answer: string): Promise<number> {
  const server = createServer((socket: Socket) => {
    const say = (command: string, well: string): void => {
      if (command !== at) socket.write(`${well}\r\n`);
      else if (answer === 'cut') socket.destroy();
      else if (answer !== 'hang') socket.write(`${answer}\r\n`);
    };
    socket.on('error', () => undefined);
    say('CONNECT', '220 relay');
    let inContent = false;
    socket.on('data', (chunk) => {
      const text = chunk.toString();
      if (inContent && text.endsWith('\r\n.\r\n')) {
        inContent = false;
        return say('CONTENT', '250 taken');
      }
      if (inContent) return undefined;
      const command = text.slice(0, 4);
      inContent = command === 'DATA' && at !== 'DATA';
      return say(command, command === 'DATA' ? '354 go on' : '250 well');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

const AGAIN = (why: string) => ({ kind: 'again', why });

test.each<[string, string, object]>([
  ['MAIL', '451 4.7.1 greylisted, Mary Patient', AGAIN('the relay answered 451 4.7.1')],
  ['MAIL', '550 5.7.1 no', { kind: 'refused', why: 'the relay answered 550 5.7.1' }],
  ['RCPT', '450 4.2.1 full', AGAIN('the relay answered 450 4.2.1')],
  ['RCPT', '550 5.1.1 <x> unknown', { kind: 'refused', why: 'the relay answered 550 5.1.1' }],
  ['RCPT', '550 unknown', { kind: 'refused', why: 'the relay answered 550' }],
  ['DATA', '421 going down', AGAIN('the relay answered 421')],
  ['CONTENT', '452 4.3.1 disk full', AGAIN('the relay answered 452 4.3.1')],
  ['CONTENT', '554 5.7.1 content refused', { kind: 'refused', why: 'the relay answered 554 5.7.1' }],
  ['CONNECT', '554 no service', AGAIN('the relay answered 554')],
])('(direct-xdm 6) at %s the relay answers %s', async (at, answer, expected) => {
  const relay = relayTo(await scripted(at, answer));
  expect(await relay.send(MAIL, soon())).toEqual(expected);
});

test.each(['CONNECT', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'CONTENT'])(
  '(direct-xdm 11) a relay that hangs up, and one that hangs, at %s: the mail goes again',
  async (at) => {
    expect(await relayTo(await scripted(at, 'cut')).send(MAIL, soon())).toEqual(AGAIN('unreachable'));
    const began = performance.now();
    const relay = relayTo(await scripted(at, 'hang'));
    expect(await relay.send(MAIL, AbortSignal.timeout(100))).toEqual(AGAIN('timeout'));
    expect(performance.now() - began).toBeLessThan(1500);
  },
);

test('(directory DR43) nobody there, and a place that is not allowed', async () => {
  const port = await openPort();
  await port.close();
  expect(await relayTo(port.port).send(MAIL, soon())).toEqual(AGAIN('refused'));
  const elsewhere = createRelay({
    purpose: 'direct-relay',
    account: { server: 'smtp://10.1.2.3:25', user: undefined, password: undefined, tls: 'offered' },
    ca: undefined,
    connect: (destination, options) => guard.connect(destination, options),
    name: 'x',
  });
  expect(await elsewhere.send(MAIL, soon())).toEqual(AGAIN('policy'));
});

test('STARTTLS: used where it is offered, asked for where it is required, and only of the right name', async () => {
  const certificate = makeCertificate();
  const port = await openPort({ certificate });
  closing.push(() => port.close());
  expect(await relayTo(port.port, { tls: 'required' }, 'smtp', certificate.cert).send(MAIL, soon())).toEqual({
    kind: 'taken',
  });
  expect(await relayTo(port.port, { tls: 'required' }).send(MAIL, soon())).toEqual(AGAIN('tls'));
  const plain = await openPort();
  closing.push(() => plain.close());
  expect(await relayTo(plain.port, { tls: 'required' }).send(MAIL, soon())).toMatchObject({ kind: 'again' });
  expect(plain.arrived).toEqual([]);
});

test('an account at smtps: the login, and one that is wrong is no fault of the mail', async () => {
  const certificate = makeCertificate();
  const logins: string[] = [];
  const server = new SMTPServer({
    secure: true,
    ...certificate,
    logger: false,
    onAuth: ({ username = '', password }, _session, callback) => {
      logins.push(username);
      if (password === 'right') callback(null, { user: username });
      else callback(new Error('wrong'));
    },
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise<void>((resolve) => server.close(resolve)));
  const { port } = server.server.address() as AddressInfo;
  const account = { user: 'closeloop', password: 'right' };
  const right = relayTo(port, account, 'smtps', certificate.cert);
  expect(await right.send(MAIL, soon())).toEqual({ kind: 'taken' });
  expect(await right.verify()).toEqual({
    ok: true,
    says: `relay localhost:${port} answers and takes the account`,
  });
  const wrong = relayTo(port, { ...account, password: 'wrong' }, 'smtps', certificate.cert);
  expect(await wrong.send(MAIL, soon())).toEqual(AGAIN('the relay answered 535'));
  expect(await wrong.verify()).toMatchObject({ ok: false, says: expect.stringContaining('535') });
  expect(new Set(logins)).toEqual(new Set(['closeloop']));
});
