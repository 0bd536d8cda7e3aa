import { describe, expect, test } from '@jest/globals';
import { chainOf, CHAIN_LINKS_MAX, openEnds } from '../../../src/agreements/chain.ts';
import type { AgreementKind } from '../../../src/agreements/contract.ts';
import { standingOfPair } from '../../../src/agreements/pair.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import { agreement, stored, type AgreementSpec } from '../../agreements.ts';
import * as fc from '../../chance.ts';

const JUNE = Date.parse('2026-06-01T12:00:00Z');
const ELM = 'Organization/elm';
const BILLING = 'Organization/billing-co';

describe('a pair (baa-messaging 2)', () => {
  test('is one value for both directions (baa-messaging BA12)', () => {
    const contracts = [stored({ id: 'b1' })];
    const parties = { state: 'active', contract: 'Contract/b1', principal: ELM, associate: BILLING };
    expect(standingOfPair(contracts, ELM, BILLING, JUNE)).toMatchObject(parties);
    expect(standingOfPair(contracts, BILLING, ELM, JUNE)).toMatchObject(parties);
    expect(standingOfPair(contracts, ELM, 'Organization/oak', JUNE).state).toBe('none');
  });

  test('is active if any covering agreement is, else as the newest by issue, then by commit', () => {
    const old = stored({ id: 'old', issued: '2025-01-01', status: 'terminated' });
    const now = stored({ id: 'now', issued: '2026-01-01' });
    const next = stored({ id: 'next', issued: '2026-05-01', status: 'offered', signed: [] });
    const last = stored({ id: 'last', issued: '2026-05-01', status: 'policy', signed: [], seq: 2 });
    expect(standingOfPair([old, now, next], ELM, BILLING, JUNE).contract).toBe('Contract/now');
    expect(standingOfPair([old, next], ELM, BILLING, JUNE)).toMatchObject({ state: 'pending' });
    expect(standingOfPair([next, last, old], ELM, BILLING, JUNE)).toMatchObject({ state: 'staging' });
  });

  test('a service that no agreement covers has none', () => {
    const contracts = [
      stored({ id: 'b1', services: ['billing'] }),
      stored({ id: 'f1', services: ['fax'], status: 'revoked' }),
    ];
    expect(standingOfPair(contracts, ELM, BILLING, JUNE, 'billing').state).toBe('active');
    expect(standingOfPair(contracts, ELM, BILLING, JUNE, 'fax').state).toBe('revoked');
    expect(standingOfPair(contracts, ELM, BILLING, JUNE, 'shredding').state).toBe('none');
  });

  test('a qualified service organization agreement alone binds no associate; with a baa it does (baa-messaging BA8)', () => {
    expect(standingOfPair([stored({ id: 'q', kinds: ['qso'] })], ELM, BILLING, JUNE).state).toBe('none');
    expect(standingOfPair([stored({ id: 'q', kinds: ['baa', 'qso'] })], ELM, BILLING, JUNE).state).toBe(
      'active',
    );
  });
});

const link = (id: string, from: string, to: string, more: AgreementSpec = {}) =>
  stored({
    id,
    principal: `Organization/${from}`,
    associate: `Organization/${to}`,
    kinds: [from === 'a' ? 'baa' : 'subcontractor-baa'],
    ...more,
  });

