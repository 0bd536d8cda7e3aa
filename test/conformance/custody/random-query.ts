/** Random searches, written for the server and answered by hand over a list of resources. */
import type { Ref } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { refOf, type Stored } from '../../world.ts';
import { CODES, FAMILIES, PLACERS, type Dice } from './random-world.ts';
import { referencesAt, typeOf, valuesAt } from './sight-oracle.ts';

interface Parameter {
  readonly path: string;
  /** Types it refers to that the worlds have; without them it holds codes or words. */
  readonly to?: readonly string[];
  readonly values?: readonly string[];
}

const PATIENT = ['Patient'];
const PARTY = ['Organization', 'PractitionerRole'];
const TASK_STATUS = ['draft', 'received', 'accepted', 'rejected', 'in-progress', 'completed'];

/** Parameters of R4, with the elements they select in the resources of these worlds. */
export const PARAMETERS: Readonly<Record<string, Readonly<Record<string, Parameter>>>> = {
  Task: {
    status: { path: 'status', values: TASK_STATUS },
    focus: { path: 'focus', to: ['ServiceRequest'] },
    patient: { path: 'for', to: PATIENT },
    owner: { path: 'owner', to: PARTY },
    requester: { path: 'requester', to: PARTY },
  },
  ServiceRequest: {
    status: { path: 'status', values: ['draft', 'active', 'revoked', 'completed'] },
    subject: { path: 'subject', to: PATIENT },
    requester: { path: 'requester', to: PARTY },
    performer: { path: 'performer', to: PARTY },
    identifier: { path: 'identifier.value', values: PLACERS },
  },
  Patient: {
    identifier: { path: 'identifier.value', values: ['0', '1', '2', '3', '12345'] },
    'family:exact': { path: 'name.family', values: [...FAMILIES, 'Chalmers'] },
  },
  Observation: {
    code: { path: 'code.coding.code', values: CODES },
    subject: { path: 'subject', to: PATIENT },
    'has-member': { path: 'hasMember', to: ['Observation'] },
  },
  Condition: { patient: { path: 'subject', to: PATIENT } },
  Coverage: {
    beneficiary: { path: 'beneficiary', to: PATIENT },
    payor: { path: 'payor', to: ['Organization'] },
  },
  Consent: { patient: { path: 'patient', to: PATIENT }, status: { path: 'status', values: ['active'] } },
  DocumentReference: {
    subject: { path: 'subject', to: PATIENT },
    related: { path: 'context.related', to: ['ServiceRequest', 'Task', 'Patient'] },
  },
  Communication: { 'based-on': { path: 'basedOn', to: ['ServiceRequest', 'Task'] } },
  Appointment: {
    'based-on': { path: 'basedOn', to: ['ServiceRequest'] },
    actor: { path: 'participant.actor', to: PATIENT },
    status: { path: 'status', values: ['booked', 'cancelled'] },
  },
  Procedure: {
    subject: { path: 'subject', to: PATIENT },
    'based-on': { path: 'basedOn', to: ['ServiceRequest'] },
  },
  DiagnosticReport: {
    'based-on': { path: 'basedOn', to: ['ServiceRequest'] },
    result: { path: 'result', to: ['Observation'] },
  },
  QuestionnaireResponse: { 'based-on': { path: 'basedOn', to: ['ServiceRequest'] } },
  List: { item: { path: 'entry.item', to: ['Observation', 'Task', 'Patient'] } },
  PractitionerRole: { organization: { path: 'organization', to: ['Organization'] } },
  Organization: { 'name:exact': { path: 'name', values: ['a', 'b', 'c'] } },
};
export const SEARCHED: readonly string[] = Object.keys(PARAMETERS);

/** A condition on resources: as a name and value of a query string, and as a test in a world. */
export interface Filter {
  readonly name: string;
  readonly value: string;
  readonly holds: (one: Stored, world: readonly Stored[]) => boolean;
}

export interface RandomQuery {
  readonly type: string;
  readonly filters: readonly Filter[];
}

export const textOf = ({ type, filters }: RandomQuery): string =>
  `${type}?${filters.map(({ name, value }) => `${name}=${value}`).join('&')}`;

export const answerOf = ({ type, filters }: RandomQuery, world: readonly Stored[]): readonly Ref[] =>
  world
    .filter((one) => one.resourceType === type && filters.every(({ holds }) => holds(one, world)))
    .map(refOf);

/** A search of a type that has parameters; `refs` are all there ever were, the invisible among them. */
export function randomQuery(dice: Dice, refs: readonly Ref[]): RandomQuery {
  const type = dice.pick(SEARCHED) ?? 'Task';
  const filters = Array.from({ length: 1 + Number(dice.roll(4) === 0) }, () =>
    randomFilter(dice, type, refs, 0),
  );
  return { type, filters };
}

const HOPS_MAX = 3;

