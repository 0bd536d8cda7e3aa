/**
 * Law 25 against brute force: random graphs, patients, denials, guarded content, permits, kinds of parties and a clock. After
 * every commit, and whenever the clock moves, each organization sees what it would see had the denied been deleted, and what it
 * received before; what a guard withholds in silence it does not even learn of. The plain way here evaluates denials and guards
 * on its own and shares no code with the store.
 */
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  array,
  assert,
  asyncProperty,
  constantFrom,
  nat,
  option,
  record,
  tuple,
  uniqueArray,
} from '../chance.ts';
import type { Arbitrary } from '../chance.ts';
import type { Ref } from '../../src/fhir/types.ts';
import type { Denial } from '../../src/ports/denial.ts';
import type { Permit } from '../../src/policies/consent/permit.ts';
import type { PartyKind } from '../../src/policies/party-kind.ts';
import type { Store, Write } from '../../src/ports/store.ts';
import type { Restriction } from '../../src/policies/restriction.ts';
import { proofOf } from '../proof.ts';
import { createEmbeddedWorld } from './embedded-world.ts';
import { someKinds, someMarks, somePermit, withheldByGuard } from './guards-oracle.ts';
import {
  audit,
  byStatus,
  commitOf,
  find,
  handClock,
  NO_REACH,
  NORTH,
  seenBy,
  SOUTH,
  status,
  WEST,
  write,
} from './store-world.ts';

const world = createEmbeddedWorld({ writer: 'turn', searchWorkers: 0, pragmas: ['synchronous=OFF'] });
afterEach(() => world.end());

const { runs: RUNS, seed, within } = proofOf('denials');

const ORGANIZATIONS = [SOUTH, WEST];
const KEEPERS = [NORTH, WEST];
const PATIENTS: readonly Ref[] = ['Patient/p', 'Patient/q'];
const REFS = [...Array.from({ length: 5 }, (_, i): Ref => `Task/${i}`), 'Binary/5', 'Binary/6'] as const;
const SOURCES: readonly Ref[] = ['Consent/1', 'Consent/2'];
const keeperOf = (ref: Ref): Ref => KEEPERS[Number(ref.at(-1)) % 3 === 2 ? 1 : 0] ?? NORTH;

/** What one resource declares. */
interface Declared {
  readonly outward: readonly Ref[];
  readonly inward: readonly Ref[];
  readonly parties: readonly Ref[];
  readonly about: readonly Ref[];
  readonly marks: readonly string[];
}

const someRefs = uniqueArray(constantFrom<Ref>(...REFS), { maxLength: 3 });
const declared: Arbitrary<Declared> = record({
  outward: someRefs,
  inward: someRefs,
  parties: uniqueArray(constantFrom(...ORGANIZATIONS), { maxLength: 2 }),
  about: uniqueArray(constantFrom(...PATIENTS), { maxLength: 2 }),
  marks: someMarks,
});

const instant = option(nat(9), { nil: undefined });
const parties = option(
  record({
    from: uniqueArray(constantFrom(...KEEPERS), { maxLength: 1 }),
    to: uniqueArray(constantFrom(...ORGANIZATIONS), { maxLength: 2 }),
  }),
  { nil: undefined },
);
/** A provision of which nothing that is undefined is there. */
const provision = (exceptions: Arbitrary<readonly Restriction[]>): Arbitrary<Restriction> =>
  record({
    denies: constantFrom(true, true, false),
    since: instant,
    until: instant,
    parties,
    types: option(constantFrom(['Task'], ['Binary']), { nil: undefined, freq: 2 }),
    refs: option(uniqueArray(constantFrom<Ref>(...REFS), { maxLength: 3 }), { nil: undefined, freq: 2 }),
    exceptions,
  }).map((one) => JSON.parse(JSON.stringify(one)) as Restriction);
const restriction = provision(array(provision(constantFrom([])), { maxLength: 2 }));
const denial: Arbitrary<Denial> = record({
  patient: constantFrom(...PATIENTS),
  keeper: constantFrom(...KEEPERS, undefined),
  restriction,
}).map(({ patient, keeper, restriction: one }) => ({
  patient,
  ...(keeper !== undefined && { keeper }),
  restriction: one,
  actors: {},
  foundBy: [],
}));

const permit = somePermit({ patients: PATIENTS, keepers: KEEPERS, receivers: ORGANIZATIONS, refs: REFS });

