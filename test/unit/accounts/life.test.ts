/** The life of an account over the real store (identity 6). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  accountsIn,
  accountWrite,
  findAccount,
  findAccountByLogin,
  lastUse,
  loginTaken,
  membershipsInForce,
  membershipsOf,
  usedWrite,
} from '../../../src/accounts/accounts.ts';
import { ENDING_KINDS } from '../../../src/accounts/endings.ts';
import { inviteFirst, inviteUser } from '../../../src/accounts/invite.ts';
import { lookAtInvitation, openInvitation } from '../../../src/accounts/invitations.ts';
import { moveAccount } from '../../../src/accounts/life.ts';
import { setMembership } from '../../../src/accounts/memberships.ts';
import {
  ACCOUNT_MOVES,
  ACCOUNT_STATES,
  isAccountState,
  isAccountMove,
  stateAfterMove,
  type AccountState,
} from '../../../src/identity/account.ts';
import { INVITATION_MS, WRONG_CODES_MAX } from '../../../src/identity/invitation.ts';
import { allRecords } from '../../../src/ports/record.ts';
import { EVERYTHING } from '../../../src/ports/query.ts';
import { parseStored } from '../../../src/ports/stored-resource.ts';
import { auditedCommit } from '../../../src/ports/commit.ts';
import { planWorkItem } from '../../../src/operations/work-item.ts';
import { buildWrite } from '../../../src/operations/write/commit.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import { AUDIT_ROW } from '../../audit-row.ts';
import * as fc from '../../chance.ts';
import { by, codeOf, DAY, enrol, HOUR, openAccountWorld, type AccountWorld } from './world.ts';

let shared: AccountWorld;
beforeAll(async () => {
  shared = await openAccountWorld('a', 'b', 'recipient');
});
afterAll(() => shared.world.close());

let persons = 0;
/** A login name that nobody has. */
const fresh = () => `person-${(persons += 1)}@example.org`;

const ADMIN = by('installation');
const ROLE = 'PractitionerRole/recipient';

describe('login names', () => {
  test('(identity ID-1) are compared in NFC and lower case, and stand in no index', async () => {
    const { world, invite } = shared;
    await invite('José@Example.org');
    const snapshot = world.store.snapshot();
    expect((await findAccountByLogin(snapshot, 'JOSE\u0301@example.ORG'))?.login).toBe('José@Example.org');
    expect(await codeOf(invite('jose\u0301@example.org', { name: 'Another' }))).toBe('login-taken');
    const account = await findAccountByLogin(snapshot, 'José@Example.org');
    if (account === undefined) throw new Error('there is one');
    const found = [accountWrite('1', account, 'any').index, loginTaken(account.login, '1').key];
    expect(JSON.stringify(found).toLowerCase()).not.toMatch(/jos|example/);
  });

  test.each(['nobody', 'a b@c', 'a@b@c', `${'a'.repeat(250)}@b.org`, 'a\u0000@b.org', ''])(
    '(identity ID-1) %j is no login name',
    async (login) => {
      const { invite } = shared;
      expect(await codeOf(invite(login))).toBe('parameter-invalid');
    },
  );

  test('(identity ID-1) of twenty accounts that begin at once one alone gets the name', async () => {
    const { world, parts } = shared;
    const asked = Array.from({ length: 20 }, (_, i) =>
      codeOf(
        inviteUser(parts, ADMIN, {
          login: 'same@example.org',
          name: `Nr ${i}`,
          membership: { organization: 'Organization/a', roles: ['clinician'] },
        }),
      ),
    );
    const codes = await Promise.all(asked);
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    expect(new Set(codes)).toEqual(new Set([undefined, 'login-taken']));
    const invited = await accountsIn(world.store.snapshot(), 'invited');
    expect(invited.filter(({ login }) => login === 'same@example.org')).toHaveLength(1);
  });

  test('(identity ID-13) the name of a deactivated account is free on day 31, and its id never comes back', async () => {
    const { parts, invite, active, pass } = shared;
    const account = await active('gone@example.org');
    await moveAccount(parts, ADMIN, { account, move: 'deactivate' });
    expect(await codeOf(invite('gone@example.org'))).toBe('login-taken');
    pass(30 * DAY - 1);
    expect(await codeOf(invite('gone@example.org'))).toBe('login-taken');
    pass(1);
    const again = await invite('gone@example.org');
    expect(again).toMatchObject({ outcome: 'invited' });
    expect(again.account).not.toBe(account);
    expect((await findAccount(parts.store.snapshot(), account))?.state).toBe('deactivated');
  });
});

