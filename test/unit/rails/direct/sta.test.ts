/**
 * Two security agents on loopback, with real keys: a package leaves, arrives and is confirmed (direct-xdm 2 to 6), and what
 * comes back that does not belong changes nothing (routing RL13).
 */
import { createHash, createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { protectMail } from '../../../../src/direct/cms/protect.ts';
import { writeDisposition } from '../../../../src/direct/mdn/write.ts';
import { composeMail } from '../../../../src/direct/mime/compose.ts';
import { readXdm } from '../../../../src/direct/xdm/read-package.ts';
import { auditedCommit } from '../../../../src/ports/commit.ts';
import type { DirectAddress, Disposition } from '../../../../src/ports/direct.ts';
import { writeVerification } from '../../../../src/resources/parties/direct-addresses.ts';
import { createDirectWorld, type DirectParty, type DirectWorld } from '../../../direct-world.ts';
import { openAgent, submissionOf, until, ENDPOINT, type Agent, type AgentOptions } from './agent.ts';
import { talkTo, type Talk } from './smtp-world.ts';
import { AUDIT_ROW } from '../../../audit-row.ts';

let keys: DirectWorld;
beforeAll(async () => {
  keys = await createDirectWorld();
});

const closing: Agent[] = [];
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
});

/** Two agents that are each other's relay. */
async function openPair(
  options: { readonly sender?: Partial<AgentOptions>; readonly receiver?: Partial<AgentOptions> } = {},
): Promise<{ readonly sender: Agent; readonly receiver: Agent }> {
  const ports = { sender: 0, receiver: 0 };
  const anchors = [keys.authority.certificate];
  const relay = {
    server: 'smtp://127.0.0.1:25',
    user: undefined,
    password: undefined,
    ca: undefined,
    tls: 'offered',
  } as const;
  const openOne = (
    parties: Pick<AgentOptions, 'own' | 'peer' | 'relay'>,
    more: Partial<AgentOptions> = {},
  ): Promise<Agent> => openAgent({ ...parties, anchors, ...more, settings: { relay, ...more.settings } });
  const sender = await openOne(
    { own: keys.initiator, peer: keys.recipient, relay: () => ports.receiver },
    options.sender,
  );
  const receiver = await openOne(
    { own: keys.recipient, peer: keys.initiator, relay: () => ports.sender },
    options.receiver,
  );
  ports.sender = sender.port;
  ports.receiver = receiver.port;
  closing.push(sender, receiver);
  return { sender, receiver };
}

/** Beside what the outbox says. */
const kindsOf = async (agent: Agent, entry: string): Promise<readonly string[]> =>
  ((await agent.delivery(entry))?.evidence ?? []).flatMap(({ kind }) => (kind === 'accepted' ? [] : [kind]));

test('(direct-xdm 2, 6) a package arrives signed and encrypted, and its notifications are evidence of the delivery', async () => {
  const { sender, receiver } = await openPair();
  const { entry, receipt } = await sender.send();
  expect(receipt).toMatchObject({
    outcome: 'accepted',
    evidence: [
      { kind: 'smtp-accepted', source: expect.stringMatching(/^cl-\d+-\d+-1-[0-9a-f]{24}@direct\.alder/) },
    ],
  });
  const [mail] = receiver.mails;
  expect(mail).toMatchObject({
    from: keys.initiator.address,
    to: keys.recipient.address,
    subject: 'XDM/1.0/DDM',
    asksDispatched: true,
    isAutomatic: false,
    distrust: undefined,
    through: 'sta',
  });
  const zip =
    mail?.parts.find(({ contentType }) => contentType === 'application/zip')?.bytes ?? new Uint8Array();
  const read = await readXdm(zip);
  expect(read).toMatchObject({ kind: 'package' });
  expect(receipt).toMatchObject({ bytesHash: createHash('sha256').update(zip).digest('hex') });
  const files = read.kind === 'package' ? read.submission.documents : [];
  expect(files).not.toEqual([]);
  const fileHashes = files.map(({ bytes }) => createHash('sha256').update(bytes).digest('hex'));
  expect(receipt).toMatchObject({ fileHashes }); // (baa-messaging MS51)
  await until(async () => (await kindsOf(sender, entry.id)).length === 2);
  expect([...(await kindsOf(sender, entry.id))].toSorted()).toEqual(['mdn-dispatched', 'mdn-processed']);
  await until(async () => (await receiver.owed()).length === 0);
  expect(await receiver.owed()).toEqual([]);
  expect(sender.mails).toEqual([]); // a notification is nobody's work
  expect(receiver.rail.status()).toMatchObject({
    received: { applied: 1 },
    sent: [{ kind: 'notification', answer: 'taken', count: 2 }],
  });
  expect(sender.rail.status()).toMatchObject({
    sent: [{ kind: 'package', answer: 'accepted', count: 1 }],
    dispositions: expect.arrayContaining([{ word: 'processed', fate: 'noted', count: 1 }]),
  });
});

