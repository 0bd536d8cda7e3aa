import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import type { RuleContext } from '../../../src/resources/rules.ts';
import type { Destination } from '../../../src/ports/outgoing.ts';
import { guardOf } from '../../guarded.ts';
import { maskSecrets, parseCriteria, subscriptionRules } from '../../../src/resources/subscription-rules.ts';

const NOW = '2026-03-01T12:00:00.000Z';
const SECRET = 'Authorization: Bearer very-secret-token';

const context = {
  actor: 'Organization/a',
  administrator: false,
  now: NOW,
  settings: { openTaskForServiceRequest: true },
  admitAddress: async ({ address }: Destination) =>
    (await guardOf({ allowList: ['127.0.0.1:*'] }).permits({ purpose: 'rest-hook', address }))
      ? 'admitted'
      : 'not-allowed',
} as unknown as RuleContext; // these rules ask about nothing else

const CHANNEL = {
  type: 'rest-hook',
  endpoint: 'https://hooks.example.org/',
  payload: 'application/fhir+json',
};
const SUBSCRIPTION: Resource = {
  resourceType: 'Subscription',
  id: 's',
  status: 'requested',
  reason: 'to be told',
  criteria: 'Task?status=accepted&owner=Organization/a',
  channel: CHANNEL,
};

const rule = (change: { before?: Resource; after?: Resource }, ruleContext = context) =>
  subscriptionRules({ ref: 'Subscription/s', before: change.before, after: change.after }, ruleContext);

async function stored(after: Resource, before?: Resource): Promise<Resource | undefined> {
  const { refused, transform } = await rule(before === undefined ? { after } : { before, after });
  return refused === undefined ? (transform?.(after) ?? after) : undefined;
}

describe('status', () => {
  test.each([
    [undefined, 'requested', 'active'],
    [undefined, 'off', 'off'],
    ['off', 'requested', 'active'],
    ['active', 'requested', 'active'],
    ['active', 'active', 'active'],
    ['active', 'off', 'off'],
    ['error', 'error', 'error'],
    ['error', 'requested', 'active'],
    [undefined, 'active', undefined],
    [undefined, 'error', undefined],
    ['off', 'active', undefined],
    ['active', 'error', undefined],
  ])('%s, written as %s, is stored as %s', async (before, written, expected) => {
    const after = await stored(
      { ...SUBSCRIPTION, status: written },
      before === undefined ? undefined : { ...SUBSCRIPTION, status: before },
    );
    expect(after?.['status']).toBe(expected);
  });

  test('a deletion is allowed', async () => {
    expect(await rule({ before: SUBSCRIPTION })).toEqual({});
  });
});

describe('refused', () => {
  const channel = (change: object): object => ({ channel: { ...CHANNEL, ...change } });
  test.each<[string, object, string]>([
    ['an end in the past', { end: '2026-03-01T11:59:59Z' }, 'Subscription.end'],
    ['no type', { criteria: '?status=accepted' }, 'Subscription.criteria'],
    ['a topic', { criteria: 'http://example.org/topic' }, 'Subscription.criteria'],
    ['a type that is none', { criteria: 'Banana?status=accepted' }, 'Subscription.criteria'],
    ['a type that is none, alone', { criteria: 'Banana' }, 'Subscription.criteria'],
    ['an unknown parameter', { criteria: 'Task?colour=red' }, 'Subscription.criteria'],
    ['a chain', { criteria: 'Task?focus:ServiceRequest.identifier=1' }, 'Subscription.criteria'],
    ['a reverse chain', { criteria: 'Patient?_has:Task:patient:status=accepted' }, 'Subscription.criteria'],
    ['a result parameter', { criteria: 'Task?_count=1' }, 'Subscription.criteria'],
    ['an invalid value', { criteria: 'Task?modified=yesterday' }, 'Subscription.criteria'],
    ['audit', { criteria: 'AuditEvent?type=rest' }, 'Subscription.criteria'],
    ['too long a text', { criteria: `Task?status=${'a'.repeat(2048)}` }, 'Subscription.criteria'],
    ['another channel', channel({ type: 'email' }), 'Subscription.channel.type'],
    ['XML', channel({ payload: 'application/fhir+xml' }), 'Subscription.channel.payload'],
    ['no endpoint', channel({ endpoint: undefined }), 'Subscription.channel.endpoint'],
    ['a header of two lines', channel({ header: ['X: a\r\nHost: b'] }), 'Subscription.channel.header'],
    ['a mask for nothing', channel({ header: ['X: ***'] }), 'Subscription.channel.header'],
  ])('%s', async (_what, change, expression) => {
    const { refused } = await rule({ after: { ...SUBSCRIPTION, ...change } });
    expect(refused).toEqual({
      code: 'subscription-refused',
      expression: [expression],
      diagnostics: expect.any(String),
    });
  });

  test.each([
    ['plain http', 'http://hooks.example.org/'],
    ['an inner address', 'https://10.0.0.1/'],
    ['no host', 'https://[fe80::1%eth0]/'],
  ])('%s: one text for every reason (rules 6.3)', async (_what, endpoint) => {
    const { refused } = await rule({ after: { ...SUBSCRIPTION, ...channel({ endpoint }) } });
    expect(refused).toEqual({
      code: 'address-not-allowed',
      expression: ['Subscription.channel.endpoint'],
      diagnostics: 'The policy of this server does not allow this address.',
    });
  });

  test('an administrator who acts for nobody', async () => {
    const { refused } = await rule({ after: SUBSCRIPTION }, { ...context, actor: undefined });
    expect(refused?.expression).toEqual(['Subscription']);
  });
});