describe('invitations', () => {
  test('(identity ID-14) looking at a link changes nothing; the second use finds it dead', async () => {
    const { parts, invite } = shared;
    const { account, invitation } = await invite(fresh());
    const { secret = '' } = invitation ?? {};
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    for (let i = 0; i < 3; i += 1)
      expect(await lookAtInvitation(parts.store.snapshot(), secret)).toEqual({ needsCode: false });
    const use = () => openInvitation(parts, { secret, code: '', requestId: 'r' });
    expect(await use()).toMatchObject({ ok: true, account });
    expect(await use()).toEqual({ ok: false, code: 'invitation-invalid' });
    expect(await lookAtInvitation(parts.store.snapshot(), secret)).toBeUndefined();
    expect((await findAccount(parts.store.snapshot(), account))?.state).toBe('enrolling');
  });

  test('(identity ID-14) of ten uses at once one opens', async () => {
    const { parts, invite } = shared;
    const { invitation } = await invite(fresh());
    const { secret = '' } = invitation ?? {};
    const uses = await Promise.all(
      Array.from({ length: 10 }, () => openInvitation(parts, { secret, code: '', requestId: 'r' })),
    );
    expect(uses.filter(({ ok }) => ok)).toHaveLength(1);
  });

  test('(identity ID-14) a link lives for 72 hours', async () => {
    const { parts, invite, pass } = shared;
    const { invitation } = await invite(fresh());
    const { secret = '', expiresAt = 0 } = invitation ?? {};
    expect(expiresAt - parts.clock.now()).toBe(INVITATION_MS);
    expect(INVITATION_MS).toBe(72 * HOUR);
    pass(INVITATION_MS - 1);
    expect(await lookAtInvitation(parts.store.snapshot(), secret)).toBeDefined();
    pass(1);
    expect(await openInvitation(parts, { secret, code: '', requestId: 'r' })).toMatchObject({ ok: false });
  });

  test('(identity ID-54) the store has the hash of a link and of a code, never the thing', async () => {
    const { parts, invite } = shared;
    const { account, invitation } = await invite(fresh(), { roles: ['org-admin'] });
    const { secret = '', code = '' } = invitation ?? {};
    const found = await parts.store.snapshot().records('invitation', 'account', account);
    expect(found).toHaveLength(1);
    expect(JSON.stringify(found)).not.toContain(secret);
    expect(JSON.stringify(found)).not.toContain(code);
  });

  test.each<[string, boolean]>([
    ['clinician', false],
    ['front-desk', false],
    ['org-admin', true],
    ['compliance', true],
  ])('(identity ID-14) %s needs a code by another way: %s', async (role, needsCode) => {
    const { parts, invite } = shared;
    const { invitation } = await invite(fresh(), { roles: [role as 'clinician'] });
    expect(invitation?.code === undefined).toBe(!needsCode);
    expect(await lookAtInvitation(parts.store.snapshot(), invitation?.secret ?? '')).toEqual({ needsCode });
  });

  test('(identity ID-14) a wrong code opens nothing, and the fifth ends the link', async () => {
    const { parts, invite } = shared;
    const { invitation } = await invite(fresh(), { roles: ['org-admin'] });
    const { secret = '', code = '' } = invitation ?? {};
    const use = (typed: string) => openInvitation(parts, { secret, code: typed, requestId: 'r' });
    for (let i = 0; i < WRONG_CODES_MAX; i += 1)
      expect(await use('WRONGONE')).toEqual({ ok: false, code: 'invitation-code-wrong' });
    expect(await use(code)).toEqual({ ok: false, code: 'invitation-invalid' });
  });

  test('(identity ID-14) the code may be typed with blanks and in lower case', async () => {
    const { parts, invite } = shared;
    const { invitation } = await invite(fresh(), { roles: ['org-admin'] });
    const { secret = '', code = '' } = invitation ?? {};
    const typed = `${code.slice(0, 4).toLowerCase()}-${code.slice(4)} `;
    expect(await openInvitation(parts, { secret, code: typed, requestId: 'r' })).toMatchObject({ ok: true });
  });

  test('(identity ID-14) a link without a code opens nothing for who was given more since', async () => {
    const { parts, invite } = shared;
    const { account, invitation } = await invite(fresh());
    const given = { account, organization: 'Organization/a', roles: ['org-admin'] } as const;
    await setMembership(parts, ADMIN, given);
    const use = (secret = '', code = '') => openInvitation(parts, { secret, code, requestId: 'r' });
    expect(await use(invitation?.secret)).toEqual({ ok: false, code: 'invitation-invalid' });
    const { invitation: again } = await moveAccount(parts, ADMIN, { account, move: 'invite-again' });
    expect(await use(again?.secret)).toEqual({ ok: false, code: 'invitation-code-wrong' });
    expect(await use(again?.secret, again?.code)).toMatchObject({ ok: true });
  });

  test('(identity ID-14) another link ends the one before', async () => {
    const { parts, invite } = shared;
    const { account, invitation } = await invite(fresh());
    const { invitation: second } = await moveAccount(parts, ADMIN, { account, move: 'invite-again' });
    const use = (secret = '') => openInvitation(parts, { secret, code: '', requestId: 'r' });
    expect(await use(invitation?.secret)).toMatchObject({ ok: false });
    expect(await use(second?.secret)).toMatchObject({ ok: true });
  });
});

