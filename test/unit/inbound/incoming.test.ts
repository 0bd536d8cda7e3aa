/** A message as it comes in: for whom it may speak, by which key it is known again, and that MSH is read once (rules 7.1, 7.3). */
import { describe, expect, test } from '@jest/globals';
import { recoverHeader } from '../../../src/hl7v2/ack.ts';
import { LINK_DEFAULTS, type Link } from '../../../src/hl7v2/link.ts';
import { messageKeyOf, openIncoming, type Incoming } from '../../../src/inbound/hl7v2/incoming.ts';

const LINK: Link = {
  ...LINK_DEFAULTS,
  name: 'north',
  senders: [{ facility: 'NORTH', organization: 'Organization/north' }],
  receivers: [{ facility: 'SOUTH', organization: 'Organization/south' }],
};

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const header = ({
  from = 'NORTH',
  to = 'SOUTH',
  id = 'M-1',
  at = '20250314090512+0000',
  charset = '',
} = {}) =>
  bytesOf(`MSH|^~\\&|APP|${from}||${to}|${at}||OMG^O19^OMG_O19|${id}|P|2.5.1||||||${charset}\rPID|1\r`);

const RECEIVED_AT = Date.parse('2025-03-14T09:06:00Z');
const TOLERANCE_MS = 60_000;

const open = (bytes: Uint8Array, link = LINK): Incoming =>
  openIncoming(
    { link, bytes, address: undefined, signal: new AbortController().signal },
    RECEIVED_AT,
    TOLERANCE_MS,
  );

describe('(rules 7.1) a message speaks', () => {
  test.each<[what: string, bytes: Uint8Array, sender: unknown, receiver: unknown, barred: unknown]>([
    ['for a facility of the link', header(), 'Organization/north', 'Organization/south', undefined],
    ['for no other', header({ from: 'WEST' }), undefined, 'Organization/south', 'MSH-4'],
    ['to no other', header({ to: 'WEST' }), 'Organization/north', 'Organization/south', 'MSH-6'],
    ['to nobody', header({ to: '' }), 'Organization/north', undefined, undefined],
    ['for nobody, where it is no message', bytesOf('PID|1\r'), undefined, 'Organization/south', 'MSH'],
  ])('%s', (_what, bytes, sender, receiver, barred) => {
    const incoming = open(bytes);
    expect([incoming.sender, incoming.receiver, incoming.barred?.location]).toEqual([
      sender,
      receiver,
      barred,
    ]);
  });
});

describe('(rules 7.3) a message is known again', () => {
  test('by its control id on its link, whatever else it says', () => {
    expect(messageKeyOf(open(header()))).toMatchObject({ scope: 'hl7v2:north:APP:NORTH', id: 'id:M-1' });
  });

  test('by its content where it has none, and MSH-7 is no content', () => {
    const [one, again, other] = [{}, { at: '20250314090600+0000' }, { to: '' }].map((more) =>
      messageKeyOf(open(header({ ...more, id: '' }))),
    );
    expect(one?.id).toBe(`content:${one?.fingerprint}`);
    expect(again).toEqual(one);
    expect(other?.id).not.toBe(one?.id);
  });
});

describe('(house 9a2) MSH is read once and handed on', () => {
  const received = (bytes: Uint8Array, link: Link) => {
    const recovered = recoverHeader(bytes);
    const handed = openIncoming(
      { link, bytes, header: recovered, address: undefined, signal: new AbortController().signal },
      RECEIVED_AT,
      TOLERANCE_MS,
    );
    return { recovered, handed };
  };

  test('as the rail has read it', () => {
    const { recovered, handed } = received(header(), LINK);
    expect(handed.envelope?.msh).toBe(recovered.msh);
  });

  test('unless the message is in another character set than the rail could know', () => {
    const latin: Link = { ...LINK, charset: '8859/1' };
    const { recovered, handed } = received(header({ from: 'S\u00dcD' }), latin);
    expect(handed.envelope?.msh).not.toBe(recovered.msh);
    expect(handed.header?.sendingFacility).toBe('S\u00dcD');
  });

  test('and says the same as when it is read here', () => {
    for (const bytes of [header(), header({ charset: '8859/1', from: 'S\u00dcD' })])
      expect(received(bytes, LINK).handed.header).toEqual({ ...open(bytes).header });
  });
});
