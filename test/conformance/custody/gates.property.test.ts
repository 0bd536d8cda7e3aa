/**
 * The gates by comparison (compliance L2): random worlds with kinds of parties, labels, notes, denials and permits. Each
 * organization is given what an oracle works out from the stored texts alone: of records under 42 CFR Part 2 and of
 * psychotherapy notes exactly the world without them; of what else is withheld that world, and the refusal that says so.
 */
import { expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import type { Bundle } from '../../../src/fhir/types.ts';
import type { Caller } from '../../../src/operations/request.ts';
import { proofOf } from '../../proof.ts';
import { openWorld, refsOf, type World } from '../../world.ts';
import { compareConditions, compareHistories, compareReads, compareSearches } from './compare-sight.ts';
import { playGates } from './play-gates.ts';
import { mayMark, typesShownTo } from './random-gates.ts';
import { CALLERS, Dice, organizationOf } from './random-world.ts';
import { typeOf, type SightOracle } from './sight-oracle.ts';

const { runs: RUNS, seed, within } = proofOf('gates');

const rolls = (length: number) => fc.array(fc.nat(9999), { minLength: length, maxLength: length });

test(
  '(compliance L2, L6, P2, S6, B33, C4; harmony Z3, Z4) every answer is the one of the world without what is withheld',
  async () => {
    expect.hasAssertions();
    const lives = fc.record({
      kinds: rolls(3),
      steps: fc.array(rolls(12), { minLength: 12, maxLength: 50, size: 'max' }),
      questions: fc.array(rolls(16), { minLength: 6, maxLength: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(lives, async ({ kinds, steps, questions }) => {
        const world = await openWorld({
          store: { pragmas: ['synchronous=OFF'] },
          settings: { auditReads: false },
        });
        try {
          const oracle = await playGates(world, kinds, steps);
          for (const caller of CALLERS) {
            await compareReads(world, oracle, caller);
            await compareHistories(world, oracle, caller);
            await compareMarks(world, oracle, caller);
            await compareEverything(world, oracle, caller);
            // What is shown to others is reduced, and searches by what is left out are refused: a test of its own.
            if (typesShownTo(oracle, organizationOf(caller)) !== undefined) continue;
            for (const question of questions)
              await compareSearches(world, oracle, caller, new Dice(question));
          }
          for (const question of questions) await compareConditions(world, oracle, new Dice(question));
        } finally {
          await world.close();
        }
      }),
      { numRuns: RUNS, endOnFailure: process.env['REACH_SHRINK'] === undefined, seed },
    );
  },
  within(9000),
);

/** (harmony Z3) A search that names a patient says that something is withheld where it may say so, whatever else it asks. */
async function compareMarks(world: World, oracle: SightOracle, caller: Caller): Promise<void> {
  const org = organizationOf(caller);
  for (const patient of oracle.refs.filter((ref) => typeOf(ref) === 'Patient'))
    for (const url of [`Observation?patient=${patient}`, `Condition?subject=${patient}&_id=none`]) {
      const bundle = await world.bundle(caller, url);
      const outcomes = (bundle.entry ?? []).filter(({ search }) => search?.mode === 'outcome');
      const isMarked = JSON.stringify(outcomes).includes('"suppressed"'); // a notice is an outcome, too
      const mayBe = mayMark(oracle, org, patient) && oracle.withholdsOf(org, patient);
      expect([url, isMarked]).toEqual([url, mayBe]);
    }
}

/** `$everything` of each patient holds nothing that its reader does not see. */
async function compareEverything(world: World, oracle: SightOracle, caller: Caller): Promise<void> {
  const seen = new Set(oracle.worldOf(organizationOf(caller)).map((one) => `${one.resourceType}/${one.id}`));
  for (const patient of [...seen].filter((ref) => ref.startsWith('Patient/'))) {
    const answer = await world.ask(caller, 'GET', `${patient}/$everything?_count=1000`);
    if (answer.status !== 200) continue;
    const refs = refsOf(answer.json as unknown as Bundle); // as it answers
    expect(refs.filter((ref) => typeOf(ref) !== 'OperationOutcome' && !seen.has(ref))).toEqual([]);
  }
}