test('(direct-xdm 6) every attempt has the same package and another Message-ID', async () => {
  const { sender, receiver } = await openPair();
  const entry = await sender.claim();
  await sender.deliver(entry);
  await sender.deliver({ ...entry, attempt: 2 });
  const [first, second] = receiver.mails;
  const zip = (mail: typeof first) => Buffer.from(mail?.parts.at(-1)?.bytes ?? []).toString('base64');
  expect(zip(second)).toBe(zip(first));
  expect(second?.messageId).not.toBe(first?.messageId);
  // Notifications about either belong to the entry, though no receipt was written.
  await until(async () => (await kindsOf(sender, entry.id)).length >= 2);
  expect(new Set(await kindsOf(sender, entry.id))).toEqual(new Set(['mdn-processed', 'mdn-dispatched']));
});

test('(direct-xdm 6) a full disk: 451, nothing is told, and the sender tries again', async () => {
  let isFull = true;
  const { sender, receiver } = await openPair({
    receiver: {
      receive: async () => (isFull ? { fate: 'not-kept', owed: [] } : { fate: 'applied', owed: [] }),
    },
  });
  const entry = await sender.claim();
  expect(await sender.deliver(entry)).toEqual({
    outcome: 'retry',
    why: 'the relay answered 451 4.3.0',
    afterMs: 60_000,
  });
  isFull = false;
  expect(await sender.deliver({ ...entry, attempt: 2 })).toMatchObject({ outcome: 'accepted' });
  expect(receiver.mails).toHaveLength(2);
  expect(await receiver.owed()).toEqual([]);
});

test('(direct-xdm 6) notifications that cannot be sent now are tried again, and given up after a day with a line of the log', async () => {
  let isAway = true;
  const away = await openPair({ receiver: { relay: () => (isAway ? 9 : 0) } });
  const { sender, receiver } = away;
  await sender.send();
  await until(async () => (await receiver.owed()).every(({ attempts }) => attempts === 1));
  expect(await receiver.owed()).toMatchObject([{ attempts: 1 }, { attempts: 1 }]);
  isAway = false;
  receiver.clock.ahead(25 * 3_600_000);
  await receiver.rail.sendOwed(AbortSignal.timeout(5000));
  expect(await receiver.owed()).toEqual([]);
  expect(receiver.logs.filter((line) => line.startsWith('warn'))).toHaveLength(2);
  expect(receiver.logs.join(' ')).not.toContain('nokafor');
});

test('(direct-xdm 6) a full disk after the mail was kept: each notification leaves once all the same', async () => {
  let isFull = true;
  const { sender, receiver } = await openPair({ receiver: { isFull: () => isFull } });
  await sender.send();
  await until(async () => receiver.logs.filter((line) => line.includes('could not be stored')).length >= 2);
  for (let run = 0; run < 3; run += 1) await receiver.rail.sendOwed(AbortSignal.timeout(5000));
  expect(await receiver.owed()).toHaveLength(2);
  isFull = false;
  await receiver.rail.sendOwed(AbortSignal.timeout(5000));
  expect(await receiver.owed()).toEqual([]);
  expect(receiver.rail.status().sent).toEqual([{ kind: 'notification', answer: 'taken', count: 2 }]);
});

