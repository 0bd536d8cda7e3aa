/** The table of agreements, exhaustively: each situation, each status that can be written, each actor, each way to write. */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { agreementEventOf } from '../../../src/agreements/contract.ts';
import { standingOfAgreement } from '../../../src/agreements/state.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import { signer, type AgreementSpec } from '../../agreements.ts';
import { administrator, type WorldReply } from '../../world.ts';
import { because, billing, elm, openScene, type Scene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

// prettier-ignore
const STATUSES = [
  'policy', 'offered', 'negotiable', 'executable', 'executed', 'amended', 'appended', 'resolved', 'disputed',
  'terminated', 'renewed', 'revoked', 'cancelled', 'rejected', 'entered-in-error',
] as const;

type Actor = 'principal' | 'associate' | 'administrator';
const CALLERS = { principal: elm, associate: billing, administrator };

interface Situation {
  readonly name: string;
  readonly spec: AgreementSpec;
  /** The state that the page gives to it. */
  readonly state: string;
  /** What each may write from here, as the page has it; every other status is refused. */
  readonly may: Readonly<Record<Actor, string>>;
}

const LATER: AgreementSpec = { start: '2026-09-01', end: '2027-08-31' };
const OVER: AgreementSpec = { start: '2025-01-01', end: '2026-05-31' };

// prettier-ignore
const SITUATIONS: readonly Situation[] = [
  { name: 'being prepared',      state: 'staging', spec: { status: 'policy', signed: [] },                 may: { principal: 'offered rejected',                     associate: '',                                     administrator: 'entered-in-error' } },
  { name: 'offered',             state: 'pending', spec: { status: 'offered', signed: [] },                may: { principal: 'policy executable revoked rejected',   associate: 'negotiable executable revoked rejected', administrator: 'entered-in-error' } },
  { name: 'countered',           state: 'pending', spec: { status: 'negotiable', signed: [] },             may: { principal: 'policy executable revoked rejected',   associate: 'executable revoked rejected',          administrator: 'entered-in-error' } },
  { name: 'signed by principal', state: 'pending', spec: { status: 'executable', signed: ['principal'] },  may: { principal: 'policy revoked rejected',              associate: 'negotiable executed revoked rejected', administrator: 'entered-in-error' } },
  { name: 'signed by associate', state: 'pending', spec: { status: 'executable', signed: ['associate'] },  may: { principal: 'policy executed revoked rejected',     associate: 'negotiable revoked rejected',          administrator: 'entered-in-error' } },
  { name: 'not started',         state: 'pending', spec: { ...LATER },                                     may: { principal: 'revoked',                              associate: 'revoked',                              administrator: 'entered-in-error' } },
  { name: 'suspended',           state: 'pending', spec: { status: 'disputed' },                           may: { principal: 'resolved revoked',                     associate: 'revoked',                              administrator: 'entered-in-error' } },
  { name: 'in force',            state: 'active',  spec: {},                                               may: { principal: 'disputed revoked',                     associate: 'revoked',                              administrator: 'entered-in-error' } },
  { name: 'resolved',            state: 'active',  spec: { status: 'resolved' },                           may: { principal: 'disputed revoked',                     associate: 'revoked',                              administrator: 'entered-in-error' } },
  { name: 'over by the clock',   state: 'expired', spec: { ...OVER },                                      may: { principal: '',                                     associate: '',                                     administrator: 'entered-in-error' } },
  { name: 'over on record',      state: 'expired', spec: { ...OVER, status: 'terminated' },                may: { principal: '',                                     associate: '',                                     administrator: 'entered-in-error' } },
  { name: 'renewed',             state: 'expired', spec: { ...OVER, status: 'renewed' },                   may: { principal: '',                                     associate: '',                                     administrator: 'entered-in-error' } },
  { name: 'revoked',             state: 'revoked', spec: { status: 'revoked' },                            may: { principal: '',                                     associate: '',                                     administrator: 'entered-in-error' } },
  { name: 'rejected',            state: 'none',    spec: { status: 'rejected', signed: [] },               may: { principal: '',                                     associate: '',                                     administrator: 'entered-in-error' } },
];

const REFUSALS: ReadonlySet<unknown> = new Set([
  'agreement-transition-not-allowed',
  'agreement-incomplete',
  'agreement-frozen',
  'not-your-signature',
  'not-your-move',
  'not-found',
  'not-custodian',
]);

/** Everything that a move of this actor may need: a reason, and its signature. */
function written(stored: Resource, status: string, actor: Actor): Resource {
  const changed = because({ ...stored, status }, 'other', 'It is so.');
  if ((status !== 'executable' && status !== 'executed') || actor === 'administrator') return changed;
  const party = actor === 'principal' ? 'Organization/elm' : 'Organization/billing-co';
  const own = signer(actor, party, { signedOn: '2026-06-01T12:00:00Z' });
  return { ...changed, signer: [...((stored['signer'] as object[] | undefined) ?? []), own] };
}

type Way = (actor: Actor, resource: Resource) => Promise<WorldReply>;

const asPatch = (resource: Resource): object[] =>
  ['status', 'extension', 'signer'].flatMap((element) =>
    resource[element] === undefined ? [] : [{ op: 'add', path: `/${element}`, value: resource[element] }],
  );

const WAYS: Readonly<Record<string, Way>> = {
  PUT: (actor, resource) => scene.ask(CALLERS[actor], 'PUT', `Contract/${resource.id}`, resource),
  PATCH: (actor, resource) =>
    scene.ask(CALLERS[actor], 'PATCH', `Contract/${resource.id}`, asPatch(resource)),
  transaction: (actor, resource) =>
    scene.ask(CALLERS[actor], 'POST', '', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [{ resource, request: { method: 'PUT', url: `Contract/${resource.id}` } }],
    }),
};