interface Step {
  readonly writes: readonly (readonly [Ref, Declared])[];
  readonly denials: readonly (readonly [Ref, Denial | undefined, Omit<Permit, 'source'> | undefined])[];
  readonly kinds: readonly (readonly [Ref, readonly PartyKind[] | undefined])[];
  readonly reads: readonly (readonly [Ref, Ref])[];
  readonly at: number;
}
const steps: Arbitrary<readonly Step[]> = array(
  record({
    writes: uniqueArray(tuple(constantFrom<Ref>(...REFS), declared), {
      maxLength: 3,
      selector: ([ref]) => ref,
    }),
    denials: uniqueArray(
      tuple(
        constantFrom(...SOURCES),
        option(denial, { nil: undefined, freq: 2 }),
        option(permit, { nil: undefined, freq: 6 }),
      ),
      { maxLength: 2, selector: ([ref]) => ref },
    ),
    kinds: array(tuple(constantFrom(NORTH, ...ORGANIZATIONS), someKinds), { maxLength: 1 }),
    reads: array(tuple(constantFrom(...ORGANIZATIONS), constantFrom<Ref>(...REFS)), { maxLength: 2 }),
    at: nat(10),
  }),
  { minLength: 1, maxLength: 10 },
);

/** The world as it was told to the store. */
interface State {
  readonly resources: Map<Ref, Declared & { readonly seq: number }>;
  readonly denials: Map<Ref, Denial>;
  readonly permits: Map<Ref, Omit<Permit, 'source'>>;
  readonly kinds: Map<Ref, readonly PartyKind[]>;
  /** `org ref seq` */
  readonly received: Set<string>;
}

const isDeniedTo = (org: Ref, ref: Ref, { resources, denials }: State, now: number): boolean => {
  const one = resources.get(ref);
  const from = keeperOf(ref);
  if (one === undefined || from === org) return false;
  const says = (r: Restriction): boolean | undefined => {
    if (now < (r.since ?? -Infinity) || now >= (r.until ?? Infinity)) return undefined;
    if (r.parties && !r.parties.from.some((p) => p === from) && !r.parties.to.some((p) => p === org))
      return undefined;
    if (r.types && !r.types.some((type) => ref.startsWith(`${type}/`))) return undefined;
    if (r.refs && !r.refs.some((other) => other === ref)) return undefined;
    const inner = r.exceptions.map(says).filter((answer) => answer !== undefined);
    return inner.length === 0 ? r.denies : inner.some(Boolean);
  };
  return [...denials.values()].some(
    ({ patient, keeper, restriction: r }) =>
      one.about.includes(patient) && (keeper === undefined || keeper === from) && says(r) === true,
  );
};

const guardedFor = (org: Ref, ref: Ref, state: State, now: number): 'quiet' | 'told' | undefined => {
  const one = state.resources.get(ref);
  if (one === undefined) return undefined;
  const { marks, about } = one;
  const permits = [...state.permits.values()];
  const kindsOf = (party: Ref) => state.kinds.get(party) ?? ['provider' as const];
  return withheldByGuard({ marks, about, ref, from: keeperOf(ref), to: org, permits, kindsOf, now });
};

/** What a referral brings the organization when it carries nothing through what is `without`. */
function reachedBy(org: Ref, { resources }: State, without: (ref: Ref) => boolean): ReadonlySet<Ref> {
  const reached = new Set<Ref>();
  const enter = (ref: Ref): void => void (without(ref) || reached.add(ref));
  for (const [ref, one] of resources) if (one.parties.includes(org)) enter(ref);
  for (const from of reached) {
    for (const [ref, one] of resources) if (one.inward.includes(from)) enter(ref);
    for (const to of resources.get(from)?.outward ?? []) enter(to);
  }
  return reached;
}

function expected(org: Ref, state: State, now: number) {
  const isQuiet = (ref: Ref): boolean => guardedFor(org, ref, state, now) === 'quiet';
  const isTold = (ref: Ref): boolean =>
    isDeniedTo(org, ref, state, now) || guardedFor(org, ref, state, now) === 'told';
  const open = reachedBy(org, state, (ref) => isQuiet(ref) || isTold(ref));
  const speakable = reachedBy(org, state, isQuiet);
  const all = reachedBy(org, state, () => false);
  const visible = REFS.filter((ref) => {
    const one = state.resources.get(ref);
    if (one === undefined) return false;
    return (
      keeperOf(ref) === org ||
      open.has(ref) ||
      (all.has(ref) && state.received.has(`${org} ${ref} ${one.seq}`))
    );
  });
  return {
    visible,
    // What is withheld, and may be spoken of, beside what is seen.
    told: REFS.filter((ref) => state.resources.has(ref) && (visible.includes(ref) || speakable.has(ref))),
    reached: REFS.filter((ref) => state.resources.has(ref) && (keeperOf(ref) === org || all.has(ref))),
  };
}

