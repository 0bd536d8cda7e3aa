/** What each side is shown of a delivery (routing RL3; directory DR44, DR48). */
import { describe, expect, test } from '@jest/globals';
import { renderDelivery, shownTo } from '../../../src/operations/deliveries/render.ts';
import type { EventDelivery, WayTaken } from '../../../src/operations/deliveries/ways.ts';
import { deliveriesOfReferral } from '../../../src/operations/extended/deliveries.ts';
import type { OperationParameter } from '../../../src/operations/extended/operation.ts';
import type { DeliveryRecord, EvidenceKind } from '../../../src/ports/delivered.ts';

const AT = '2026-03-01T10:00:00.000Z';
const RECORD: DeliveryRecord = {
  entry: '7-0',
  rail: 'direct-project',
  receiver: 'Endpoint/e',
  to: 'Organization/b',
  task: 'Task/t',
  subject: 'Task/t',
  event: 'send-referral-package',
  seq: 7,
  committedAt: AT,
  attempts: 1,
  state: 'queued',
  evidence: [],
};

const delivery = (record: Partial<DeliveryRecord>, way: Partial<WayTaken> = {}): EventDelivery => {
  const whole = { ...RECORD, ...record };
  return {
    event: {
      seq: 7,
      at: AT,
      event: 'send-referral-package',
      isMove: true,
      task: 'Task/t',
      subjects: ['Task/t'],
      parties: { initiator: 'Organization/a', recipient: 'Organization/b' },
      by: 'Organization/a',
      to: ['Organization/b'],
      held: 'number and name to be compared',
    },
    to: 'Organization/b',
    state: whole.state,
    ways: [{ record: whole, ...way }],
  };
};

const teller = { organization: 'Organization/a', compliance: false } as const;
const told = { organization: 'Organization/b', compliance: false } as const;
const officer = { organization: 'Organization/b', compliance: true } as const;
const text = (one: EventDelivery, viewer: Parameters<typeof renderDelivery>[1] = teller): string =>
  JSON.stringify(renderDelivery(one, viewer));

describe('(routing RL3) each side sees what concerns it', () => {
  test.each([
    ['queued', undefined, 'queued'],
    ['sent', undefined, 'sent'],
    ['transported', undefined, 'transported'],
    ['received', 'received', 'received'],
    ['acknowledged', 'acknowledged', 'acknowledged'],
    ['failed', undefined, 'failed'],
    ['withheld', undefined, undefined],
  ] as const)('%s shows to who is told as %s, to its compliance officer as %s', (state, own, officers) => {
    const one = delivery({ state });
    expect(shownTo(one, teller)?.state).toBe(state);
    expect(shownTo(one, told)?.state).toBe(own);
    expect(shownTo(one, officer)?.state).toBe(officers);
    expect(shownTo(one, { organization: 'Organization/c', compliance: true })).toBeUndefined();
    expect(shownTo(one, { organization: undefined, compliance: false })).toBe(one);
  });

  test('what holds it is for who tells it', () => {
    const one = delivery({ state: 'received' });
    expect(shownTo(one, told)?.event.held).toBeUndefined();
    expect(shownTo(one, teller)?.event.held).toBe('number and name to be compared');
  });
});

test('(directory DR44) what waits for its Endpoint to be verified is held, with its reason', () => {
  const waiting = { outcome: 'waiting', nextTry: Date.parse(AT) } as const;
  const shown = text(delivery({ why: 'held: the address of the Endpoint is not verified' }, waiting));
  expect(shown).toContain('{"name":"held","valueString":"the address of the Endpoint is not verified"}');
  expect(shown).toContain(`{"name":"nextTry","valueInstant":"${AT}"}`);
});

test('(directory DR48) evidence names the mail without its domain', () => {
  const evidence = [{ kind: 'mdn-processed', at: AT, source: '<m1@hisp.secret.example>' }] as const;
  const shown = text(delivery({ state: 'transported', evidence, dueBy: AT }));
  expect(shown).toContain('{"name":"source","valueString":"m1"}');
  expect(shown).not.toContain('secret.example');
  expect(shown).toContain('{"name":"awaits","valueCode":"mdn-dispatched"},{"name":"until","valueInstant":"');
});

test('what is overdue says so, until it came', () => {
  const overdue = { kind: 'dispatched-overdue', at: AT, source: 'm1' } as const;
  expect(text(delivery({ state: 'transported', evidence: [overdue] }))).toContain('"overdue"');
  expect(text(delivery({ state: 'received', evidence: [overdue] }))).not.toContain('"overdue"');
});

describe('(routing RL3) what is shown is declared', () => {
  const at = (kind: EvidenceKind, minute: string) =>
    ({ kind, at: `2026-03-01T10:${minute}:00.000Z`, source: 'm1' }) as const;
  const declared = (name: string): readonly OperationParameter[] =>
    deliveriesOfReferral.parameters
      .find((one) => one.name === 'delivery')
      ?.part?.find((one) => one.name === name)?.part ?? [];
  const shownParts = (one: EventDelivery): readonly string[] =>
    (renderDelivery(one, teller)['part'] as readonly { name: string; part?: readonly { name: string }[] }[])
      .filter(({ name }) => name === 'way')
      .flatMap(({ part = [] }) => part.map(({ name }) => name));

  test.each([
    [
      'waits',
      { why: 'held: the address is not verified' },
      { outcome: 'waiting', nextTry: Date.parse(AT) },
      'held',
    ],
    ['failed', { state: 'failed', evidence: [at('mdn-failed', '01')] }, { outcome: 'accepted' }, 'why'],
    ['is due', { state: 'sent', evidence: [at('smtp-accepted', '01')], dueBy: AT }, {}, 'until'],
    ['is overdue', { state: 'transported', evidence: [at('dispatched-overdue', '01')] }, {}, 'overdue'],
    [
      'is contradicted',
      { state: 'received', evidence: [at('mdn-dispatched', '01'), at('mdn-failed', '02')] },
      {},
      'contradicted',
    ],
  ] as const)('of what %s', (_what, record, way, part) => {
    const shown = shownParts(delivery(record, way));
    expect(shown).toContain(part);
    expect(declared('way').map(({ name }) => name)).toEqual(expect.arrayContaining([...shown]));
  });
});

test('why a Subscription failed is for who keeps it', () => {
  const failed = delivery({
    rail: 'rest-hook',
    receiver: 'Subscription/s',
    state: 'failed',
    why: 'HTTP 410',
    evidence: [{ kind: 'refused', at: AT, source: 'entry 7-0' }],
  });
  expect(text(failed)).not.toContain('HTTP 410');
  expect(text(failed, officer)).toContain('HTTP 410');
});