let made = 0;

/** `allowed` and stored as it says, or `refused` by a code of the table and nothing stored; else what was wrong. */
async function outcomeOf(
  spec: AgreementSpec,
  way: string,
  actor: Actor,
  status: string,
): Promise<readonly string[]> {
  const stored = await scene.put({ ...spec, id: `t${(made += 1)}` });
  const reply = await WAYS[way]?.(actor, written(stored, status, actor));
  const after = await scene.stored(`Contract/${stored.id}`);
  if ((reply?.status ?? 0) < 300) {
    const legalState = { coding: [{ system: 'http://hl7.org/fhir/contract-legalstate', code: status }] };
    return after['status'] === status && isDeepStrictEqual(after['legalState'], legalState)
      ? ['allowed']
      : ['stored', JSON.stringify(after)];
  }
  const isRefused = REFUSALS.has(reply?.code) && isDeepStrictEqual(after, stored);
  return isRefused ? ['refused'] : ['answered', String(reply?.code)];
}

describe.each(SITUATIONS)('$name ($state)', ({ spec, may }) => {
  describe.each(Object.keys(WAYS))('by %s', (way) => {
    test.each(['principal', 'associate', 'administrator'] as const)(
      'the %s writes what the table lets it write, and nothing else (baa-messaging BA1)',
      async (actor) => {
        const found = new Map<string, readonly string[]>();
        for (const status of STATUSES.filter((one) => one !== (spec.status ?? 'executed')))
          found.set(status, await outcomeOf(spec, way, actor, status));
        const allowed = [...found].filter(([, faults]) => faults[0] === 'allowed').map(([status]) => status);
        const wrong = [...found].filter(([, [first]]) => first !== 'allowed' && first !== 'refused');
        expect(wrong).toEqual([]);
        expect(allowed.join(' ')).toBe(may[actor]);
      },
    );
  });
});

test.each(STATUSES)(
  'an agreement is created in preparation alone: as %s (baa-messaging BT01)',
  async (status) => {
    const { id: _id, ...stored } = await scene.put({ id: `t${(made += 1)}`, status: 'policy', signed: [] });
    const resource: Resource = { ...stored, resourceType: 'Contract', status };
    const bundle = {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [{ resource, request: { method: 'POST', url: 'Contract' } }],
    };
    const codes = [
      await scene.ask(elm, 'POST', 'Contract', resource),
      await scene.ask(elm, 'POST', '', bundle),
      await scene.ask(billing, 'POST', 'Contract', resource),
      await scene.ask(administrator, 'POST', 'Contract', resource),
    ].map(({ status: http, code }) => code ?? http);
    const refused = 'agreement-transition-not-allowed';
    expect(codes).toEqual(
      status === 'policy'
        ? [201, 200, 'not-custodian', 'not-your-move']
        : [refused, refused, 'not-custodian', refused],
    );
  },
);