function randomFilter(dice: Dice, type: string, refs: readonly Ref[], hops: number): Filter {
  const luck = dice.roll(10);
  if (luck === 0) return idFilter(dice, type, refs);
  if (luck <= 3 && hops < HOPS_MAX) return hasFilter(dice, type, refs, hops) ?? idFilter(dice, type, refs);
  if (type === 'Observation' && luck === 9) return tupleFilter(dice);
  const [code, parameter] = dice.pick(Object.entries(PARAMETERS[type] ?? {})) ?? ['_id', { path: 'id' }];
  const { path, to, values } = parameter;
  if (luck === 4 && !code.includes(':')) return missingFilter(code, path, dice.roll(2) === 0);
  if (to === undefined)
    return wordFilter(code, path, dice.pick(values ?? []) ?? '', luck === 5 && !code.includes(':'));
  const target = dice.pick(to) ?? '';
  if (luck <= 8 && hops < HOPS_MAX)
    return chainFilter(code, path, target, randomFilter(dice, target, refs, hops + 1));
  const ref = dice.pick(refs.filter((one) => typeOf(one) === target)) ?? `${target}/none`;
  return { name: code, value: ref, holds: (one) => referencesAt(one, path).includes(ref) };
}

function idFilter(dice: Dice, type: string, refs: readonly Ref[]): Filter {
  const ref = dice.pick(refs.filter((one) => typeOf(one) === type)) ?? `${type}/none`;
  return { name: '_id', value: ref.slice(type.length + 1), holds: (one) => refOf(one) === ref };
}

const missingFilter = (code: string, path: string, missing: boolean): Filter => ({
  name: `${code}:missing`,
  value: String(missing),
  holds: (one) => (valuesAt(one, path).length === 0) === missing,
});

/** Code and value of one Observation together. */
function tupleFilter(dice: Dice): Filter {
  const code = dice.pick(CODES) ?? '';
  const [prefix, compare] = dice.pick(COMPARISONS) ?? COMPARISONS[0];
  return {
    name: 'code-value-quantity',
    value: `http://loinc.org|${code}$${prefix}${BOUND}`,
    holds: (one) =>
      valuesAt(one, 'code.coding.code').includes(code) &&
      valuesAt(one, 'valueQuantity.value').some((value) => compare(Number(value))),
  };
}

const BOUND = 50;
const COMPARISONS = [
  ['gt', (value: number) => value > BOUND],
  ['lt', (value: number) => value < BOUND],
] as const;

const wordFilter = (code: string, path: string, word: string, not: boolean): Filter => ({
  name: not ? `${code}:not` : code,
  value: word,
  holds: (one) => valuesAt(one, path).includes(word) !== not,
});

const chainFilter = (code: string, path: string, target: string, { name, value, holds }: Filter): Filter => ({
  name: `${code}:${target}.${name}`,
  value,
  holds: (one, world) =>
    world.some(
      (far) =>
        far.resourceType === target && referencesAt(one, path).includes(refOf(far)) && holds(far, world),
    ),
});

function hasFilter(dice: Dice, type: string, refs: readonly Ref[], hops: number): Filter | undefined {
  const referring = Object.entries(PARAMETERS).flatMap(([from, parameters]) =>
    Object.entries(parameters).flatMap(([code, { path, to }]) =>
      to?.includes(type) ? [{ from, code, path }] : [],
    ),
  );
  const chosen = dice.pick(referring);
  if (chosen === undefined) return undefined;
  const { from, code, path } = chosen;
  const { name, value, holds } = randomFilter(dice, from, refs, hops + 1);
  return {
    name: `_has:${from}:${code}:${name}`,
    value,
    holds: (one, world) =>
      world.some(
        (far) =>
          far.resourceType === from && referencesAt(far, path).includes(refOf(one)) && holds(far, world),
      ),
  };
}

/** What a page brings beside its matches: what they refer to, or what refers to them, by one parameter. */
export interface Inclusion {
  readonly text: string;
  readonly of: (matches: readonly Stored[], world: readonly Stored[]) => readonly Stored[];
}

export function randomInclusion(dice: Dice, type: string): Inclusion | undefined {
  const rows = Object.entries(PARAMETERS).flatMap(([from, parameters]) =>
    Object.entries(parameters).flatMap(([code, { path, to }]) =>
      to === undefined ? [] : [{ from, code, path, to }],
    ),
  );
  const forward = rows.filter(({ from }) => from === type);
  const backward = rows.filter(({ to }) => to.includes(type));
  const row = dice.pick(dice.roll(2) === 0 ? forward : backward);
  if (row === undefined) return undefined;
  const { from, code, path } = row;
  return forward.includes(row)
    ? {
        text: `_include=${from}:${code}`,
        of: (matches, world) => {
          const wanted = new Set(matches.flatMap((one) => referencesAt(one, path)));
          return world.filter((one) => wanted.has(refOf(one)));
        },
      }
    : {
        text: `_revinclude=${from}:${code}`,
        of: (matches, world) => {
          const to = new Set(matches.map(refOf));
          return world.filter(
            (one) => one.resourceType === from && referencesAt(one, path).some((ref) => to.has(ref)),
          );
        },
      };
}

/** A condition that selects Patients by a value, for conditional forms. */
export const patientCondition = (dice: Dice): RandomQuery => {
  const value = String(dice.roll(5));
  const holds = (one: Stored): boolean => valuesAt(one, 'identifier.value').includes(value);
  return { type: 'Patient', filters: [{ name: 'identifier', value: `${make.MRN_SYSTEM}|${value}`, holds }] };
};