describe('accepted', () => {
  test.each<[string, object]>([
    ['an end to come', { end: '2026-03-01T12:00:01Z' }],
    ['everything of a type', { criteria: 'Task' }],
    ['everything of a type, as a search', { criteria: 'Task?' }],
    ['no payload', { channel: { ...CHANNEL, payload: undefined } }],
    ['an address of the allow-list', { channel: { ...CHANNEL, endpoint: 'http://127.0.0.1:5000/' } }],
    ['a header', { channel: { ...CHANNEL, header: [SECRET] } }],
    [
      'a payload that is also a header',
      { channel: { ...CHANNEL, header: ['Accept: application/fhir+json'] } },
    ],
  ])('%s', async (_what, change) => {
    const after = { ...SUBSCRIPTION, ...change };
    expect(await stored(after)).toEqual({ ...after, status: 'active' });
  });

  test('one that has ended can be switched off', async () => {
    const ended = { ...SUBSCRIPTION, status: 'active', end: '2026-01-01T00:00:00Z' };
    expect(await stored({ ...ended, status: 'off' }, ended)).toEqual({ ...ended, status: 'off' });
  });
});

describe('secrets', () => {
  const before: Resource = { ...SUBSCRIPTION, status: 'active', channel: { ...CHANNEL, header: [SECRET] } };

  test('are never shown', () => {
    const shown = maskSecrets(before);
    expect(JSON.stringify(shown)).not.toContain('very-secret');
    expect(shown).toEqual({ ...before, channel: { ...CHANNEL, header: ['Authorization: ***'] } });
    expect(maskSecrets(SUBSCRIPTION)).toBe(SUBSCRIPTION);
  });

  test('stay when their mask comes back', async () => {
    expect(await stored({ ...maskSecrets(before), reason: 'another' }, before)).toEqual({
      ...before,
      reason: 'another',
    });
  });

  test('are replaced and removed', async () => {
    const replaced = { ...before, channel: { ...CHANNEL, header: ['Authorization: Bearer other'] } };
    expect(await stored(replaced, before)).toEqual(replaced);
    const removed = { ...before, channel: CHANNEL };
    expect(await stored(removed, before)).toEqual(removed);
  });

  test('cannot be copied to where they would be shown', async () => {
    const copied = { ...before, reason: SECRET };
    const { refused } = await rule({ before, after: copied });
    expect(refused?.expression).toEqual(['Subscription.channel.header']);
    expect(refused?.diagnostics).not.toContain('very-secret');
    const moved = { ...before, reason: SECRET, channel: CHANNEL };
    expect((await rule({ before, after: moved })).refused).toBeDefined();
  });
});

test('criteria are read as a search', () => {
  const options = { base: 'http://localhost/fhir', now: Date.parse(NOW) };
  expect(parseCriteria('Task?status=accepted', options)).toEqual({
    type: 'Task',
    where: { kind: 'token', param: 'status', code: 'accepted' },
  });
});
