/** The nine kinds of work of the comparison, as every server of R4 takes them. */
import type { Resource } from '../../../src/fhir/types.ts';
import type { Step, Steps } from '../steps.ts';
import {
  bundleOf,
  fillerOf,
  measurementOf,
  mrnOf,
  OBSERVATIONS_EACH,
  referralOf,
  urlOf,
  WIDE,
  type RivalWorld,
} from './rival-world.ts';

/** The request for the number of a patient or, of a write, for a number that no other request has. */
type Request = (world: RivalWorld, run: string, i: number) => Omit<Step, 'kind' | 'token'>;

const get = (world: RivalWorld, path: string): Omit<Step, 'kind' | 'token'> => ({
  method: 'GET',
  path: `${world.path}/${path}`,
  expect: 200,
});

const send = (
  world: RivalWorld,
  method: 'POST' | 'PUT',
  path: string,
  body: Resource,
  expect: number,
): Omit<Step, 'kind' | 'token'> => ({
  method,
  path: `${world.path}${path}`,
  body: JSON.stringify(body),
  expect,
});

const at = (refs: readonly string[], i: number): string => refs[i % refs.length] ?? '';

/** Reads: what both servers answer alike. By the number of a patient. */
export const RIVAL_READS: Readonly<Record<string, Request>> = {
  'read by id': (world, _, i) => get(world, at(world.tasks, i)),
  'search by identifier': (world, _, i) => get(world, `Patient?identifier=${mrnOf(world.run, i)}`),
  'search with _include': (world, _, i) =>
    get(world, `Task?identifier=${fillerOf(world.run, i)}&_include=Task:focus&_include=Task:patient`),
  'chain of one hop': (world, _, i) =>
    get(world, `Observation?subject:Patient.identifier=${mrnOf(world.run, i)}`),
  'newest 20 of a wide code': (world) =>
    get(world, `Observation?code=${WIDE}|${world.run}&_sort=-_lastUpdated&_count=20`),
};

/** Writes, by a number of their own. */
export const RIVAL_WRITES: Readonly<Record<string, Request>> = {
  create: (world, _, i) =>
    send(world, 'POST', '/Observation', measurementOf(world, at(world.patients, i), i, false), 201),
  update: (world, _, i) => {
    const ref = at(world.observations, i);
    const whose = Math.floor((i % world.observations.length) / OBSERVATIONS_EACH);
    const body = measurementOf(world, at(world.patients, whose), i + 1, true);
    return send(world, 'PUT', `/${ref}`, { ...body, id: ref.split('/')[1] ?? '' }, 200);
  },
  'transaction of four': (world, run, i) => {
    const [subject, order] = [urlOf(1, i), urlOf(2, i)];
    const about = { ...world, run };
    const four = [...referralOf(about, i, subject, order), measurementOf(about, subject, i, false)];
    return send(world, 'POST', '', bundleOf(i, four), 200);
  },
};

const MIX = 'mix of four';
const MIXED = ['create', 'read by id', 'search by identifier', 'update'];

export const RIVAL_KINDS: readonly string[] = [
  ...Object.keys(RIVAL_READS),
  ...Object.keys(RIVAL_WRITES),
  MIX,
];

/** The steps of one kind; the load process knows them by its name behind `rival`. */
const stepsOf =
  (kinds: readonly string[]): Steps =>
  ({ rival: world, run }) => {
    if (world === undefined) throw new Error('a comparison needs its world');
    let turn = 0;
    return () => {
      const kind = kinds[turn % kinds.length] ?? '';
      const number = Math.floor(turn / kinds.length);
      turn += 1;
      const read = RIVAL_READS[kind];
      const i = read === undefined ? number : Math.floor(Math.random() * world.patients.length);
      const step = (read ?? RIVAL_WRITES[kind])?.(world, run, i);
      if (step === undefined) throw new Error(`no work is called ${kind}`);
      return { ...step, kind, token: world.token };
    };
  };

export const RIVAL_STEPS: Readonly<Record<string, Steps>> = {
  ...Object.fromEntries(
    RIVAL_KINDS.filter((kind) => kind !== MIX).map((kind) => [`rival ${kind}`, stepsOf([kind])]),
  ),
  [`rival ${MIX}`]: stepsOf(MIXED),
};

/** The kinds that a kind consists of. */
export const partsOf = (kind: string): readonly string[] => (kind === MIX ? MIXED : [kind]);
