/** What an organization is answered, compared with what the oracle says that it sees. */
import { expect } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import type { Caller } from '../../../src/operations/request.ts';
import * as make from '../../resources.ts';
import { refOf, refsOf, type Stored, type World } from '../../world.ts';
import {
  answerOf,
  patientCondition,
  randomInclusion,
  randomQuery,
  SEARCHED,
  textOf,
} from './random-query.ts';
import { CALLERS, Dice, organizationOf } from './random-world.ts';
import type { Seeing } from './narrowed-oracle.ts';
import { typeOf, type SightOracle, type Version } from './sight-oracle.ts';

/** Each resource that ever was: by its id, and each of its versions. */
export async function compareReads(world: World, oracle: Seeing, caller: Caller): Promise<void> {
  const org = organizationOf(caller);
  for (const ref of oracle.refs) {
    const received = oracle.reaches(org, ref) ? oracle.received(org, ref) : undefined;
    const found = oracle.sees(org, ref) ? oracle.newest(ref) : received;
    const { status, json } = await world.ask(caller, 'GET', ref);
    expect([ref, status]).toEqual([ref, statusOf(found, oracle.tellsOf(org, ref))]);
    // A refusal tells nothing of what there is; that it is the same for all of its kind is tested elsewhere.
    const isReduced = oracle.custodianOf(ref) !== org && oracle.leavesOut(org, 'Observation/any');
    if (!isReduced) expect(status === 200 ? shown(json as Stored) : undefined).toEqual(shown(found?.json));
  }
  for (const version of oracle.versions) {
    const { ref, seq } = version;
    const { status } = await world.ask(caller, 'GET', `${ref}/_history/${seq}`);
    const found = oracle.seesVersion(org, version) ? version : undefined;
    expect([ref, seq, status]).toEqual([ref, seq, statusOf(found, oracle.tellsOfVersion(org, version))]);
  }
}

/** (harmony Z3) What is withheld is 403 where a referral reaches it, and 404 where none does. */
function statusOf(found: Version | undefined, reaches: boolean): number {
  if (found !== undefined) return found.json === undefined ? 410 : 200;
  return reaches ? 403 : 404;
}

const DISPLAY = 'http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-display';

/** An Endpoint is shown without its address, and content of Part 2 with a notice, to others; both are tested elsewhere. */
function shown(one: Stored | undefined): unknown {
  if (one?.resourceType === 'Endpoint') return { ...one, address: 0, _address: 0, header: 0 };
  const { extension, ...meta } = one?.meta ?? {};
  return extension?.some(({ url }) => url === DISPLAY) === true ? { ...one, meta } : one;
}

/** The history of the system, of each type and of each resource. */
export async function compareHistories(
  world: World,
  oracle: Seeing,
  caller: Caller,
  isAsked: (url: string) => boolean = () => true,
): Promise<void> {
  const org = organizationOf(caller);
  const visible = oracle.versions.filter((version) => oracle.seesVersion(org, version)).toReversed();
  const scopes: (readonly [url: string, of: (version: Version) => boolean])[] = [
    ['_history', () => true],
    ...SEARCHED.map((type) => [`${type}/_history`, ({ ref }: Version) => typeOf(ref) === type] as const),
    ...oracle.refs
      .filter((ref) => oracle.sees(org, ref))
      .map((one) => [`${one}/_history`, ({ ref }: Version) => ref === one] as const),
  ];
  for (const [url, of] of scopes.filter(([address]) => isAsked(address))) {
    const { total, entry = [] } = await world.bundle(caller, `${url}?_count=1000`);
    const listed = entry.map(({ response, fullUrl }) => `${fullUrl} ${response?.etag}`);
    const expected = visible
      .filter(of)
      .map(({ ref, seq }) => `https://referrals.example.org/fhir/${ref} W/"${seq}"`);
    expect([url, total, listed]).toEqual([url, expected.length, expected]);
  }
}

/** A random search with its total and its pages, and one that includes. */
export async function compareSearches(
  world: World,
  oracle: Seeing,
  caller: Caller,
  dice: Dice,
): Promise<void> {
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
export async function compareConditions(world: World, oracle: SightOracle, dice: Dice): Promise<void> {
  const whole = CALLERS.filter((one) => !oracle.leavesOut(organizationOf(one), 'Observation/any'));
  const caller = dice.pick(whole);
  if (caller === undefined) return;
  await compareCondition(world, oracle, { caller, seeing: oracle }, dice);
}

/** One condition of one caller. @param by.seeing what it sees */
export async function compareCondition(
  world: World,
  oracle: SightOracle,
  { caller, seeing }: { readonly caller: Caller; readonly seeing: Seeing },
  dice: Dice,
): Promise<void> {
  const condition = patientCondition(dice);
  const { length } = answerOf(condition, seeing.worldOf(organizationOf(caller)));
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