describe('states', () => {
  const moves = Object.keys(ACCOUNT_MOVES).filter(isAccountMove);

  test('(identity ID-13) nothing leads out of deactivated, and active is reached by enrolment or reactivation alone', () => {
    expect(moves.map((move) => stateAfterMove('deactivated', move))).toEqual(moves.map(() => undefined));
    expect(moves.filter((move) => ACCOUNT_MOVES[move].to === 'active')).toEqual(['enrol', 'reactivate']);
  });

  test('(identity ID-27) of all states one lets everywhere in, and one to enrolment', () => {
    const states = Object.keys(ACCOUNT_STATES).filter(isAccountState);
    const byLogin = (login: string) => states.filter((state) => ACCOUNT_STATES[state].login === login);
    expect([byLogin('full'), byLogin('enrolment')]).toEqual([['active'], ['enrolling']]);
    expect(isAccountState('toString')).toBe(false);
  });

  test('(identity ID-18) the last use is on record', async () => {
    const { parts, active, put, now } = shared;
    const account = await active(fresh());
    const used = () => lastUse(parts.store.snapshot(), account);
    expect(await used()).toBeUndefined();
    await put(usedWrite(account, now()));
    expect(await used()).toBe(now());
  });

  test('(identity ID-13) whatever order moves come in, the account is where the table says, audited each time', async () => {
    const { parts, invite, world } = shared;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...moves), { maxLength: 12 }), async (asked) => {
        const { account, invitation } = await invite(fresh());
        let state: AccountState = 'invited';
        let secret = invitation?.secret ?? '';
        for (const move of asked) {
          const next = stateAfterMove(state, move);
          const before = world.store.snapshot().seq;
          let code: string | undefined;
          if (move === 'open')
            code = (await openInvitation(parts, { secret, code: '', requestId: 'r' })).ok ? undefined : 'no';
          else if (move === 'enrol') code = await codeOf(enrol(parts, account));
          else
            code = await codeOf(
              (async () => {
                const moved = await moveAccount(parts, ADMIN, { account, move });
                secret = moved.invitation?.secret ?? secret;
              })(),
            );
          expect(code === undefined).toBe(next !== undefined);
          state = next ?? state;
          expect((await findAccount(world.store.snapshot(), account))?.state).toBe(state);
          const [row] = await world.store.snapshot().audit({ viewer: undefined, names: [], count: 1 });
          const isWritten = row?.seq === before + 1 && row.entry.event === 'account-changed';
          expect(isWritten && row.entry.identity?.account === account).toBe(next !== undefined);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('(identity ID-13) of moves at once one order holds, and the end is the end', async () => {
    const { parts, active } = shared;
    const account = await active(fresh());
    const move = (name: 'suspend' | 'reactivate' | 'deactivate') =>
      codeOf(moveAccount(parts, ADMIN, { account, move: name }));
    const codes = await Promise.all([
      ...Array.from({ length: 5 }, () => move('suspend')),
      ...Array.from({ length: 5 }, () => move('reactivate')),
      ...Array.from({ length: 3 }, () => move('deactivate')),
    ]);
    expect(codes.slice(10).filter((code) => code === undefined)).toHaveLength(1);
    expect(codes.filter((code) => code !== undefined && code !== 'account-state')).toEqual([]);
    expect((await findAccount(parts.store.snapshot(), account))?.state).toBe('deactivated');
  });
});

describe('the end', () => {
  const KINDS = Object.keys(ENDING_KINDS);
  const OF_FACTORS = Object.entries(ENDING_KINDS)
    .filter(([, with_]) => with_ === 'factors')
    .map(([kind]) => kind)
    .toSorted();

  async function withSittings(world: AccountWorld, account: string) {
    await world.put(
      ...KINDS.flatMap((kind) =>
        ['a', 'b'].map((organization) => ({
          kind,
          key: `${kind}-${account}-${organization}`,
          expect: 'any' as const,
          body: { account, organization: `Organization/${organization}` },
          index: [['account', account]] as const,
        })),
      ),
    );
  }
  const leftOf = async ({ world }: AccountWorld, account: string) => {
    const found = await Promise.all(
      KINDS.map((kind) => allRecords(world.store.snapshot(), kind, 'account', account)),
    );
    return [...new Set(found.flat().map(({ kind }) => kind))].toSorted();
  };

  test.each([
    ['deactivate', []],
    ['suspend', OF_FACTORS],
    ['reset', ['invitation']],
  ] as const)('(identity ID-17, ID-19) %s ends, in its commit, all but %s', async (move, left) => {
    const world = shared;
    const account = await world.active(fresh());
    const other = await world.active(fresh());
    await withSittings(world, account);
    await withSittings(world, other);
    const before = world.world.store.snapshot().seq;
    await moveAccount(world.parts, ADMIN, { account, move });
    expect(world.world.store.snapshot().seq).toBe(before + 1);
    expect(await leftOf(world, account)).toEqual(left);
    expect(await leftOf(world, other)).toEqual(KINDS.toSorted());
  });

  test('(identity ID-17) memberships end with the account', async () => {
    const { parts, active } = shared;
    const account = await active(fresh());
    await moveAccount(parts, ADMIN, { account, move: 'deactivate' });
    const snapshot = parts.store.snapshot();
    expect(await membershipsInForce(snapshot, account, parts.clock.now())).toEqual([]);
    expect((await membershipsOf(snapshot, account)).map(({ status }) => status)).toEqual(['ended']);
  });

  test('(identity ID-17) claimed work goes back to the team, and nothing else changes hands', async () => {
    const { parts, world, active } = shared;
    const claim = async (kind: 'message-unmatched', status: string) => {
      const planned = planWorkItem(`claimed-${status}`, {
        kind,
        says: 'somebody looks at it',
        authoredOn: new Date(parts.clock.now()).toISOString(),
        owner: 'Organization/recipient',
      });
      const task = { ...planned.after?.plain, resourceType: 'Task', status, owner: { reference: ROLE } };
      const written = buildWrite({ ...planned, after: { plain: task, storing: task } });
      await world.store.commit(auditedCommit([AUDIT_ROW], { writes: [written] }));
      return planned.ref;
    };
    const claimed = await claim('message-unmatched', 'requested');
    const done = await claim('message-unmatched', 'completed');
    const account = await active(fresh(), {
      membership: {
        organization: 'Organization/recipient',
        roles: ['coordinator'],
        practitionerRole: ROLE,
      },
    });
    const { returned } = await moveAccount(parts, ADMIN, { account, move: 'deactivate' });
    expect(returned).toBe(1);
    const ownerOf = async (ref: Ref) => {
      const version = await world.store.snapshot().read(ref, EVERYTHING);
      return parseStored(version?.text ?? '{}')['owner'];
    };
    expect(await ownerOf(claimed)).toEqual({ reference: 'Organization/recipient' });
    expect(await ownerOf(done)).toEqual({ reference: ROLE });
  });
});

const first = ({ parts }: AccountWorld, login = 'admin@example.org') =>
  inviteFirst(parts, ADMIN, { login, name: 'Administrator' });

describe('the first administrator', () => {
  const opened: AccountWorld[] = [];
  const openEmpty = async () => {
    const one = await openAccountWorld('a');
    opened.push(one);
    return one;
  };
  afterAll(async () => {
    for (const { world } of opened) await world.close();
  });

  test('(identity ID-16) is invited once: the second call is refused', async () => {
    const world = await openEmpty();
    const { invitation, account } = await first(world);
    expect(invitation?.secret).toBeDefined();
    expect(await findAccount(world.parts.store.snapshot(), account)).toMatchObject({ administrator: true });
    expect(await codeOf(first(world))).toBe('login-taken');
    expect(await codeOf(first(world, 'other@example.org'))).toBe('login-taken');
  });

  test('(identity ID-16) of ten at once there is one', async () => {
    const world = await openEmpty();
    const codes = await Promise.all(
      Array.from({ length: 10 }, (_, i) => codeOf(first(world, `admin${i}@example.org`))),
    );
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
  });

  test('(identity ID-16) there is one where others were invited before, and none where somebody administers', async () => {
    const [invited, administered] = [await openEmpty(), await openEmpty()];
    await invited.invite('somebody@example.org');
    expect(await codeOf(first(invited))).toBeUndefined();
    await administered.invite('somebody@example.org', { administrator: true });
    expect(await codeOf(first(administered))).toBe('login-taken');
  });
});
