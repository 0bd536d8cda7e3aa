/**
 * Random lives of a few organizations: what they write, refer, send, answer, move, drop and delete. Every step is one
 * request to the FHIR engine, chosen by dice; a refused one is a step, too.
 */
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import type { Caller } from '../../../src/operations/request.ts';
import * as make from '../../resources.ts';
import {
  callerOf,
  refOf,
  type WorldReply,
  type Headers,
  type Method,
  type Stored,
  type World,
} from '../../world.ts';
import { allReferences, referencesAt, typeOf, type SightOracle, type Version } from './sight-oracle.ts';

export const ORGANIZATIONS = ['a', 'b', 'c'] as const;
export const CALLERS: readonly Caller[] = ORGANIZATIONS.map((id) => callerOf(id));
export const organizationOf = ({ organization }: Caller): Ref => organization ?? '/'; // these callers have one

export const FAMILIES = ['Adams', 'Brown', 'Clark'];
export const CODES = ['8480-6', '8462-4'];
/** The class that a consent for treatment, payment and operations names. */
export const TPO_CLASS: Ref = 'Group/tpo-recipients';
export const PLACERS = ['R-1', 'R-2', 'R-3'];

/** Numbers to choose by; after the last comes the first again. */
export class Dice {
  readonly #rolls: readonly number[];
  #at = 0;

  constructor(rolls: readonly number[]) {
    this.#rolls = rolls;
  }