describe('(directory DR44, DR45) nothing is sent', () => {
  test('to an address that nobody vouches for: it waits', async () => {
    const { sender, receiver } = await openPair();
    const asserted = {
      address: keys.recipient.address,
      organization: undefined,
      state: 'asserted',
      how: 'none',
      by: 'test',
      at: '2026-01-01T00:00:00.000Z',
    } as const;
    await sender.world.store.commit(
      auditedCommit([AUDIT_ROW], { records: [writeVerification(ENDPOINT, asserted)] }),
    );
    expect(await sender.deliver(await sender.claim())).toMatchObject({
      outcome: 'retry',
      why: expect.stringContaining('held'),
    });
    expect(receiver.mails).toEqual([]);
  });

  test('for which no certificate is found (5.7.31), or none that is trusted (5.7.11)', async () => {
    const stranger = await keys.party('a@direct.strange.example.org');
    const { sender } = await openPair({
      sender: { peer: { ...keys.recipient, domain: 'elsewhere.example.org' } },
    });
    expect(await sender.deliver(await sender.claim())).toMatchObject({
      outcome: 'refused',
      why: expect.stringContaining('5.7.31'),
      evidence: [{ kind: 'untrusted' }],
    });
    const other = await openPair({ sender: { anchors: [stranger.certificate] } });
    expect(await other.sender.deliver(await other.sender.claim())).toMatchObject({
      outcome: 'refused',
      why: expect.stringContaining('5.7.11'),
    });
  });

  test('that is too large: the size is told', async () => {
    const { sender } = await openPair({
      sender: { settings: { mailBytesMax: 65_536 }, build: async (entry) => large(entry) },
    });
    expect(await sender.deliver(await sender.claim())).toEqual({
      outcome: 'refused',
      why: expect.stringMatching(/^the mail has \d\.\d MB, and a Direct mail may have 0\.1 MB$/),
    });
  });

  const large = (entry: Parameters<typeof submissionOf>[2]) => {
    const built = submissionOf(keys.initiator, keys.recipient, entry);
    if (built.kind !== 'submission') return built;
    const [message] = built.submission.documents;
    if (message === undefined) throw new Error('no message');
    const documents = [{ ...message, bytes: randomBytes(100_000) }];
    return { ...built, submission: { ...built.submission, documents } };
  };

  test('without what its standard asks for, or without the notice it owes (compliance C10, P30)', async () => {
    const lacking = await openPair({ sender: { build: async () => ({ kind: 'lacks', lacks: ['PID-3'] }) } });
    expect(await lacking.sender.deliver(await lacking.sender.claim())).toEqual({
      outcome: 'refused',
      why: 'PID-3',
    });
    const silent = await openPair({
      sender: {
        build: async (entry) =>
          ({ ...submissionOf(keys.initiator, keys.recipient, entry), notice: ['The notice'] }) as never,
      },
    });
    await expect(silent.sender.deliver(await silent.sender.claim())).rejects.toThrow('without the notice');
  });
});

describe('(baa-messaging MS15) a message without a package', () => {
  const written = (notice: readonly string[] = []) => ({
    kind: 'mail' as const,
    from: keys.initiator.address,
    text: 'The clinic is open on Friday.',
    files: [{ fileName: 'FILE1.txt', contentType: 'text/plain', bytes: Buffer.from('a letter') }],
    notice,
  });

  test('is signed, encrypted and mailed, and the hashes of what left are told', async () => {
    const { sender } = await openPair({ sender: { build: async () => written() } });
    const receipt = await sender.deliver(await sender.claim());
    expect(receipt).toMatchObject({
      outcome: 'accepted',
      fileHashes: [createHash('sha256').update('a letter').digest('hex')],
    });
  });

  test('does not leave without the notice that it owes', async () => {
    const { sender } = await openPair({ sender: { build: async () => written(['The notice']) } });
    await expect(sender.deliver(await sender.claim())).rejects.toThrow('without the notice');
  });
});

interface Written {
  readonly signer: DirectParty;
  readonly from: DirectAddress;
  readonly to: DirectAddress;
  readonly recipient: DirectParty;
  readonly message: Uint8Array;
}

/** Signs and encrypts a message of anybody. */
const protect = ({ signer, from, to, recipient, message }: Written): Promise<Uint8Array> =>
  protectMail(message, {
    headers: { from, to, messageId: 'outer@x.example.org', date: Date.now() },
    signer: {
      certificate: new X509Certificate(signer.certificate),
      privateKey: createPrivateKey(signer.privateKey),
      intermediates: [],
    },
    recipient: new X509Certificate(recipient.certificate),
    keyTransport: 'pkcs1',
    at: Date.now(),
    random: randomBytes,
  });