async function seen(store: Store, org: Ref) {
  const snapshot = store.snapshot();
  const read = async (ref: Ref, sight = seenBy(org)) => (await snapshot.read(ref, sight)) !== undefined;
  const visible: Ref[] = [];
  const told: Ref[] = [];
  const reached: Ref[] = [];
  for (const ref of REFS) {
    if (await read(ref)) visible.push(ref);
    if (await read(ref, { everything: false, organization: org, denied: 'told' })) told.push(ref);
    if (await read(ref, { everything: false, organization: org, denied: 'seen' })) reached.push(ref);
  }
  for (const type of ['Task', 'Binary']) {
    const found = await find(store, byStatus(type, 'x', { sight: seenBy(org) }));
    expect(found.toSorted(inOrder)).toEqual(visible.filter((ref) => ref.startsWith(type)).toSorted(inOrder));
  }
  return { visible, told, reached };
}

const inOrder = (a: string, b: string): number => (a < b ? -1 : 1);

async function take(store: Store, state: State, { writes, denials, kinds }: Step): Promise<void> {
  if (writes.length + denials.length + kinds.length === 0) return;
  const { seq } = await store.commit(
    commitOf(
      writes.map(([ref, { about, marks, ...reach }]): Write =>
        write(ref, {
          base: state.resources.get(ref)?.seq ?? 0,
          custodian: keeperOf(ref),
          values: [status('x'), ...about.map((low) => ({ param: ':patient', low, high: '' }))],
          reach: { ...reach, everyone: false },
          ...(marks.length > 0 && { marks }),
        }),
      ),
      {
        denials: denials.map(([source, one, given]) => ({
          source,
          denial: one,
          grant: given && { permit: { ...given, source }, actors: {}, about: {}, foundBy: [] },
        })),
        kinds: kinds.map(([party, given]) => ({ party, kinds: given })),
        audit: [audit({ agent: { organization: NORTH, client: 'tests', subject: 's' }, viewers: [NORTH] })],
      },
    ),
  );
  for (const [ref, one] of writes) state.resources.set(ref, { ...one, seq });
  for (const [source, one, given] of denials) {
    if (one === undefined) state.denials.delete(source);
    else state.denials.set(source, one);
    if (given === undefined) state.permits.delete(source);
    else state.permits.set(source, given);
  }
  for (const [party, given] of kinds) {
    if (given === undefined) state.kinds.delete(party);
    else state.kinds.set(party, given);
  }
}

test(
  '(compliance L2, L6) every organization sees what brute force says over a world without the denied and the guarded',
  async () => {
    await assert(
      asyncProperty(steps, async (history) => {
        const clock = handClock(0);
        const store = await world.open({ clock });
        const state: State = {
          resources: new Map(),
          denials: new Map(),
          permits: new Map(),
          kinds: new Map(),
          received: new Set(),
        };
        await store.commit(commitOf(PATIENTS.map((ref) => write(ref, { custodian: NORTH }))));
        for (const step of history) {
          clock.at = step.at;
          await take(store, state, step);
          for (const [org, ref] of step.reads) {
            const version = await store.snapshot().read(ref, seenBy(org));
            if (version === undefined || keeperOf(ref) === org) continue;
            state.received.add(`${org} ${ref} ${version.seq}`);
            const agent = { organization: org, client: 'tests', subject: 's' };
            const entities = [`${ref}/_history/${version.seq}`];
            await store.record(
              audit({ event: 'read', action: 'R', agent, entities, viewers: [keeperOf(ref)] }),
            );
          }
          for (const at of [step.at, (step.at * 7 + 3) % 11]) {
            clock.at = at;
            for (const org of ORGANIZATIONS)
              expect([org, at, await seen(store, org)]).toEqual([org, at, expected(org, state, at)]);
          }
        }
        await store.close();
      }),
      { numRuns: RUNS, seed },
    );
  },
  within(2000),
);

