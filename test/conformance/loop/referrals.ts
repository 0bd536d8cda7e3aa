/** Referrals brought into a state by legal moves, and every way to write a Task. */
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import type { Response, TestServer, Who } from '../../server.ts';
import type { Method, Stored } from '../../world.ts';
import { SAYS, type Seat } from './table.ts';

export interface Referral {
  readonly patient: Ref;
  readonly request: Ref;
  readonly task: Ref;
  /** `Task.identifier`, for conditions. */
  readonly name: string;
}

export type Sides = Pick<Seat, 'requester' | 'owner'>;

export const SIDES: Sides = { requester: 'initiator', owner: 'recipient' };

export const NAME_SYSTEM = 'urn:oid:2.999.360.99';

/** Legal moves to a state: who writes which state. All begin as a draft that is stored already. */
// prettier-ignore
const WAYS: Readonly<Record<string, readonly (readonly [by: keyof Sides, to: string])[]>> = {
  dr:    [],
  '2.0': [['requester', '2.0']],
  '3.0': [['requester', '2.0'], ['owner', '3.0']],
  '5.1': [['requester', '2.0'], ['owner', '3.0'], ['owner', '5.1']],
  '511': [['requester', '2.0'], ['owner', '3.0'], ['owner', '511']],
  '512': [['requester', '2.0'], ['owner', '3.0'], ['owner', '511'], ['owner', '512']],
  '513': [['requester', '2.0'], ['owner', '3.0'], ['owner', '511'], ['owner', '513']],
  '514': [['requester', '2.0'], ['owner', '3.0'], ['owner', '514']],
  '5.2': [['requester', '2.0'], ['requester', '5.2']],
  '4.0': [['requester', '2.0'], ['owner', '4.0']],
  '6.0': [['requester', '2.0'], ['requester', '5.2'], ['owner', '6.0']],
  '7.0': [['requester', '2.0'], ['owner', '3.0'], ['owner', '7.0']],
  err:   [['requester', '2.0'], ['requester', 'err']],
};

let made = 0;

/** Referrals made by one transaction and moved by one each: so many at a time. */
const AT_ONCE = 16;

/** Fresh referrals of one Patient, each in this state. @param prepare what happens to each while it is a draft */
export async function makeReferrals(
  server: TestServer,
  state: string,
  count: number,
  sides: Sides = SIDES,
  prepare: (referral: Referral) => Promise<void> = async () => undefined,
): Promise<readonly Referral[]> {
  const referrals: Referral[] = [];
  while (referrals.length < count) {
    const some = await makeDrafts(server, Math.min(AT_ONCE, count - referrals.length), sides);
    await inParallel(some, prepare);
    for (const [by, to] of WAYS[state] ?? []) await moveAll(server, some, sides[by], to);
    referrals.push(...some);
  }
  return referrals;
}

export async function makeReferral(
  server: TestServer,
  state: string,
  sides: Sides = SIDES,
): Promise<Referral> {
  const [referral] = await makeReferrals(server, state, 1, sides);
  if (referral === undefined) throw new Error('one was asked for');
  return referral;
}

async function makeDrafts(server: TestServer, count: number, sides: Sides): Promise<readonly Referral[]> {
  const names = Array.from({ length: count }, () => `referral-${(made += 1)}`);
  const entries = names.flatMap((name): readonly make.Entry[] => [
    {
      method: 'POST',
      url: 'ServiceRequest',
      fullUrl: `urn:uuid:${name}-request`,
      resource: requestOf(name, sides),
    },
    { method: 'POST', url: 'Task', resource: taskOf(name, `urn:uuid:${name}-request`, sides) },
  ]);
  const patient: make.Entry = {
    method: 'POST',
    url: 'Patient',
    fullUrl: 'urn:uuid:patient',
    resource: make.patient(),
  };
  const [first, ...refs] = await server.transact(sides.requester, make.transaction(patient, ...entries));
  return names.map((name, i) => ({
    name,
    patient: first ?? 'Patient/0',
    request: refs[2 * i] ?? 'ServiceRequest/0',
    task: refs[2 * i + 1] ?? 'Task/0',
  }));
}

const requestOf = (name: string, { requester, owner }: Sides): Resource =>
  make.serviceRequest(
    {
      subject: 'urn:uuid:patient',
      requester: `PractitionerRole/${requester}`,
      performer: `PractitionerRole/${owner}`,
      placer: name,
    },
    { status: 'draft' },
  );

const taskOf = (name: string, focus: string, { requester, owner }: Sides): Resource =>
  make.task(
    {
      focus,
      for: 'urn:uuid:patient',
      requester: `PractitionerRole/${requester}`,
      owner: `PractitionerRole/${owner}`,
    },
    { status: 'draft', identifier: [{ system: NAME_SYSTEM, value: name }] },
  );

async function moveAll(
  server: TestServer,
  referrals: readonly Referral[],
  who: Who,
  to: string,
): Promise<void> {
  const entries = referrals.map(({ task }): make.Entry => ({
    method: 'PATCH',
    url: task,
    resource: patchOf(buildPatch(writing(to))),
  }));
  await server.transact(who, make.transaction(...entries));
}

// — writing a Task

export interface Writing {
  readonly status: string;
  /** Null: there shall be none. Undefined: it is left as it stands. */
  readonly businessStatus: object | null | undefined;
  readonly statusReason?: object;
  /** One that is added. */
  readonly output?: object;
}