/** Brings it to an agent, too. */
const mailTo = async (
  agent: Agent,
  { envelopeFrom, ...written }: Written & { readonly envelopeFrom?: DirectAddress },
): Promise<string> => bring(agent, written.to, await protect(written), envelopeFrom);

async function bring(agent: Agent, to: DirectAddress, bytes: Uint8Array, from = ''): Promise<string> {
  const talk = await greet(agent);
  const answer = await hand(talk, to, bytes, from);
  talk.socket.destroy();
  return answer;
}

async function greet({ port }: Agent): Promise<Talk> {
  const talk = await talkTo(port);
  await talk.say('EHLO p');
  return talk;
}

async function hand(talk: Talk, to: DirectAddress, bytes: Uint8Array, from = ''): Promise<string> {
  await talk.say(`MAIL FROM:<${from}>`);
  await talk.say(`RCPT TO:<${to}>`);
  await talk.say('DATA');
  talk.socket.write(bytes);
  return talk.say('\r\n.');
}

const plain = (from: DirectAddress, to: DirectAddress, text: string): Uint8Array =>
  Buffer.from(`From: <${from}>\r\nTo: <${to}>\r\nMessage-ID: <p@x.example.org>\r\n\r\n${text}\r\n`);

test('(direct-xdm 11) a mail without a sender in its envelope is of a machine: nobody answers it', async () => {
  const { receiver } = await openPair();
  const [from, to] = [keys.initiator.address, keys.recipient.address];
  const mail = {
    signer: keys.initiator,
    from,
    to,
    recipient: keys.recipient,
    message: plain(from, to, 'away'),
  };
  await mailTo(receiver, mail);
  await mailTo(receiver, { ...mail, envelopeFrom: from });
  expect(receiver.mails).toMatchObject([
    { isAutomatic: true, distrust: undefined },
    { isAutomatic: false, distrust: undefined },
  ]);
});

test('(direct-xdm 11) of a mail that is not believed the beginning is kept, and of many the first fifty an hour', async () => {
  const { receiver } = await openPair();
  const stranger = await keys.party('a@direct.strange.example.org');
  const [from, to] = [keys.initiator.address, keys.recipient.address];
  const mailOf = (lines: number) => ({
    signer: stranger,
    from,
    to,
    recipient: keys.recipient,
    message: plain(from, to, 'a line of a long mail\r\n'.repeat(lines)),
  });
  // One connection: a greeting takes a tenth of a second.
  const talk = await greet(receiver);
  expect(await hand(talk, to, await protect(mailOf(10_000)))).toMatch(/^250/);
  const mail = mailOf(1);
  for (let count = 1; count < 52; count += 1)
    expect(await hand(talk, to, await protect(mail))).toMatch(/^250/);
  talk.socket.destroy();
  expect(receiver.mails).toHaveLength(50);
  expect(receiver.mails[0]).toMatchObject({ distrust: 'signer-not-sender', bytes: { length: 64 * 1024 } });
  const issues = (await receiver.audit()).flatMap(({ entry }) => entry.issue ?? []);
  expect(issues).toEqual(['mail-not-believed', 'mail-not-believed']);
  receiver.clock.ahead(3_600_000);
  await mailTo(receiver, mail);
  expect(receiver.mails).toHaveLength(51);
});

const mdn = (by: DirectAddress, to: DirectAddress, messageId: string, disposition: Disposition): Uint8Array =>
  writeDisposition(
    { by, to, messageId, disposition, at: new Date().toISOString(), attempts: 0, dueAt: 0 },
    { reportingUa: 'test', at: Date.now(), messageId: 'mdn@test.example.org' },
  );

