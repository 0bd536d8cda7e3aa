/** By which rails a counterparty is told (harmony Z40). */
import { describe, expect, test } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import { chooseRails, RUNGS, type Channel } from '../../../src/delivery/choose-rail.ts';

const RAILS: ReadonlySet<string> = new Set(['rest-hook', 'hl7v2-mllp', 'capture', 'direct-project']);
const link: Channel = { endpoint: 'Endpoint/link', rail: 'hl7v2-mllp', verified: false, distance: 1 };
const captured: Channel = { endpoint: 'Endpoint/captured', rail: 'capture', verified: false, distance: 1 };
const direct = (id: string, verified: boolean, distance = 1): Channel => ({
  endpoint: `Endpoint/${id}`,
  rail: 'direct-project',
  verified,
  distance,
});

const choose = (isMember: boolean, ...channels: readonly Channel[]) => {
  const { taken, notTaken } = chooseRails({ isMember, channels }, RAILS);
  return [
    taken.map(({ endpoint }) => endpoint.split('/')[1]),
    Object.fromEntries(notTaken.map(({ rail, why }) => [rail, why])),
  ];
};

describe('(routing RL1) each rung is taken, or says why not', () => {
  const none = 'no-endpoint';
  test.each<[string, Parameters<typeof choose>, string[], Record<string, string>]>([
    [
      'nothing is known',
      [false],
      [],
      { inbox: none, 'hl7v2-mllp': none, capture: none, 'direct-project': none },
    ],
    [
      'a member has its inbox',
      [true, direct('d', true)],
      [],
      { 'hl7v2-mllp': none, capture: none, 'direct-project': 'not-preferred' },
    ],
    [
      'a link goes before Direct',
      [false, link, direct('d', true)],
      ['link'],
      { inbox: none, capture: none, 'direct-project': 'not-preferred' },
    ],
    ['Direct alone', [false, direct('d', true)], ['d'], { inbox: none, 'hl7v2-mllp': none, capture: none }],
    [
      'an unverified address is kept by the rail',
      [false, direct('d', false)],
      ['d'],
      { inbox: none, 'hl7v2-mllp': none, capture: none, 'direct-project': 'unverified' },
    ],
    [
      'a member with a link has both',
      [true, link, captured],
      ['link', 'captured'],
      { 'direct-project': none },
    ],
  ])('%s', (_what, asked, taken, notTaken) => {
    expect(choose(...asked)).toEqual([taken, notTaken]);
  });
});

describe('(harmony Z40) of several Direct addresses', () => {
  test.each<[string, Channel[], string]>([
    ['the role before the organization', [direct('org', true, 1), direct('role', true, 0)], 'role'],
    ['a verified one before a closer one', [direct('role', false, 0), direct('org', true, 2)], 'org'],
    ['the first by name where nothing else tells them apart', [direct('b', true), direct('a', true)], 'a'],
  ])('%s', (_what, channels, first) => {
    expect(choose(false, ...channels)[0]).toEqual([first]);
    expect(choose(false, ...channels.toReversed())[0]).toEqual([first]);
  });
});

describe('(360x 4) who asked by Direct is answered by Direct', () => {
  const answer = (isMember: boolean, cameBy: Ref, ...channels: readonly Channel[]) =>
    chooseRails({ isMember, channels, cameBy }, RAILS).taken.map(({ endpoint }) => endpoint);
  test.each<[string, boolean, readonly Channel[], readonly string[]]>([
    ['a member too', true, [direct('d', true)], ['Endpoint/d']],
    ['and not by its link', true, [link, direct('d', true)], ['Endpoint/d']],
    ['at the Endpoint that it asked from', false, [direct('a', true), direct('d', true)], ['Endpoint/d']],
    [
      'which the rail keeps while it is not verified',
      false,
      [direct('a', true), direct('d', false)],
      ['Endpoint/d'],
    ],
    ['unless that Endpoint is not there any more', true, [link, direct('a', true)], ['Endpoint/link']],
  ])('%s', (_what, isMember, channels, taken) => {
    expect(answer(isMember, 'Endpoint/d', ...channels)).toEqual(taken);
  });
});

test('(routing RL1) every combination of facts takes Direct only where nothing better is there', () => {
  for (let bits = 0; bits < 16; bits += 1) {
    const [isMember, hasLink, hasDirect, verified] = [1, 2, 4, 8].map((bit) => (bits & bit) !== 0);
    const channels = [
      ...(hasLink === true ? [link] : []),
      ...(hasDirect === true ? [direct('d', verified === true)] : []),
    ];
    const { taken, notTaken } = chooseRails({ isMember: isMember === true, channels }, RAILS);
    const isTaken = taken.some(({ rail }) => rail === 'direct-project');
    expect(isTaken).toBe(hasDirect === true && isMember !== true && hasLink !== true);
    const named = new Set([...taken, ...notTaken].map(({ rail }) => rail));
    for (const { rail } of RUNGS) expect(named.has(rail) || rail === 'inbox').toBe(true);
  }
});

test('a rail that this server does not have is not there', () => {
  expect(chooseRails({ isMember: false, channels: [direct('d', true)] }, new Set(['capture'])).taken).toEqual(
    [],
  );
});

describe('(baa-messaging BA18; harmony Z44) a way whose carrier has no agreement', () => {
  const link: Channel = { endpoint: 'Endpoint/link', rail: 'hl7v2-mllp', verified: false, distance: 0 };
  const mail: Channel = { endpoint: 'Endpoint/mail', rail: 'direct-project', verified: true, distance: 0 };
  const chosen = (isMember: boolean, ...channels: readonly Channel[]) => {
    const { taken, notTaken } = chooseRails(
      { isMember, channels },
      new Set(['hl7v2-mllp', 'direct-project']),
    );
    const reasons = notTaken.filter(({ why }) => why === 'carrier-agreement').map(({ rail }) => rail);
    return [taken.map(({ endpoint }) => endpoint), reasons];
  };

  test('leaves the next one', () => {
    expect(chosen(false, { ...link, closed: true }, mail)).toEqual([['Endpoint/mail'], ['hl7v2-mllp']]);
    expect(chosen(false, link, { ...mail, closed: true })).toEqual([['Endpoint/link'], ['direct-project']]);
  });

  test('is not taken to a member, who has an inbox', () => {
    expect(chosen(true, { ...link, closed: true })).toEqual([[], ['hl7v2-mllp']]);
  });

  test('is taken where there is no other, so that a person is asked', () => {
    expect(chosen(false, { ...link, closed: true })).toEqual([['Endpoint/link'], []]);
  });
});
