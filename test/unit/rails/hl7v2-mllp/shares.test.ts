/** What a peer may take of a port before its messages say whose they are (rules 7.1). */
import { describe, expect, test } from '@jest/globals';
import { LINK_DEFAULTS, type Link } from '../../../../src/hl7v2/link.ts';
import { createPeerShares } from '../../../../src/rails/hl7v2-mllp/shares.ts';

const link = (name: string): Link => ({
  ...LINK_DEFAULTS,
  name,
  senders: [],
  receivers: [],
  authorities: [],
});
const [NORTH, SOUTH] = [[link('north')], [link('south')]];
const open = () => createPeerShares({ connectionsPerPeerMax: 2, heldBytesMax: 100 });

describe('(rules 7.1) a peer has its share', () => {
  test('of connections, and another has its own', () => {
    const shares = open();
    const first = shares.enter(NORTH);
    expect(
      [first, shares.enter(NORTH), shares.enter(NORTH), shares.enter(SOUTH)].map((one) => one !== undefined),
    ).toEqual([true, true, false, true]);
    first?.leave();
    expect(shares.enter(NORTH)).toBeDefined();
  });

  test.each<
    [what: string, held: readonly [one: number, two: number, other: number], may: readonly boolean[]]
  >([
    ['half of all bytes', [30, 20, 50], [true, true, true]],
    ['no more than half, over several connections', [30, 21, 10], [true, false, true]],
    ['one message alone, however large', [101, 0, 0], [true, true, true]],
    ['nothing that would fill the context of all', [60, 0, 41], [true, true, false]],
  ])('of bytes: %s', (_what, [one, two, other], may) => {
    const shares = open();
    const held = [shares.enter(NORTH), shares.enter(NORTH), shares.enter(SOUTH)];
    expect([one, two, other].map((bytes, index) => held[index]?.hold(bytes))).toEqual(may);
  });

  test('what is given back is free again', () => {
    const shares = open();
    const [one, two] = [shares.enter(NORTH), shares.enter(NORTH)];
    expect([one?.hold(40), two?.hold(40)]).toEqual([true, false]);
    one?.leave();
    expect(two?.hold(50)).toBe(true);
  });

  test('of a peer that left holds nothing, though its last message is answered later', () => {
    const shares = open();
    const [gone, other] = [shares.enter(NORTH), shares.enter(SOUTH)];
    gone?.hold(40);
    gone?.leave();
    expect(gone?.hold(60)).toBe(true);
    expect(other?.hold(50)).toBe(true);
    expect(shares.enter(NORTH)?.hold(50)).toBe(true);
  });
});
