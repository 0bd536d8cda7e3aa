/**
 * Reach by comparison (rules 2.6): after any life of a few organizations, each is given exactly what brute force gives over
 * a world from which everything it may not see was deleted first. A failure prints its seed and path; `REACH_SHRINK` looks
 * for the shortest life that fails.
 */
import { expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import type { Caller } from '../../../src/operations/request.ts';
import { proofOf } from '../../proof.ts';
import * as make from '../../resources.ts';
import { callerOf, openWorld, refOf, resourcesOf, type Stored, type World } from '../../world.ts';
import { compareConditions, compareHistories, compareReads, compareSearches } from './compare-sight.ts';
import { beginLives, CALLERS, Dice, KINDS_WITH_DENIALS, ORGANIZATIONS, takeStep } from './random-world.ts';
import { SightOracle } from './sight-oracle.ts';

const { REACH_SHRINK } = process.env;
const { runs: RUNS, seed, within } = proofOf('reach');

/** Durability and the audit of reads are tested elsewhere; here they would only take time. */
const openQuickWorld = (): Promise<World> =>
  openWorld({ store: { pragmas: ['synchronous=OFF'] }, settings: { auditReads: false } });

const rolls = (length: number) => fc.array(fc.nat(9999), { minLength: length, maxLength: length });

test(
  '(compliance L2) everything that an organization asks is answered from what it may see, denials among it',
  async () => {
    const lives = fc.record({
      steps: fc.array(rolls(12), { minLength: 8, maxLength: 45, size: 'max' }),
      questions: fc.array(rolls(16), { minLength: 6, maxLength: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(lives, async ({ steps, questions }) => {
        const world = await openQuickWorld();
        try {
          const oracle = new SightOracle(world.store);
          await world.seedDirectory(...ORGANIZATIONS);
          await oracle.observe({ organization: undefined });
          await beginLives(world, oracle);
          for (const step of steps)
            expect(await takeStep(world, oracle, step, KINDS_WITH_DENIALS)).toBeUndefined();
          const comparisons = CALLERS.flatMap((caller) => [
            compareReads(world, oracle, caller),
            compareHistories(world, oracle, caller),
            ...questions.map((question) => compareSearches(world, oracle, caller, new Dice(question))),
          ]);
          await Promise.all(comparisons);
          for (const question of questions) await compareConditions(world, oracle, new Dice(question));
        } finally {
          await world.close();
        }
      }),
      { numRuns: RUNS, endOnFailure: REACH_SHRINK === undefined, seed },
    );
  },
  within(6000),
);

test(
  'Patient, ServiceRequest and Task one by one give the recipient exactly what one transaction gives',
  async () => {
    const cases = fc.record({
      observations: fc.nat(2),
      documents: fc.nat(2),
      withTask: fc.boolean(),
      withInput: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(cases, async (chosen) => {
        const world = await openQuickWorld();
        try {
          await world.seedDirectory(...ORGANIZATIONS);
          const [sender = callerOf('a'), receiver = callerOf('b')] = CALLERS;
          const parts = partsOf(chosen);
          const entries = parts.map(
            ({ fullUrl, resource }) =>
              ({ method: 'POST', url: resource.resourceType, fullUrl, resource }) as const,
          );
          expect((await world.ask(sender, 'POST', '', make.transaction(...entries))).status).toBe(200);
          const together = await everythingSeen(world, receiver);

          const known = new Map<string, string>();
          for (const { fullUrl, resource } of parts) {
            const text = JSON.stringify(resource).replaceAll(
              /urn:uuid:[\da-f-]+/g,
              (urn) => known.get(urn) ?? urn,
            );
            known.set(fullUrl, refOf(await world.create(sender, JSON.parse(text) as object)));
          }
          const both = await everythingSeen(world, receiver);
          const apart = both.filter(({ id }) => !together.some((one) => one.id === id));
          expect(comparable(apart)).toEqual(comparable(together));
          expect(await everythingSeen(world, CALLERS[2] ?? callerOf('c'))).toEqual([]);
        } finally {
          await world.close();
        }
      }),
      { numRuns: Math.min(RUNS, 25), seed },
    );
  },
  within(6000),
);

interface Part {
  readonly fullUrl: string;
  readonly resource: ReturnType<typeof make.patient>;
}

/** A referral with what it carries, in the order of its references. */
function partsOf({
  observations,
  documents,
  withTask,
  withInput,
}: Record<'observations' | 'documents', number> &
  Record<'withTask' | 'withInput', boolean>): readonly Part[] {
  const parts: Part[] = [];
  const add = (resource: Part['resource']): string => {
    const fullUrl = `urn:uuid:00000000-0000-4000-8000-${String(parts.length).padStart(12, '0')}`;
    parts.push({ fullUrl, resource });
    return fullUrl;
  };
  const subject = add(make.patient());
  add(make.consent(subject));
  const carried = [
    ...Array.from({ length: observations }, () => add(make.observation(subject))),
    ...Array.from({ length: documents }, () => add(make.documentReference(subject, add(make.binary())))),
  ];
  const parties = { requester: 'PractitionerRole/a', performer: 'Organization/b' };
  const focus = add(
    make.serviceRequest(
      { subject, ...parties },
      { ...(carried.length > 0 && { supportingInfo: carried.map(make.to) }) },
    ),
  );
  if (!withTask) return parts;
  const input = withInput ? { input: [make.parameter(add(make.binary('an input')))] } : {};
  add(make.task({ focus, for: subject, requester: parties.requester, owner: parties.performer }, input));
  return parts;
}

const TYPES = ['Patient', 'Consent', 'Observation', 'Binary', 'DocumentReference', 'ServiceRequest', 'Task'];

async function everythingSeen(world: World, caller: Caller): Promise<readonly Stored[]> {
  const bundles = await Promise.all(TYPES.map((type) => world.bundle(caller, `${type}?_count=1000`)));
  return bundles.flatMap(resourcesOf);
}

/** Without what differs between any two resources: ids, versions, instants, and how the Task came to be. */
const comparable = (resources: readonly Stored[]): readonly string[] =>
  resources
    .map(({ id: _id, meta: _meta, ...rest }) => ({ ...rest, lastModified: undefined }))
    .map((rest) => JSON.stringify(rest, sortedKeys).replaceAll(/id-\d+/g, 'an-id'))
    .toSorted();

const sortedKeys = (_name: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;
