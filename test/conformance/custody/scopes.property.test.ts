/**
 * Isolation with granular scopes as a further axis (smart 4.4, rules 2.6): random lives with denials, labels and parties of
 * every kind, and random scopes. Whoever asks by them is given exactly the world without the versions that they leave out.
 */
import { expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import { proofOf } from '../../proof.ts';
import type { Bundle, Ref } from '../../../src/fhir/types.ts';
import type { Caller } from '../../../src/operations/request.ts';
import { callerOf, openWorld, refsOf, type World } from '../../world.ts';
import { compareCondition, compareHistories, compareReads, compareSearches } from './compare-sight.ts';
import { narrowed, randomScopes, type RandomScopes, type Seeing } from './narrowed-oracle.ts';
import { playGates } from './play-gates.ts';
import { typesShownTo } from './random-gates.ts';
import { Dice, organizationOf, ORGANIZATIONS } from './random-world.ts';
import { typeOf, type SightOracle } from './sight-oracle.ts';

const { runs: RUNS, seed, within } = proofOf('scopes');

const rolls = (length: number) => fc.array(fc.nat(9999), { minLength: length, maxLength: length });

test(
  '(smart SM-22, SM-26 to SM-39) every answer is the one of the world without what the scopes leave out',
  async () => {
    expect.hasAssertions();
    const lives = fc.record({
      kinds: rolls(3),
      steps: fc.array(rolls(12), { minLength: 12, maxLength: 50, size: 'max' }),
      scopes: fc.array(rolls(40), { minLength: 2, maxLength: 4 }),
      questions: fc.array(rolls(16), { minLength: 4, maxLength: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(lives, async ({ kinds, steps, scopes, questions }) => {
        const world = await openWorld({
          store: { pragmas: ['synchronous=OFF'] },
          settings: { auditReads: false },
        });
        try {
          const oracle = await playGates(world, kinds, steps);
          for (const chances of scopes) await compareScopes(world, oracle, new Dice(chances), questions);
        } finally {
          await world.close();
        }
      }),
      { numRuns: RUNS, endOnFailure: process.env['REACH_SHRINK'] === undefined, seed },
    );
  },
  within(12_000),
);

/** One caller with random scopes, by everything that it may ask. */
async function compareScopes(
  world: World,
  oracle: SightOracle,
  dice: Dice,
  questions: readonly (readonly number[])[],
): Promise<void> {
  const id = dice.pick(ORGANIZATIONS) ?? 'a';
  const scopes = randomScopes(dice, oracle.refs);
  const caller = callerOf(id, { scope: scopes.text });
  const seeing = narrowed(oracle, scopes);
  await compareReads(world, seeing, caller);
  await compareHistories(world, seeing, caller, (url) => isAsked(url, scopes));
  await compareEverything(world, seeing, caller);
  // What is shown to others is reduced, and searches by what is left out are refused: a test of its own.
  if (typesShownTo(oracle, organizationOf(caller)) !== undefined) return;
  for (const question of questions) await compareSearches(world, seeing, caller, new Dice(question));
  // Conditional references and creates select among what the scopes leave.
  const writer = callerOf(id, { scope: `${scopes.text} user/*.c` });
  await compareCondition(world, oracle, { caller: writer, seeing }, dice);
}

/** A scope for every type at once is needed for their history; of files it has none by narrowed scopes. */
const isAsked = (url: string, scopes: RandomScopes): boolean =>
  url !== '_history' || (scopes.ofEveryType && scopes.isWhole('DocumentReference'));

/** `$everything` of each patient holds nothing that its reader does not see. */
async function compareEverything(world: World, oracle: Seeing, caller: Caller): Promise<void> {
  const seen = new Set<Ref>(
    oracle.worldOf(organizationOf(caller)).map((one): Ref => `${one.resourceType}/${one.id}`),
  );
  for (const patient of [...seen].filter((ref) => ref.startsWith('Patient/'))) {
    const answer = await world.ask(caller, 'GET', `${patient}/$everything?_count=1000`);
    if (answer.status !== 200) continue;
    const refs = refsOf(answer.json as unknown as Bundle); // as it answers
    expect(refs.filter((ref) => typeOf(ref) !== 'OperationOutcome' && !seen.has(ref))).toEqual([]);
  }
}
