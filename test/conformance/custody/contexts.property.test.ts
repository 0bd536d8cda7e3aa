/**
 * Compartments, searches of the system and includes that iterate, by comparison (rules 2.6): random worlds, and what brute
 * force finds in a world from which everything invisible was removed.
 */
import { expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import { proofOf } from '../../proof.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import type { Caller } from '../../../src/operations/request.ts';
import { openWorld, refOf, refsOf, type Stored, type World } from '../../world.ts';
import { beginLives, CALLERS, ORGANIZATIONS, organizationOf, takeStep } from './random-world.ts';
import { referencesAt, SightOracle, typeOf } from './sight-oracle.ts';

const { runs: RUNS, seed, within } = proofOf('contexts');

/** By which elements a resource is in a Patient's compartment (compartmentdefinition-patient.html; Task is ours). */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  Appointment: ['participant.actor'],
  Communication: ['subject', 'sender', 'recipient'],
  Condition: ['subject', 'asserter'],
  Consent: ['patient'],
  Coverage: ['policyHolder', 'subscriber', 'beneficiary', 'payor'],
  DocumentReference: ['subject', 'author'],
  Observation: ['subject', 'performer'],
  ServiceRequest: ['subject', 'performer'],
  Task: ['for'],
};
const TYPES = Object.keys(MEMBERS);

/** References that lead from one type to itself or onwards. */
const STEPS: readonly (readonly [parameter: string, path: string])[] = [
  ['Observation:has-member', 'hasMember'],
  ['Task:focus', 'focus'],
  ['ServiceRequest:subject', 'subject'],
  ['Communication:based-on', 'basedOn'],
  ['Appointment:based-on', 'basedOn'],
];

const rolls = (length: number) => fc.array(fc.nat(9999), { minLength: length, maxLength: length });

test(
  'each context holds what its caller sees of it, and no more',
  async () => {
    expect.hasAssertions();
    const lives = fc.array(rolls(12), { minLength: 8, maxLength: 30, size: 'max' });
    await fc.assert(
      fc.asyncProperty(lives, async (steps) => {
        const world = await openWorld({
          store: { pragmas: ['synchronous=OFF'] },
          settings: { auditReads: false },
        });
        try {
          const oracle = new SightOracle(world.store);
          await world.seedDirectory(...ORGANIZATIONS);
          await oracle.observe({ organization: undefined });
          await beginLives(world, oracle);
          for (const step of steps) await takeStep(world, oracle, step);
          for (const caller of CALLERS) {
            await compareCompartments(world, oracle, caller);
            await compareSystem(world, oracle, caller);
            await compareIterated(world, oracle, caller);
          }
        } finally {
          await world.close();
        }
      }),
      { numRuns: RUNS, seed },
    );
  },
  within(30_000),
);

async function compareCompartments(world: World, oracle: SightOracle, caller: Caller): Promise<void> {
  const org = organizationOf(caller);
  const seen = oracle.worldOf(org);
  for (const patient of oracle.refs.filter((ref) => typeOf(ref) === 'Patient')) {
    const isHere = seen.some((one) => refOf(one) === patient);
    const { status } = await world.ask(caller, 'GET', `${patient}/Observation`);
    const otherwise = oracle.sees(org, patient) ? 410 : 404;
    expect([patient, status]).toEqual([patient, isHere ? 200 : otherwise]);
    if (!isHere) continue;
    const members = seen.filter((one) => isMember(one, patient)).map(refOf);
    for (const type of TYPES) {
      const found = await world.bundle(caller, `${patient}/${type}?_count=1000&_total=accurate`);
      const expected = members.filter((ref) => typeOf(ref) === type).toSorted();
      expect([patient, type, found.total, refsOf(found).toSorted()]).toEqual([
        patient,
        type,
        expected.length,
        expected,
      ]);
    }
    const all = await world.bundle(caller, `${patient}/*?_type=${TYPES.join()}&_count=1000`);
    expect([patient, refsOf(all).toSorted()]).toEqual([patient, members.toSorted()]);
  }
}

const isMember = (one: Stored, patient: Ref): boolean =>
  (MEMBERS[one.resourceType] ?? []).some((path) => referencesAt(one, path).includes(patient));

async function compareSystem(world: World, oracle: SightOracle, caller: Caller): Promise<void> {
  const seen = oracle
    .worldOf(organizationOf(caller))
    .filter(({ resourceType }) => TYPES.includes(resourceType));
  const pages: Ref[] = [];
  let url: string | undefined = `?_type=${TYPES.join()}&_count=4&_total=accurate`;
  while (url !== undefined) {
    const page: Awaited<ReturnType<World['bundle']>> = await world.bundle(caller, url);
    expect(page.total).toBe(seen.length);
    pages.push(...refsOf(page));
    url = page.link
      ?.find(({ relation }) => relation === 'next')
      ?.url.replace('https://referrals.example.org/fhir', '');
  }
  expect(pages.toSorted()).toEqual(seen.map(refOf).toSorted());
}

async function compareIterated(world: World, oracle: SightOracle, caller: Caller): Promise<void> {
  const seen = oracle.worldOf(organizationOf(caller));
  const forward = STEPS.map(([parameter]) => `_include:iterate=${parameter}`).join('&');
  const backward = STEPS.map(([parameter]) => `_revinclude:iterate=${parameter}`).join('&');
  for (const type of ['Task', 'Observation', 'Communication']) {
    const start = seen.filter(({ resourceType }) => resourceType === type);
    const out = await world.bundle(caller, `${type}?_count=1000&${forward}`);
    expect(refsOf(out).toSorted()).toEqual(closure(start, seen, (one) => targetsOf(one)));
  }
  for (const type of ['Patient', 'ServiceRequest', 'Observation']) {
    const start = seen.filter(({ resourceType }) => resourceType === type);
    const back = await world.bundle(caller, `${type}?_count=1000&${backward}`);
    const refers = (one: Stored): readonly Ref[] =>
      seen.filter((other) => targetsOf(other).includes(refOf(one))).map(refOf);
    expect(refsOf(back).toSorted()).toEqual(closure(start, seen, refers));
  }
}

const targetsOf = (one: Stored): readonly Ref[] =>
  STEPS.flatMap(([parameter, path]) =>
    parameter.startsWith(`${one.resourceType}:`) ? referencesAt(one, path) : [],
  );

/** Everything that is reached, the start included; each once. */
function closure(
  start: readonly Stored[],
  seen: readonly Stored[],
  next: (one: Stored) => readonly Ref[],
): readonly Ref[] {
  const byRef = new Map(seen.map((one) => [refOf(one), one]));
  const reached = new Set(start.map(refOf));
  // A Set is iterated in the order of insertion, what is added meanwhile included.
  for (const ref of reached) {
    const one = byRef.get(ref);
    for (const to of one === undefined ? [] : next(one)) if (byRef.has(to)) reached.add(to);
  }
  return [...reached].toSorted();
}