describe('(compliance L2) a denial', () => {
  const about = (patient: Ref) => [status('x'), { param: ':patient', low: patient, high: '' }];
  const denying = (more: Partial<Restriction> = {}): Denial => ({
    patient: 'Patient/p',
    restriction: { denies: true, exceptions: [], ...more },
    actors: {},
    foundBy: ['PractitionerRole/r'],
  });

  async function referred() {
    const clock = handClock(1000);
    const store = await world.open({ clock, searchWorkers: 1 });
    await store.commit(
      commitOf([
        write('Patient/p', { values: about('Patient/p') }),
        write('Task/t', {
          values: about('Patient/p'),
          reach: { ...NO_REACH, parties: [SOUTH], outward: ['Patient/p', 'Binary/b'] },
        }),
        write('Binary/b', { values: [status('x')] }),
      ]),
    );
    return { store, clock };
  }

  test('is a clause of searches, totals, chains and histories, and of what is reached through the denied alone', async () => {
    const { store } = await referred();
    const sight = seenBy(SOUTH);
    const found = async (type: string) => {
      const page = await store.snapshot().search(byStatus(type, 'x', { sight }));
      const history = await store.snapshot().history({ type, sight, count: 9, offset: 0, total: true });
      return [page.total, page.matches.length, history.total];
    };
    expect([await found('Task'), await found('Binary')]).toEqual([
      [1, 1, 1],
      [1, 1, 1],
    ]);
    await store.commit(commitOf([], { denials: [{ source: 'Consent/c', denial: denying() }] }));
    expect([await found('Task'), await found('Binary')]).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(await store.snapshot().isDenied('Patient/p', SOUTH)).toBe(true);
    expect(await store.snapshot().isDenied('Patient/p', WEST)).toBe(false);
    expect(await store.snapshot().denialsFoundBy(['PractitionerRole/r'])).toEqual(['Consent/c']);
    await store.commit(commitOf([], { denials: [{ source: 'Consent/c', denial: undefined }] }));
    expect(await found('Task')).toEqual([1, 1, 1]);
    expect(await store.snapshot().denialsFoundBy(['PractitionerRole/r'])).toEqual([]);
  });

  test('(compliance C4) begins and ends by the clock, without a write', async () => {
    const { store, clock } = await referred();
    const restriction = { since: 2000, until: 3000 };
    await store.commit(commitOf([], { denials: [{ source: 'Consent/c', denial: denying(restriction) }] }));
    const seenAt = async (at: number) => {
      clock.at = at;
      return find(store, byStatus('Task', 'x', { sight: seenBy(SOUTH) }));
    };
    expect([await seenAt(1999), await seenAt(2000), await seenAt(2999), await seenAt(3000)]).toEqual([
      ['Task/t'],
      [],
      [],
      ['Task/t'],
    ]);
  });

  test('(harmony Z4) leaves the version that was received, and no later one', async () => {
    const { store } = await referred();
    const [sight, agent] = [seenBy(SOUTH), { organization: SOUTH, client: 'tests', subject: 's' }];
    const first = (await store.snapshot().read('Task/t', sight))?.seq ?? 0;
    await store.record(
      audit({ event: 'read', action: 'R', agent, entities: [`Task/t/_history/${first}`], viewers: [NORTH] }),
    );
    await store.commit(commitOf([], { denials: [{ source: 'Consent/c', denial: denying() }] }));
    expect(await find(store, byStatus('Task', 'x', { sight }))).toEqual(['Task/t']);
    expect(await store.snapshot().read('Patient/p', sight)).toBeUndefined();
    const reach = { ...NO_REACH, parties: [SOUTH], outward: ['Patient/p', 'Binary/b'] as const };
    const { seq } = await store.commit(
      commitOf([write('Task/t', { base: first, values: about('Patient/p'), reach })], {
        audit: [audit({ viewers: [NORTH, SOUTH] })],
      }),
    );
    const snapshot = store.snapshot();
    expect(await snapshot.read('Task/t', sight)).toBeUndefined();
    expect((await snapshot.received('Task/t', sight))?.seq).toBe(first);
    expect((await snapshot.vread('Task/t', first, sight))?.seq).toBe(first);
    expect(await snapshot.vread('Task/t', seq, sight)).toBeUndefined();
    expect(await find(store, byStatus('Task', 'x', { sight }))).toEqual([]);
    expect(await snapshot.received('Patient/p', sight)).toBeUndefined();
  });

  test('(harmony Z4) an accepted delivery counts as received; a withheld one, and what the server wrote, do not', async () => {
    const { store } = await referred();
    const sight = seenBy(SOUTH);
    const seq = (await store.snapshot().read('Task/t', sight))?.seq ?? 0;
    const deliver = (ref: Ref, outcome: '0' | '4') =>
      audit({
        event: 'deliver',
        action: 'R',
        outcome,
        agent: { organization: '', client: 'closeloop', subject: '' },
        entities: [`${ref}/_history/${seq}`, 'Endpoint/e'],
        viewers: [NORTH, SOUTH],
      });
    const byServer = audit({
      agent: { organization: SOUTH, client: 'tests', subject: 's' },
      entities: [`Binary/b/_history/${seq}`],
      viewers: [NORTH],
      origin: 'server',
    });
    await store.commit(
      commitOf([], {
        denials: [{ source: 'Consent/c', denial: denying() }],
        audit: [deliver('Task/t', '0'), deliver('Patient/p', '4'), byServer],
      }),
    );
    const snapshot = store.snapshot();
    const readable = async (ref: Ref) => (await snapshot.read(ref, sight)) !== undefined;
    expect([await readable('Task/t'), await readable('Patient/p'), await readable('Binary/b')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
