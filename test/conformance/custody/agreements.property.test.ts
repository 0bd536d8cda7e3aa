/**
 * Isolation with agreements as a further axis (baa-messaging BA13, MK1, MK3): random lives with denials, labels and notes, after
 * which one organization works for others, with agreements in every state. It is given exactly the world without what is kept by
 * those with whom none is in force, and messages of theirs without content; an agreement in force gives all of it back at once.
 */
import { expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import { proofOf } from '../../proof.ts';
import { AGREEMENT_STATES, type AgreementState } from '../../../src/agreements/state.ts';
import type { Bundle, Ref } from '../../../src/fhir/types.ts';
import type { Caller } from '../../../src/operations/request.ts';
import * as make from '../../resources.ts';
import { keepAgreement } from '../../stored-agreement.ts';
import { administrator, callerOf, openWorld, refsOf, type World } from '../../world.ts';
import { closedTo } from './agreements-oracle.ts';
import { compareCondition, compareHistories, compareReads, compareSearches } from './compare-sight.ts';
import type { Seeing } from './narrowed-oracle.ts';
import { GATE_MOVES, ORACLE_GUARDS } from './random-gates.ts';
import {
  beginLives,
  Dice,
  KINDS_WITH_DENIALS,
  ORGANIZATIONS,
  organizationOf,
  takeStep,
} from './random-world.ts';
import { SightOracle, typeOf } from './sight-oracle.ts';

const { runs: RUNS, seed, within } = proofOf('agreement-sight');

const rolls = (length: number) => fc.array(fc.nat(9999), { minLength: length, maxLength: length });

const KINDS = [
  ...KINDS_WITH_DENIALS,
  'communication',
  'communication',
  'communication',
  'sensitive',
  'reason',
  'note',
  'authorize',
];

test(
  '(baa-messaging BA13, MK1, MK3, MK4) every answer is the one of the world without what no agreement covers',
  async () => {
    expect.hasAssertions();
    const lives = fc.record({
      steps: fc.array(rolls(12), { minLength: 12, maxLength: 50, size: 'max' }),
      states: fc.array(rolls(4), { minLength: 2, maxLength: 3 }),
      questions: fc.array(rolls(16), { minLength: 4, maxLength: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(lives, async ({ steps, states, questions }) => {
        const world = await openWorld({
          store: { pragmas: ['synchronous=OFF'] },
          settings: { auditReads: false },
        });
        try {
          const oracle = await play(world, steps);
          const caller = callerOf(new Dice(states.flat()).pick(ORGANIZATIONS) ?? 'a');
          await makeAssociate(world, caller);
          await oracle.observe({ organization: undefined });
          const kept = new Map<Ref, Kept>();
          for (const chances of states) {
            const org = organizationOf(caller);
            const open = await setStates(world, oracle, org, kept, new Dice(chances));
            await compareAll(world, oracle, { caller, seeing: closedTo(oracle, org, open), open }, questions);
          }
        } finally {
          await world.close();
        }
      }),
      { numRuns: RUNS, endOnFailure: process.env['REACH_SHRINK'] === undefined, seed },
    );
  },
  within(12_000),
);

async function play(world: World, steps: readonly (readonly number[])[]): Promise<SightOracle> {
  const oracle = new SightOracle(world.store, ORACLE_GUARDS);
  await world.seedDirectory(...ORGANIZATIONS);
  await oracle.observe({ organization: undefined });
  await beginLives(world, oracle);
  for (const step of steps) expect(await takeStep(world, oracle, step, KINDS, GATE_MOVES)).toBeUndefined();
  return oracle;
}

const PARTY_KIND = 'https://closeloop.dev/fhir/CodeSystem/party-kind';

/** An administrator says that an organization works for others. */
async function makeAssociate(world: World, { organization }: Caller): Promise<void> {
  const id = String(organization).slice('Organization/'.length);
  const type = [{ coding: [{ system: PARTY_KIND, code: 'business-associate' }] }];
  const { status } = await world.ask(
    administrator,
    'PUT',
    `Organization/${id}`,
    make.organization(id, { type }),
  );
  expect(status).toBe(200);
}

/** An agreement, as it is now. */
interface Kept {
  readonly version: number;
  readonly state: AgreementState;
}

/** The agreement with each of the others comes into a state. @returns with whom it is in force */
async function setStates(
  world: World,
  oracle: SightOracle,
  associate: Ref,
  kept: Map<Ref, Kept>,
  dice: Dice,
): Promise<ReadonlySet<Ref>> {
  for (const id of ORGANIZATIONS) {
    const principal: Ref = `Organization/${id}`;
    const state = dice.roll(3) === 0 ? 'active' : dice.pick(AGREEMENT_STATES);
    if (principal === associate || state === undefined || dice.roll(4) === 0) continue; // it stays as it was
    const base = kept.get(principal)?.version;
    const parties = { principal, associate, ...(base !== undefined && { base }) };
    kept.set(principal, { state, version: await keepAgreement(world.store, state, parties) });
    await oracle.observe({ organization: principal });
  }
  return new Set([...kept].flatMap(([principal, { state }]) => (state === 'active' ? [principal] : [])));
}

interface Asking {
  readonly caller: Caller;
  readonly seeing: Seeing;
  readonly open: ReadonlySet<Ref>;
}

/** By everything that the associate may ask. */
async function compareAll(
  world: World,
  oracle: SightOracle,
  asking: Asking,
  questions: readonly (readonly number[])[],
): Promise<void> {
  const { caller, seeing } = asking;
  await compareReads(world, seeing, caller);
  // Files are found by nobody who works for others.
  await compareHistories(world, seeing, caller, (url) => url !== '_history' && url !== 'Binary/_history');
  expect((await world.bundle(caller, 'Binary/_history')).total).toBe(0);
  await compareMarks(world, oracle, asking);
  await compareEverything(world, asking);
  for (const question of questions) {
    await compareSearches(world, seeing, caller, new Dice(question));
    await compareCondition(world, oracle, { caller, seeing }, new Dice(question));
  }
}

/** (harmony Z3) A search that names a patient says that no agreement is in force with its keeper, whatever else it asks. */
async function compareMarks(world: World, oracle: SightOracle, { caller, seeing }: Asking): Promise<void> {
  const org = organizationOf(caller);
  for (const patient of oracle.refs.filter((ref) => typeOf(ref) === 'Patient'))
    for (const url of [`Observation?patient=${patient}`, `Condition?subject=${patient}&_id=none`]) {
      const { entry = [] } = await world.bundle(caller, url);
      const outcomes = entry.filter(({ search }) => search?.mode === 'outcome');
      const isMarked = JSON.stringify(outcomes).includes('no agreement with');
      expect([url, isMarked]).toEqual([url, oracle.sees(org, patient) && !seeing.sees(org, patient)]);
    }
}

/** `$everything` of each patient holds nothing that its reader does not see. */
async function compareEverything(world: World, { caller, seeing }: Asking): Promise<void> {
  const seen = new Set<Ref>(
    seeing.worldOf(organizationOf(caller)).map((one): Ref => `${one.resourceType}/${one.id}`),
  );
  for (const patient of [...seen].filter((ref) => ref.startsWith('Patient/'))) {
    const answer = await world.ask(caller, 'GET', `${patient}/$everything?_count=1000`);
    if (answer.status !== 200) continue;
    const refs = refsOf(answer.json as unknown as Bundle); // as it answers
    expect(refs.filter((ref) => typeOf(ref) !== 'OperationOutcome' && !seen.has(ref))).toEqual([]);
  }
}
