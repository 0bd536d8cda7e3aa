/** The rows of identity and how they are shown (identity 10, smart SM-80). */
import { describe, expect, test } from '@jest/globals';
import { IDENTITY_EVENTS, identityEntry, type IdentityEvent } from '../../../src/accounts/audit.ts';
import { renderAuditEvent } from '../../../src/resources/audit-event-render.ts';
import { IDENTITY_SYSTEMS } from '../../../src/resources/audit-entities.ts';
import { PATTERNS } from '../../../src/resources/audit-patterns.ts';

const EVENTS = Object.keys(IDENTITY_EVENTS) as IdentityEvent[]; // its own keys

const ACTOR = {
  organization: 'Organization/a',
  client: 'browser',
  subject: 'acc-1',
  session: 's-1',
} as const;
const row = (event: IdentityEvent) =>
  identityEntry(event, {
    actor: ACTOR,
    requestId: 'r-1',
    account: 'acc-2',
    client: 'app-1',
    session: 's-2',
    detail: { role: 'clinician' },
    viewers: ['Organization/b'],
    patients: ['Patient/1'],
  });

const shown = (event: IdentityEvent, organization: 'Organization/a' | 'Organization/b') =>
  renderAuditEvent(
    { seq: 7, position: 0, at: '2026-01-01T00:00:00.000Z', entry: row(event) },
    { organization, everything: false },
    { name: 'here' },
  );

describe('audit of identity', () => {
  test.each(EVENTS)('(smart SM-80) %s has a pattern of its own', (event) => {
    expect(PATTERNS[event]).toBeDefined();
    const { type, purposeOfEvent, action } = shown(event, 'Organization/a');
    expect(type).toEqual(PATTERNS[event]?.type);
    expect(action).toBe(IDENTITY_EVENTS[event]);
    expect(purposeOfEvent).toBeUndefined();
  });

  test('(identity 10) names the account, the client and the session by their ids, and what changed', () => {
    const { entity = [] } = shown('permission-changed', 'Organization/a');
    const ids = entity.flatMap(({ what }) =>
      what?.identifier?.system === undefined ? [] : [what.identifier],
    );
    expect(ids).toEqual([
      { system: IDENTITY_SYSTEMS.account, value: 'acc-2' },
      { system: IDENTITY_SYSTEMS.client, value: 'app-1' },
      { system: IDENTITY_SYSTEMS.session, value: 's-2' },
    ]);
    expect(entity.flatMap(({ detail = [] }) => detail)).toEqual([{ type: 'role', valueString: 'clinician' }]);
  });

  test('(smart SM-79) tells no other organization who it was and in which session', () => {
    const text = JSON.stringify(shown('account-changed', 'Organization/b'));
    expect(text).toContain('acc-2');
    expect(text).not.toMatch(/s-1|s-2|"acc-1"/);
  });

  test('(identity 10) a refusal has its code', () => {
    const refused = identityEntry('login', { actor: ACTOR, requestId: 'r', issue: 'token-invalid' });
    expect(refused).toMatchObject({ outcome: '4', issue: 'token-invalid', identity: {} });
  });
});