  /** 0 to `sides` - 1. Numbers are scrambled: generators prefer small and large ones, and these shall be even. */
  roll(sides: number): number {
    const rolled = this.#rolls[this.#at % this.#rolls.length] ?? 0;
    this.#at += 1;
    return (Math.imul(rolled + this.#at * 7919, 2_654_435_761) >>> 9) % sides;
  }

  pick<T>(from: readonly T[]): T | undefined {
    return from.length === 0 ? undefined : from[this.roll(from.length)];
  }
}

/** One request, and who makes it. */
export type Step = readonly [caller: Caller, method: Method, url: string, body?: unknown, headers?: Headers];

/** What a step chooses among. */
export interface Table {
  readonly dice: Dice;
  readonly oracle: SightOracle;
  readonly caller: Caller;
  /** A resource of one of these types: mostly one the caller sees, sometimes any, sometimes none that exists. */
  readonly any: (...types: readonly string[]) => Ref;
  /** One that the caller keeps. */
  readonly own: (...types: readonly string[]) => Stored | undefined;
  readonly party: (id?: string) => Ref;
}

export type Move = (table: Table) => Step | undefined;

/** Creates a resource as the caller. */
export const post = ({ caller }: Table, resource: Resource): Step => [
  caller,
  'POST',
  resource.resourceType,
  resource,
];
const maybe = (dice: Dice, more: Record<string, unknown>): Record<string, unknown> =>
  dice.roll(2) === 0 ? more : {};
const CARRIED = [
  'Observation',
  'DocumentReference',
  'Condition',
  'Coverage',
  'Procedure',
  'DiagnosticReport',
  'QuestionnaireResponse',
  'List',
] as const;

/** An entry that creates. */
const entry = (resource: Resource, fullUrl?: string): make.Entry => ({
  method: 'POST',
  url: resource.resourceType,
  resource,
  ...(fullUrl !== undefined && { fullUrl }),
});

/** Creates without rules of their own: accepted exactly when all they refer to may be read. */
const WRITES: Readonly<Record<string, Move>> = {
  patient: (t) =>
    post(
      t,
      make.patient({
        identifier: [{ system: make.MRN_SYSTEM, value: String(t.dice.roll(4)) }],
        name: [{ family: t.dice.pick(FAMILIES) }],
      }),
    ),
  binary: (t) => post(t, make.binary()),
  observation: (t) =>
    post(
      t,
      make.observation(t.any('Patient'), {
        code: { coding: [{ system: 'http://loinc.org', code: t.dice.pick(CODES) }] },
        ...maybe(t.dice, { hasMember: [make.to(t.any('Observation'))] }),
      }),
    ),
  condition: (t) =>
    post(
      t,
      make.condition(
        t.any('Patient'),
        maybe(t.dice, { evidence: [{ detail: [make.to(t.any(...CARRIED))] }] }),
      ),
    ),
  deny: (t) => post(t, make.consent(t.any('Patient'), { provision: denying(t) })),
  coverage: (t) => post(t, make.coverage(t.any('Patient'), `Organization/${t.dice.pick(ORGANIZATIONS)}`)),
  consent: (t) =>
    post(
      t,
      make.consent(t.any('Patient'), maybe(t.dice, { sourceReference: make.to(t.any('DocumentReference')) })),
    ),
  document: (t) =>
    post(
      t,
      make.documentReference(
        t.any('Patient'),
        t.any('Binary'),
        maybe(t.dice, { context: { related: [make.to(t.any('ServiceRequest', 'Task', 'Patient'))] } }),
      ),
    ),
  procedure: (t) =>
    post(t, {
      resourceType: 'Procedure',
      status: 'completed',
      subject: make.to(t.any('Patient')),
      ...maybe(t.dice, { basedOn: [make.to(t.any('ServiceRequest'))] }),
      ...maybe(t.dice, { report: [make.to(t.any('DiagnosticReport', 'DocumentReference'))] }),
    }),
  report: (t) =>
    post(t, {
      resourceType: 'DiagnosticReport',
      status: 'final',
      code: { text: 'labs' },
      ...maybe(t.dice, { basedOn: [make.to(t.any('ServiceRequest'))] }),
      ...maybe(t.dice, { result: [make.to(t.any('Observation'))] }),
    }),
  answers: (t) =>
    post(t, {
      resourceType: 'QuestionnaireResponse',
      status: 'completed',
      ...maybe(t.dice, { basedOn: [make.to(t.any('ServiceRequest'))] }),
      item: [1, 2, 3]
        .slice(t.dice.roll(3))
        .reduce<object[]>(
          (item) => [{ linkId: 'group', item }],
          [{ linkId: 'leaf', answer: [{ valueReference: make.to(t.any(...CARRIED)) }] }],
        ),
    }),
  list: (t) =>
    post(t, {
      resourceType: 'List',
      status: 'current',
      mode: 'snapshot',
      entry: [t.any(...CARRIED), t.any('Task', 'Patient')].map((ref) => ({ item: make.to(ref) })),
    }),
  communication: (t) =>
    post(
      t,
      make.communication([t.any('Task', 'ServiceRequest', 'Communication', 'Patient', 'Appointment')], {
        ...maybe(t.dice, { basedOn: [make.to(t.any('ServiceRequest', 'Task'))] }),
        payload: [{ contentReference: make.to(t.any('Observation', 'DocumentReference', 'Binary')) }],
      }),
    ),
};

/** A provision that denies some organizations, or all; mostly now, sometimes with types, resources or exceptions. */
function denying(t: Table): Record<string, unknown> {
  const { dice } = t;
  const actor = () => ({
    role: { coding: [{ code: dice.roll(4) === 0 ? 'CST' : 'IRCP' }] },
    reference: make.to(t.party()),
  });
  const period = dice.pick([{ start: '2020-01-01' }, { end: '2020' }, { start: '2999' }]);
  const type = (code: string) => ({ system: 'http://hl7.org/fhir/resource-types', code });
  const seldom = (more: Record<string, unknown>) => (dice.roll(4) === 0 ? more : {});
  return {
    type: 'deny',
    ...(dice.roll(5) > 0 && { actor: Array.from({ length: 1 + dice.roll(2) }, actor) }),
    ...seldom({ period }),
    ...seldom({ class: [type(dice.pick(CARRIED) ?? ''), type('Task')] }),
    ...seldom({ data: [{ meaning: 'instance', reference: make.to(t.any(...CARRIED)) }] }),
    ...seldom({ provision: [{ type: 'permit', actor: [actor()] }] }),
  };
}

const MOVES: Readonly<Record<string, Move>> = {
  order: (t) => post(t, orderOf(t)),
  planned: (t) => post(t, { ...orderOf(t), status: 'draft' }),
  task: (t) => post(t, taskOf(t, t.dice.roll(2) === 0 ? 'draft' : 'requested')),
  bundle: (t) => {
    const [patient, request] = [
      'urn:uuid:11111111-1111-4111-8111-111111111111',
      'urn:uuid:22222222-2222-4222-8222-222222222222',
    ];
    const order = { ...orderOf(t), subject: make.to(patient) };
    const task = { ...taskOf(t, 'requested'), focus: make.to(request), for: make.to(patient) };
    const entries = [
      entry(make.patient(), patient),
      entry(order, request),
      ...(t.dice.roll(2) === 0 ? [entry(task)] : []),
    ];
    return [t.caller, 'POST', '', make.transaction(...entries)];
  },
  move: (t) => {
    const status = t.dice.pick([
      'requested',
      'accepted',
      'rejected',
      'in-progress',
      'cancelled',
      'completed',
      'entered-in-error',
    ]);
    return [t.caller, 'PATCH', t.any('Task'), [{ op: 'replace', path: '/status', value: status }]];
  },
  output: (t) => [
    t.caller,
    'PATCH',
    t.any('Task'),
    [{ op: 'add', path: '/output', value: [make.parameter(t.any('DocumentReference', 'Observation'))] }],
  ],
  input: (t) => [
    t.caller,
    'PATCH',
    t.any('Task'),
    [{ op: 'add', path: '/input', value: [make.parameter(t.any(...CARRIED, 'Binary'))] }],
  ],
  owner: (t) => [
    t.caller,
    'PATCH',
    t.any('Task'),
    [{ op: 'replace', path: '/owner', value: make.to(t.party()) }],
  ],
  accept: (t) => {
    const task = ownedTask(t);
    return task && [t.caller, 'PATCH', refOf(task), [{ op: 'replace', path: '/status', value: 'accepted' }]];
  },
  appointment: (t) => {
    const [order] = referencesAt(ownedTask(t) ?? { resourceType: 'Task' }, 'focus');
    return post(t, make.appointment(order ?? t.any('ServiceRequest'), t.any('Patient')));
  },
  carry: (t) => rewrite(t, (dice, reference) => (dice.roll(3) === 0 ? undefined : [reference])),
  lift: (t) => {
    const consent = t.own('Consent');
    return consent && [t.caller, 'PUT', refOf(consent), { ...consent, status: 'inactive' }];
  },
  remove: (t) => {
    const own = t.own();
    return own && [t.caller, 'DELETE', refOf(own)];
  },
  revive: (t) => {
    const gone = t.oracle.refs.filter((ref) => t.oracle.newest(ref)?.json === undefined);
    const ref = t.dice.pick(gone);
    const last = t.oracle.versions.findLast(
      (version) => version.ref === ref && version.json !== undefined,
    )?.json;
    return ref && [t.caller, 'PUT', ref, last];
  },
};

/** A Task that the caller sees and owns. */
function ownedTask({ dice, oracle, caller }: Table): Stored | undefined {
  const id = caller.organization?.split('/')[1];
  const owners = [`Organization/${id}`, `PractitionerRole/${id}`];
  return dice.pick(
    oracle.live.filter(
      (one) => one.resourceType === 'Task' && referencesAt(one, 'owner').some((ref) => owners.includes(ref)),
    ),
  );
}

/** Sets or drops the references that a resource of one's own carries. */
function rewrite(t: Table, change: (dice: Dice, reference: object) => unknown): Step | undefined {
  const own = t.own('ServiceRequest', 'Observation', 'DocumentReference', 'Communication');
  const element = {
    ServiceRequest: 'supportingInfo',
    Observation: 'hasMember',
    DocumentReference: '',
    Communication: 'about',
  }[own?.resourceType ?? ''];
  if (own === undefined || element === undefined) return undefined;
  const to = element === 'about' ? t.any('Task', 'ServiceRequest', 'Patient') : t.any('Observation');
  const { [element]: _before, context: _context, ...rest } = own as Record<string, unknown>;
  const after = change(t.dice, make.to(to));
  const path = element === '' ? { context: after && { related: after } } : { [element]: after };
  return [t.caller, 'PUT', refOf(own), { ...rest, ...path }];
}

/** An order of the caller's, with what it carries. */
export function orderOf(t: Table): Resource {
  const carried = Array.from({ length: t.dice.roll(3) }, () => make.to(t.any(...CARRIED)));
  return make.serviceRequest(
    {
      subject: t.any('Patient'),
      requester: t.party(t.caller.organization?.split('/')[1]),
      performer: t.party(),
      placer: t.dice.pick(PLACERS) ?? '',
    },
    { ...(carried.length > 0 && { supportingInfo: carried }) },
  );
}

function taskOf(t: Table, status: string): Resource {
  const focus = t.any('ServiceRequest');
  const subject = (t.oracle.newest(focus)?.json?.['subject'] as { reference?: string } | undefined)
    ?.reference; // as made
  return make.task(
    {
      focus,
      for: subject ?? t.any('Patient'),
      requester: t.party(t.caller.organization?.split('/')[1]),
      owner: t.party(),
    },
    { status, ...maybe(t.dice, { input: [make.parameter(t.any(...CARRIED, 'Binary'))] }) },
  );
}

const KINDS = [
  ...Object.keys(WRITES),
  ...Object.keys(MOVES),
  // What makes worlds worth looking at comes more often.
  'patient',
  'order',
  'order',
  'bundle',
  'move',
  'move',
  'document',
  'carry',
  'carry',
  'observation',
  'accept',
  'accept',
  'appointment',
  'appointment',
  'remove',
  'remove',
  'revive',
  'communication',
  'input',
  'output',
].filter((kind) => kind !== 'deny' && kind !== 'lift');

/** The same with Consents that deny, and that end. */
export const KINDS_WITH_DENIALS: readonly string[] = [...KINDS, 'deny', 'deny', 'deny', 'deny', 'lift'];

/** What every life begins with: each organization has sent a referral with a document to the next. */
export async function beginLives(world: World, oracle: SightOracle): Promise<void> {
  for (const [at, caller] of CALLERS.entries()) {
    const [from = '', to = ''] = [ORGANIZATIONS[at], ORGANIZATIONS[(at + 1) % ORGANIZATIONS.length]];
    const [subject, letter, order] = ['1', '2', '3'].map(
      (n) => `urn:uuid:${n}1111111-1111-4111-8111-111111111111`,
    ) as [string, string, string];
    const parties = { requester: `PractitionerRole/${from}`, performer: `Organization/${to}` };
    const bundle = make.transaction(
      entry(make.patient({ identifier: [{ system: make.MRN_SYSTEM, value: String(at) }] }), subject),
      entry(make.binary(), letter),
      entry(make.serviceRequest({ subject, ...parties, placer: PLACERS[at] ?? '' }), order),
      entry(make.documentReference(subject, letter, { context: { related: [make.to(order)] } })),
      entry(make.observation(subject)),
    );
    const { status, text } = await world.ask(caller, 'POST', '', bundle);
    if (status !== 200) throw new Error(text);
    await oracle.observe(caller);
  }
}

/** Takes one step, and checks what holds of every step: nobody comes to refer to what it may not read (rules 2.3). */
export async function takeStep(
  world: World,
  oracle: SightOracle,
  rolls: readonly number[],
  kinds: readonly string[] = KINDS,
  more: Readonly<Record<string, Move>> = {},
): Promise<string | undefined> {
  const dice = new Dice(rolls);
  const kind = dice.pick(kinds) ?? '';
  const caller = dice.pick(CALLERS) ?? callerOf('a');
  const step = (more[kind] ?? WRITES[kind] ?? MOVES[kind])?.(tableOf(dice, oracle, caller));
  if (step === undefined) return undefined;
  const referable = new Set(oracle.worldOf(organizationOf(caller)).map(refOf));
  const before = new Map(oracle.refs.map((ref) => [ref, oracle.newest(ref)] as const));
  const answer = await world.ask(...step);
  const written = await oracle.observe(caller, step[2]);
  return (
    refersTooFar(written, before, referable) ??
    (kind in WRITES && answer.code !== 'consent-needed' ? wronglyJudged(step, answer, referable) : undefined)
  );
}

function refersTooFar(
  written: readonly Version[],
  before: ReadonlyMap<Ref, Version | undefined>,
  referable: ReadonlySet<Ref>,
): string | undefined {
  const created = new Set(written.map(({ ref }) => ref));
  for (const { ref, json } of written) {
    const known = allReferences(before.get(ref)?.json);
    for (const to of allReferences(json)) {
      if (to === TPO_CLASS) continue; // packaged: everybody reads it
      if (!known.has(to) && !referable.has(to) && !created.has(to)) return `${ref} came to refer to ${to}`;
    }
  }
  return undefined;
}

function wronglyJudged(
  [, , url, body]: Step,
  { status, code }: WorldReply,
  referable: ReadonlySet<Ref>,
): string | undefined {
  const right = [...allReferences(body)].every((ref) => referable.has(ref));
  if (right ? status === 201 : code === 'reference-not-found') return undefined;
  return `${url} was answered ${status} ${code ?? ''}, although its references are ${right ? '' : 'not '}to be read`;
}

function tableOf(dice: Dice, oracle: SightOracle, caller: Caller): Table {
  const org = organizationOf(caller);
  return {
    dice,
    oracle,
    caller,
    any(...types) {
      const luck = dice.roll(12);
      const from = luck === 0 ? oracle.refs : oracle.worldOf(org).map(refOf);
      return dice.pick(from.filter((ref) => types.includes(typeOf(ref)))) ?? `${types[0] ?? 'Patient'}/none`;
    },
    own: (...types) =>
      dice.pick(
        oracle.live.filter(
          (one) =>
            oracle.custodianOf(refOf(one)) === org &&
            (types.length === 0 || types.includes(one.resourceType)),
        ),
      ),
    party: (id) =>
      `${dice.roll(2) === 0 ? 'Organization' : 'PractitionerRole'}/${id ?? dice.pick(ORGANIZATIONS) ?? 'a'}`,
  };
}
