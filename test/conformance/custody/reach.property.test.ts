/**
 * Reach by comparison (rules 2.6): after any life of a few organizations, each is given exactly what brute force gives over
 * a world from which everything it may not see was deleted first. A failure prints its seed and path; `REACH_SHRINK` looks
 * for the shortest life that fails.
 */
import { expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import type { Caller } from '../../../src/operations/request.ts';
import { proofOf } from '../../proof.ts';
import * as make from '../../resources.ts';
import { callerOf, openWorld, refOf, refsOf, resourcesOf, type Stored, type World } from '../../world.ts';
import {
  answerOf,
  patientCondition,
  randomInclusion,
  randomQuery,
  SEARCHED,
  textOf,
} from './random-query.ts';
import {
  beginLives,
  CALLERS,
  Dice,
  KINDS_WITH_DENIALS,
  organizationOf,
  ORGANIZATIONS,
  takeStep,
} from './random-world.ts';
import { SightOracle, typeOf, type Version } from './sight-oracle.ts';

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

/** Each resource that ever was: by its id, and each of its versions. */
async function compareReads(world: World, oracle: SightOracle, caller: Caller): Promise<void> {
  const org = organizationOf(caller);
  for (const ref of oracle.refs) {
    const reaches = oracle.reaches(org, ref);
    const received = reaches ? oracle.received(org, ref) : undefined;
    const found = oracle.sees(org, ref) ? oracle.newest(ref) : received;
    const { status, json } = await world.ask(caller, 'GET', ref);
    expect([ref, status]).toEqual([ref, statusOf(found, reaches)]);
    // A refusal tells nothing of what there is; that it is the same for all of its kind is tested elsewhere.
    expect(status === 200 ? shown(json as Stored) : undefined).toEqual(shown(found?.json));
  }
  for (const version of oracle.versions) {
    const { ref, seq } = version;
    const { status } = await world.ask(caller, 'GET', `${ref}/_history/${seq}`);
    const found = oracle.seesVersion(org, version) ? version : undefined;
    expect([ref, seq, status]).toEqual([ref, seq, statusOf(found, oracle.reaches(org, ref))]);
  }
}

/** (harmony Z3) What is withheld is 403 where a referral reaches it, and 404 where none does. */
function statusOf(found: Version | undefined, reaches: boolean): number {
  if (found !== undefined) return found.json === undefined ? 410 : 200;
  return reaches ? 403 : 404;
}

/** An Endpoint is shown to others without its address, which is tested elsewhere. */
const shown = (one: Stored | undefined): unknown =>
  one?.resourceType === 'Endpoint' ? { ...one, address: 0, _address: 0, header: 0 } : one;

async function compareHistories(world: World, oracle: SightOracle, caller: Caller): Promise<void> {
  const org = organizationOf(caller);
  const visible = oracle.versions.filter((version) => oracle.seesVersion(org, version)).toReversed();
  const scopes: (readonly [url: string, of: (version: Version) => boolean])[] = [
    ['_history', () => true],
    ...SEARCHED.map((type) => [`${type}/_history`, ({ ref }: Version) => typeOf(ref) === type] as const),
    ...oracle.refs
      .filter((ref) => oracle.sees(org, ref))
      .map((one) => [`${one}/_history`, ({ ref }: Version) => ref === one] as const),
  ];
  for (const [url, of] of scopes) {
    const { total, entry = [] } = await world.bundle(caller, `${url}?_count=1000`);
    const listed = entry.map(({ response, fullUrl }) => `${fullUrl} ${response?.etag}`);
    const expected = visible
      .filter(of)
      .map(({ ref, seq }) => `https://referrals.example.org/fhir/${ref} W/"${seq}"`);
    expect([url, total, listed]).toEqual([url, expected.length, expected]);
  }
}

async function compareSearches(world: World, oracle: SightOracle, caller: Caller, dice: Dice): Promise<void> {
  const seen = oracle.worldOf(organizationOf(caller));
  const query = randomQuery(dice, oracle.refs);
  const expected = answerOf(query, seen);
  const url = textOf(query);
  const { pages, total } = await readPages(
    world,
    caller,
    `${url}&_total=accurate&_count=${1 + dice.roll(5)}`,
  );
  expect([url, total, pages.toSorted()]).toEqual([url, expected.length, expected.toSorted()]);

  const inclusion = randomInclusion(dice, query.type);
  if (inclusion === undefined) return;
  const bundle = await world.bundle(caller, `${url}&_count=1000&${inclusion.text}`);
  const matches = seen.filter((one) => expected.includes(refOf(one)));
  const together = new Set([...matches, ...inclusion.of(matches, seen)].map(refOf));
  expect([url, inclusion.text, refsOf(bundle).filter(isNoOutcome).toSorted()]).toEqual([
    url,
    inclusion.text,
    [...together].toSorted(),
  ]);
}

/** The mark of a denial is no resource that was found. */
const isNoOutcome = (ref: Ref): boolean => typeOf(ref) !== 'OperationOutcome';

async function readPages(world: World, caller: Caller, first: string) {
  const pages: Ref[] = [];
  const totals = new Set<number | undefined>();
  let url: string | undefined = first;
  while (url !== undefined) {
    const {
      total,
      link = [],
      ...bundle
    }: Awaited<ReturnType<World['bundle']>> = await world.bundle(caller, url);
    pages.push(...refsOf({ ...bundle, link }).filter(isNoOutcome));
    totals.add(total);
    url = link
      .find(({ relation }) => relation === 'next')
      ?.url.replace('https://referrals.example.org/fhir/', '');
  }
  return { pages, total: totals.size === 1 ? [...totals][0] : undefined };
}

/** Conditional references and creates select among what the caller sees: one, none, or too many. */
async function compareConditions(world: World, oracle: SightOracle, dice: Dice): Promise<void> {
  const caller = dice.pick(CALLERS) ?? callerOf('a');
  const condition = patientCondition(dice);
  const { length } = answerOf(condition, oracle.worldOf(organizationOf(caller)));
  const url = textOf(condition);
  const about = { resourceType: 'Basic', code: { text: 'note' }, subject: make.to(url) };
  const referred = await world.ask(caller, 'POST', 'Basic', about);
  await oracle.observe(caller);
  expect([url, referred.status]).toEqual([url, length === 1 ? 201 : length === 0 ? 422 : 412]);
  const ifNoneExist = url.slice('Patient?'.length);
  const created = await world.ask(caller, 'POST', 'Patient', make.patient(), { ifNoneExist });
  await oracle.observe(caller);
  expect([url, created.status]).toEqual([url, length === 1 ? 200 : length === 0 ? 201 : 412]);
}

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
