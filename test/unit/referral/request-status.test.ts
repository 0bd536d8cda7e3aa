/** ServiceRequest.status follows the Tasks, and what a write to it means (rules 1.5, 1.6 G14). */
import { describe, expect, test } from '@jest/globals';
import { decideRequest, requestStatusOf } from '../../../src/referral/request-status.ts';
import type { State } from '../../../src/referral/state.ts';
import type { Party } from '../../../src/referral/transitions.ts';

describe('requestStatusOf', () => {
  test.each<[readonly State[], string | undefined]>([
    [[], undefined],
    [['draft'], undefined],
    [['entered-in-error'], undefined],
    [['received'], 'active'],
    [['accepted'], 'active'],
    [['in-progress'], 'active'],
    [['in-progress/5.1.1'], 'active'],
    [['in-progress/5.2'], 'active'],
    [['completed'], 'completed'],
    [['rejected'], 'revoked'],
    [['cancelled'], 'revoked'],
    [['rejected', 'received'], 'active'],
    [['rejected', 'completed'], 'completed'],
    [['entered-in-error', 'cancelled', 'draft'], 'revoked'],
  ])('%j: %s', (states, status) => expect(requestStatusOf(states)).toBe(status));
});

describe('decideRequest', () => {
  const I: readonly Party[] = ['referralInitiator'];
  const R: readonly Party[] = ['referralRecipient'];

  test.each<[string | undefined, string, readonly Party[], readonly State[], string]>([
    // without an open Task it is the client's
    ['draft', 'active', I, [], 'edit active'],
    ['active', 'revoked', I, [], 'edit revoked'],
    ['active', 'on-hold', I, ['draft'], 'edit on-hold'],
    [undefined, 'draft', I, [], 'edit draft'],
    ['completed', 'active', I, ['completed'], 'edit active'],
    // while one is open
    ['active', 'active', I, ['accepted'], 'edit active'],
    ['active', 'active', R, ['accepted'], 'edit active'],
    ['draft', 'active', I, ['received'], 'edit active'],
    ['active', 'revoked', I, ['received'], 'cancellation-request active'],
    ['active', 'revoked', [...I, ...R], ['in-progress/5.1.4'], 'cancellation-request active'],
    ['active', 'revoked', I, ['in-progress/5.2', 'accepted'], 'cancellation-request active'],
    ['active', 'revoked', I, ['in-progress/5.2'], 'edit active'],
    ['active', 'revoked', R, ['accepted'], 'not-your-move'],
    ['active', 'revoked', [], ['accepted'], 'not-your-move'],
    ['active', 'completed', I, ['accepted'], 'referral-rule'],
    ['active', 'on-hold', I, ['accepted'], 'referral-rule'],
    ['active', 'entered-in-error', I, ['received'], 'referral-rule'],
    ['active', 'draft', I, ['in-progress'], 'referral-rule'],
    ['active', 'completed', R, ['accepted'], 'referral-rule'],
  ])('%s to %s by %j with %j: %s', (from, to, actors, states, expected) => {
    const before = from === undefined ? undefined : { resourceType: 'ServiceRequest', status: from };
    const after = { resourceType: 'ServiceRequest', status: to };
    const ruling = decideRequest({ before, after, actors: new Set(actors), states });
    const [first, status] = expected.split(' ');
    const rewritten = expect.objectContaining({
      expression: ['ServiceRequest.status'],
      severity: 'information',
    });
    const notes = to === status ? [] : [rewritten];
    expect(ruling).toMatchObject(
      status === undefined
        ? { kind: 'refused', issue: first, expression: ['ServiceRequest.status'] }
        : { kind: first, status, notes },
    );
  });
});