describe('(routing RL13) a notification that does not belong changes nothing, and is audited', () => {
  test('signed by another domain; by a stranger; about another recipient; about what was never sent; not signed', async () => {
    const { sender } = await openPair({ receiver: { receive: async () => ({ fate: 'applied', owed: [] }) } });
    const { entry, receipt } = await sender.send();
    const id = receipt.outcome === 'accepted' ? (receipt.evidence?.[0]?.source ?? '') : '';
    const other = await keys.party('x@direct.other.example.org');
    const to = keys.initiator.address;
    const by = keys.recipient.address;
    const recipient = keys.initiator;
    const message = mdn(by, to, id, 'failed');
    const answers = [
      // its From is the other's own, its final recipient is not
      await mailTo(sender, {
        signer: other,
        from: other.address,
        to,
        recipient,
        message: renamed(message, other.address),
      }),
      await mailTo(sender, {
        signer: keys.recipient,
        from: by,
        to,
        recipient,
        message: mdn(by, to, 'cl-1-0-1-0123456789abcdef01234567@direct.alder.example.org', 'failed'),
      }),
      await mailTo(sender, {
        signer: other,
        from: other.address,
        to,
        recipient,
        message: mdn(other.address, to, id, 'failed'),
      }),
      await bring(sender, to, message),
    ];
    expect(new Set(answers)).toEqual(new Set(['250 2.6.0 taken\r\n']));
    expect(await kindsOf(sender, entry.id)).toEqual([]);
    const issues = (await sender.audit()).flatMap(({ entry: row }) => row.issue ?? []);
    expect(issues.toSorted()).toEqual([
      'disposition-forged',
      'disposition-forged',
      'disposition-unmatched',
      'disposition-unmatched',
    ]);
  });

  /** Another sender in the header of the message, and nothing else. */
  const renamed = (message: Uint8Array, to: string): Uint8Array =>
    Buffer.from(
      Buffer.from(message)
        .toString('latin1')
        .replace(/^From: .*$/m, `From: ${to}`),
      'latin1',
    );

  test('(direct-xdm 6) a failure counts, and one that lacks the id belongs to the one mail that is open', async () => {
    const { sender } = await openPair({ receiver: { receive: async () => ({ fate: 'applied', owed: [] }) } });
    const { entry } = await sender.send();
    const to = keys.initiator.address;
    const message = Buffer.from(
      Buffer.from(mdn(keys.recipient.address, to, 'nothing@x', 'failed'))
        .toString('latin1')
        .replaceAll(/^(Original-Message-ID|In-Reply-To|References):.*\r\n/gim, ''),
      'latin1',
    );
    await mailTo(sender, {
      signer: keys.recipient,
      from: keys.recipient.address,
      to,
      recipient: keys.initiator,
      message,
    });
    expect(await kindsOf(sender, entry.id)).toEqual(['mdn-failed']);
    expect(await sender.delivery(entry.id)).toMatchObject({ state: 'failed' });
  });
});

describe('(direct-xdm 3, 11) what is not believed, and what cannot be opened, gets the answer of everything else', () => {
  const plain = (from: DirectAddress, to: DirectAddress): Promise<Uint8Array> =>
    composeMail({
      from,
      to,
      subject: 's',
      messageId: 'm@x.example.org',
      date: Date.now(),
      text: 't',
      files: [],
      asks: 'none',
    });

  test.each<
    [
      string,
      (
        world: DirectWorld,
        other: DirectParty,
      ) => { signer: DirectParty; from: DirectAddress; recipient: DirectParty },
      string | undefined,
    ]
  >([
    [
      'signed by another domain',
      (world, other) => ({ signer: other, from: world.initiator.address, recipient: world.recipient }),
      'signer-not-sender',
    ],
    [
      'encrypted for somebody else',
      (world, other) => ({ signer: world.initiator, from: world.initiator.address, recipient: other }),
      undefined,
    ],
  ])('%s', async (_what, wish, distrust) => {
    const { receiver } = await openPair();
    const other = await keys.party('x@direct.other.example.org');
    const { signer, from, recipient } = wish(keys, other);
    const message = await plain(from, keys.recipient.address);
    const began = performance.now();
    const answer = await mailTo(receiver, { signer, from, to: keys.recipient.address, recipient, message });
    // Of what was not opened, time tells nothing: the answer comes with the beat of a second.
    expect(performance.now() - began > 990).toBe(distrust === undefined);
    expect(answer).toBe('250 2.6.0 taken\r\n');
    expect(receiver.mails.map((mail) => mail.distrust)).toEqual(distrust === undefined ? [] : [distrust]);
    const issues = (await receiver.audit()).flatMap(({ entry: row }) => row.issue ?? []);
    expect(issues).toEqual(distrust === undefined ? ['mail-undecryptable'] : []);
  });

  test('a plain mail, and bytes that mean nothing', async () => {
    const { receiver } = await openPair();
    const to = keys.recipient.address;
    expect(await bring(receiver, to, await plain(keys.initiator.address, to), 'a@b.example.org')).toMatch(
      /^250/,
    );
    expect(await bring(receiver, to, Buffer.from('\u0000\u0001nothing'))).toMatch(/^250/);
    expect(receiver.mails).toEqual([]);
  });
});