describe('a chain (baa-messaging BA7)', () => {
  const chain = (contracts: readonly ReturnType<typeof link>[], from = 'a', to = 's') =>
    chainOf(contracts, `Organization/${from}` as Ref, `Organization/${to}` as Ref, JUNE);
  const upper = link('av', 'a', 'v', { services: ['billing', 'fax'] });
  const lower = link('vs', 'v', 's', { services: ['fax'] });

  test('is active where each link is, in both directions, and names its links from the top (baa-messaging BA7)', () => {
    for (const found of [chain([lower, upper]), chain([lower, upper], 's', 'a')])
      expect(found).toMatchObject({
        state: 'active',
        links: [{ contract: 'Contract/av' }, { contract: 'Contract/vs' }],
      });
  });

  test('a direct agreement is a chain of one link', () => {
    expect(chain([link('as', 'a', 's')])).toMatchObject({
      state: 'active',
      links: [{ contract: 'Contract/as' }],
    });
  });

  test('closing above closes all below at once, also for the associate in the middle (baa-messaging BA7)', () => {
    const closed = link('av', 'a', 'v', { status: 'revoked' });
    expect(chain([closed, lower])).toMatchObject({ state: 'revoked', broken: { contract: 'Contract/av' } });
    expect(chain([closed, lower], 'v', 's')).toMatchObject({
      state: 'revoked',
      broken: { contract: 'Contract/av' },
    });
    expect(chain([lower], 'v', 's').state).toBe('none');
    expect(chain([upper, lower], 'v', 's').state).toBe('active');
  });

  test('a broken lower link is named', () => {
    expect(
      chain([upper, link('vs', 'v', 's', { signed: [], status: 'offered', services: ['fax'] })]),
    ).toMatchObject({ state: 'pending', broken: { contract: 'Contract/vs', principal: 'Organization/v' } });
  });

  test('services of a subcontractor stay within those above', () => {
    expect(chain([upper, link('vs', 'v', 's', { services: ['fax', 'ai'] })])).toMatchObject({
      state: 'pending',
      broken: { contract: 'Contract/vs', gaps: ['services'] },
    });
  });

  test('an end of the lower link after that of the upper does not matter', () => {
    expect(chain([upper, link('vs', 'v', 's', { services: ['fax'], end: '2030' })]).state).toBe('active');
  });

  test('a plain agreement of an associate with another is no link below it', () => {
    expect(chain([upper, link('vs', 'v', 's', { kinds: ['baa'], services: ['fax'] })]).state).toBe('none');
  });

  test('another way that is whole counts where one is broken', () => {
    const broken = link('av', 'a', 'v', { status: 'disputed' });
    const contracts = [broken, lower, link('aw', 'a', 'w'), link('ws', 'w', 's')];
    expect(chain(contracts)).toMatchObject({
      state: 'active',
      links: [{ contract: 'Contract/aw' }, { contract: 'Contract/ws' }],
    });
  });

  test(`has at most ${CHAIN_LINKS_MAX} links`, () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const links = names.slice(1).map((name, at) => link(`${names[at]}${name}`, names[at] ?? '', name));
    expect(chain(links, 'a', 'f')).toMatchObject({ state: 'active' });
    expect(chain(links, 'a', 'f').links).toHaveLength(CHAIN_LINKS_MAX);
    expect(chain(links, 'a', 'g').state).toBe('none');
  });

  test('a circle is no chain', () => {
    const circle = [link('vs', 'v', 's'), link('sw', 's', 'w'), link('wv', 'w', 'v')];
    expect(chain(circle, 'v', 's').state).toBe('none');
    expect(chain(circle, 'a', 's').state).toBe('none');
  });

  test('200 agreements that all name one another are looked at in bounded time', () => {
    const names = Array.from({ length: 15 }, (_, at) => `n${at}`);
    const all = names.flatMap((one) =>
      names.filter((other) => other !== one).map((other) => link(`${one}${other}`, one, other)),
    );
    const begun = performance.now();
    expect(chain(all, 'a', 'n3').state).toBe('none');
    expect(performance.now() - begun).toBeLessThan(2000);
  });

  test('(baa-messaging BA13) whoever stands at the other end of a chain in force is found at once', () => {
    const names = ['a', 'b', 'v', 's', 't'];
    const one = fc.record({
      from: fc.constantFrom(...names),
      to: fc.constantFrom(...names),
      status: fc.constantFrom('executed', 'executed', 'revoked', 'offered'),
      services: fc.subarray(['billing', 'fax'], { minLength: 1 }),
      kind: fc.constantFrom<AgreementKind>('baa', 'subcontractor-baa'),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 8 }), (drawn) => {
        const contracts = drawn.map(({ from, to, kind, ...more }, at) =>
          link(`c${at}`, from, to, { ...more, kinds: [kind] }),
        );
        for (const name of names) {
          const found = openEnds(contracts, `Organization/${name}`, JUNE);
          const active = names.filter(
            (other) => other !== name && chain(contracts, name, other).state === 'active',
          );
          expect([...found].toSorted()).toEqual(active.map((other) => `Organization/${other}`).toSorted());
        }
      }),
    );
  });

  test('a Contract whose party is no organization here binds nobody', () => {
    const outside = {
      ...agreement({ id: 'x' }),
      subject: [{ reference: 'https://elsewhere.example/Organization/s' }],
    };
    expect(
      chainOf([{ ref: 'Contract/x', seq: 1, contract: outside }], 'Organization/elm', 'Organization/s', JUNE)
        .state,
    ).toBe('none');
  });
});