export const BUSINESS_STATUS = 'http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS';

export const OUTPUT = { type: { text: 'Interim consultation note' }, valueString: 'doing well' };

/** What a client writes to say that a Task is in a state. Active is in-progress without a business status (G1). */
export function writing(state: string, output?: object): Writing {
  const { status = '', code } = SAYS[state] ?? {};
  const coding = [{ system: BUSINESS_STATUS, code }];
  return {
    status,
    businessStatus: state === '5.1' ? null : code === undefined ? undefined : { coding },
    ...(state === 'err' && { statusReason: { text: 'wrong patient' } }),
    ...(output !== undefined && { output }),
  };
}

/** RFC 6902; `add` replaces what is there. A business status that may be absent is removed by adding it first. */
export function buildPatch({ status, businessStatus, statusReason, output }: Writing): readonly object[] {
  const add = (path: string, value: unknown) => ({ op: 'add', path, value });
  return [
    add('/status', status),
    ...(businessStatus === undefined ? [] : [add('/businessStatus', businessStatus ?? {})]),
    ...(businessStatus === null ? [{ op: 'remove', path: '/businessStatus' }] : []),
    ...(statusReason === undefined ? [] : [add('/statusReason', statusReason)]),
    ...(output === undefined ? [] : [add('/output', [output])]),
  ];
}

export function buildTask(current: Stored, { businessStatus, output, ...rest }: Writing): Stored {
  const { businessStatus: before, ...task } = current;
  const after = businessStatus === undefined ? before : businessStatus;
  return {
    ...(task as Stored), // an element less, and still stored
    ...rest,
    ...(output !== undefined && { output: [output] }),
    ...(after ? { businessStatus: after } : {}),
  };
}

/** A JSON Patch in a bundle. */
export const patchOf = (operations: readonly object[]): Resource => ({
  resourceType: 'Binary',
  contentType: 'application/json-patch+json',
  data: Buffer.from(JSON.stringify(operations)).toString('base64'),
});

/** What came of a write, whichever way it went. */
export interface Written {
  readonly status: number;
  readonly code: string | undefined;
  readonly says: string;
  readonly task: Resource | undefined;
  /** The version that was written; 0 when refused. */
  readonly version: number;
}

export type Write = (
  server: TestServer,
  who: Who,
  referral: Referral,
  current: Stored,
  change: Writing,
) => Promise<Written>;

const byCondition = ({ name }: Referral): string => `Task?identifier=${NAME_SYSTEM}|${name}`;
const withoutId = ({ id: _id, ...task }: Stored): Resource => task;

type Way = readonly [name: string, write: Write];

const BY_ID: readonly Way[] = [
  [
    'PUT',
    (server, who, { task }, current, change) => single(server, who, 'PUT', task, buildTask(current, change)),
  ],
  [
    'PATCH',
    (server, who, { task }, _current, change) => single(server, who, 'PATCH', task, buildPatch(change)),
  ],
];

const BY_CONDITION: readonly Way[] = [
  [
    'PUT by a condition',
    (server, who, referral, current, change) =>
      single(server, who, 'PUT', byCondition(referral), withoutId(buildTask(current, change))),
  ],
  [
    'PATCH by a condition',
    (server, who, referral, _current, change) =>
      single(server, who, 'PATCH', byCondition(referral), buildPatch(change)),
  ],
];

const IN_TRANSACTION: readonly Way[] = [
  [
    'PUT in a transaction',
    (server, who, { task }, current, change) =>
      inBundle(server, who, { method: 'PUT', url: task, resource: buildTask(current, change) }),
  ],
  [
    'PATCH in a transaction',
    (server, who, { task }, _current, change) =>
      inBundle(server, who, { method: 'PATCH', url: task, resource: patchOf(buildPatch(change)) }),
  ],
];

/** Every way to write a Task that is there. */
export const PATHS = {
  'by id': BY_ID,
  'selected by a condition': BY_CONDITION,
  'in a transaction': IN_TRANSACTION,
} as const;

export async function single(
  server: TestServer,
  who: Who,
  method: Method,
  url: string,
  body: object,
): Promise<Written> {
  return writtenOf(await server.ask(who, method, url, body));
}

export const writtenOf = ({ status, code, says, json, version }: Response): Written => ({
  status,
  code,
  says,
  task: code === undefined ? json : undefined,
  version: code === undefined ? version : 0,
});

interface ReplyEntry {
  readonly resource?: Resource;
  readonly response: { readonly status: string; readonly etag: string };
}

/** The entry as a transaction, with further entries after it; what is told is the first one's. */
export async function inBundle(
  server: TestServer,
  who: Who,
  ...entries: readonly [make.Entry, ...make.Entry[]]
): Promise<Written> {
  const response = await server.ask(who, 'POST', '', make.transaction(...entries));
  const [first] = (response.json['entry'] ?? []) as readonly ReplyEntry[];
  if (first === undefined) return writtenOf(response);
  return {
    status: Number.parseInt(first.response.status, 10),
    code: undefined,
    says: '',
    task: first.resource,
    version: Number(/\d+/.exec(first.response.etag)?.[0]),
  };
}

/** Works on all of them, so many at a time. */
export async function inParallel<T, R>(
  all: readonly T[],
  work: (one: T) => Promise<R>,
  width = 24,
): Promise<readonly R[]> {
  const results: R[] = [];
  const rest = all.entries();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const [i, one] of rest) results[i] = await work(one);
    }),
  );
  return results;
}