test.each(SITUATIONS)('$name: past Staging nobody deletes it (baa-messaging BA1)', async ({ spec }) => {
  const { id } = await scene.put({ ...spec, id: `t${(made += 1)}` });
  const bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [{ request: { method: 'DELETE', url: `Contract/${id}` } }],
  };
  const codes = [
    await scene.ask(elm, 'POST', '', bundle),
    await scene.ask(elm, 'DELETE', `Contract/${id}`),
  ].map(({ status, code }) => code ?? status);
  expect(codes).toEqual(spec.status === 'policy' ? [200, 204] : ['deletion-refused', 'deletion-refused']);
});

test('the refusal says what may be done from here, and by whom (baa-messaging BA1)', async () => {
  const stored = await scene.put({ id: 'words', status: 'offered', signed: [] });
  const refused = async (actor: Actor, status: string) => {
    const { code, issues } = (await WAYS['PUT']?.(actor, written(stored, status, actor))) ?? { issues: [] };
    return `${code}: ${issues[0]?.diagnostics}`;
  };
  expect(await refused('associate', 'amended')).toBe(
    'agreement-transition-not-allowed: From Pending the associate may counter, sign, reject or revoke.',
  );
  expect(await refused('associate', 'policy')).toBe(
    'not-your-move: From Pending the associate may counter, sign, reject or revoke.',
  );
  expect(await refused('administrator', 'revoked')).toBe(
    'not-your-move: From Pending the administrator may mark it as entered in error.',
  );
});

describe('a revocation to come brings nothing back (baa-messaging BA1, BT11)', () => {
  const stateOf = async (id: string): Promise<string> =>
    standingOfAgreement(await scene.stored(`Contract/${id}`), scene.now).state;
  const revoke = async (actor: Actor, id: string, effective?: string) => {
    const stored = await scene.stored(`Contract/${id}`);
    const resource = because({ ...stored, status: 'revoked' }, 'service-ended', 'It ends.', effective);
    const { status, code } = await scene.ask(CALLERS[actor], 'PUT', `Contract/${id}`, resource);
    return [code ?? status, await stateOf(id)];
  };

  test('the associate does not lift a suspension by it', async () => {
    await scene.put({ id: 'lifted', status: 'disputed' });
    expect(await revoke('associate', 'lifted', '2026-12-31')).toEqual(['agreement-incomplete', 'pending']);
    expect(await revoke('associate', 'lifted')).toEqual([200, 'revoked']);
  });

  test('neither puts off what was revoked, for now or for later', async () => {
    for (const actor of ['associate', 'principal'] as const) {
      await scene.put({ id: `over-${actor}`, status: 'revoked', reason: { effective: '2026-05-31' } });
      expect(await revoke(actor, `over-${actor}`, '2099-12-31')).toEqual(['agreement-frozen', 'revoked']);
      await scene.put({ id: `later-${actor}`, end: null });
      expect(await revoke('associate', `later-${actor}`, '2026-12-31')).toEqual([200, 'active']);
      expect(await revoke(actor, `later-${actor}`, '2027-12-31')).toEqual(['agreement-incomplete', 'active']);
    }
  });

  test('each revokes sooner what is revoked for later, as a move of the table', async () => {
    for (const actor of ['associate', 'principal'] as const) {
      const id = `sooner-${actor}`;
      await scene.put({ id, end: null });
      await revoke('associate', id, '2099-12-31');
      expect(await revoke(actor, id)).toEqual([200, 'revoked']);
      const event = agreementEventOf(await scene.stored(`Contract/${id}`));
      expect(event).toEqual({ tid: 'BT11', from: 'active', at: scene.now });
    }
  });
});