describe('(direct-xdm 6) what is not confirmed in time', () => {
  const HOUR = 3_600_000;
  const silent: Partial<AgentOptions> = { receive: async () => ({ fate: 'applied', owed: [] }) };

  test('processed: mailed once more, then a person is asked; a late notification still counts', async () => {
    const { sender, receiver } = await openPair({ receiver: silent });
    const { entry } = await sender.send();
    await sender.rail.markOverdue(AbortSignal.timeout(5000));
    expect(sender.resent()).toBe(0);
    sender.clock.ahead(HOUR + 1000);
    await sender.rail.markOverdue(AbortSignal.timeout(5000));
    expect(sender.resent()).toBe(1);
    expect(receiver.mails).toHaveLength(2);
    expect(await kindsOf(sender, entry.id)).toEqual(['smtp-accepted']);
    sender.clock.ahead(HOUR + 1000);
    await sender.rail.markOverdue(AbortSignal.timeout(5000));
    expect(sender.resent()).toBe(1);
    expect(await sender.delivery(entry.id)).toMatchObject({ state: 'failed' });
    sender.clock.ahead(HOUR);
    await sender.rail.markOverdue(AbortSignal.timeout(5000));
    expect((await kindsOf(sender, entry.id)).filter((kind) => kind === 'processed-overdue')).toHaveLength(1);
    const id = receiver.mails[0]?.messageId ?? '';
    const message = mdn(keys.recipient.address, keys.initiator.address, id, 'processed');
    await mailTo(sender, {
      signer: keys.recipient,
      from: keys.recipient.address,
      to: keys.initiator.address,
      recipient: keys.initiator,
      message,
    });
    expect(await sender.delivery(entry.id)).toMatchObject({ state: 'transported' });
  });

  test('dispatched: a person is asked; a peer that never sends it is not waited for any more', async () => {
    const { sender } = await openPair({ receiver: silent });
    const dispatchedOverdue: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const { entry, receipt } = await sender.send();
      const id = receipt.outcome === 'accepted' ? (receipt.evidence?.[0]?.source ?? '') : '';
      const message = mdn(keys.recipient.address, keys.initiator.address, id, 'processed');
      await mailTo(sender, {
        signer: keys.recipient,
        from: keys.recipient.address,
        to: keys.initiator.address,
        recipient: keys.initiator,
        message,
      });
      for (const ms of [2 * HOUR, 24 * HOUR]) {
        sender.clock.ahead(ms);
        await sender.rail.markOverdue(AbortSignal.timeout(5000));
      }
      dispatchedOverdue.push(
        (await kindsOf(sender, entry.id)).filter((kind) => kind === 'dispatched-overdue').length,
      );
    }
    expect(dispatchedOverdue).toEqual([1, 1, 1, 0]);
    expect(sender.resent()).toBe(0);
  });
});

test('(direct-xdm 1) doctor says what the own security agent lacks, and reaches the relay', async () => {
  const { sender } = await openPair();
  expect(await sender.rail.verify()).toEqual([
    { ok: true, says: 'domains: direct.alder.example.org (sta)' },
    { ok: true, says: 'SMTP at 127.0.0.1:0' },
    { ok: true, warning: true, says: 'SMTP offers no STARTTLS → set directTlsCert and directTlsKey' },
    { ok: true, says: expect.stringMatching(/^relay .* answers$/) },
  ]);
  const bare = await openPair({
    sender: { settings: { keys: undefined, listen: undefined, relay: undefined } },
  });
  const says = (await bare.sender.rail.verify()).map((finding) => finding.says.split(' → ')[1]);
  expect(says).toEqual([undefined, 'set directKeys', 'set directListen', 'set directRelay']);
});
