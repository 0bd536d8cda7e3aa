/**
 * The world of the comparison, loaded through FHIR alone, so that any server of R4 takes it: organizations and a
 * practitioner, then each patient with a referral and three measurements as one transaction. Ids are the server's.
 */
import { Trouble } from '../../command.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import { FILLER, MRN, observation, organization, patient, serviceRequest, task } from '../resources.ts';

export interface RivalWorld {
  /** The path of the base: `/fhir`. */
  readonly path: string;
  readonly token: string | undefined;
  /** A text of this comparison, in every identifier, so that a server may hold other things besides. */
  readonly run: string;
  /** References as this server gave them, in the order in which they were loaded. */
  readonly requester: string;
  readonly performer: string;
  readonly practitioner: string;
  readonly patients: readonly string[];
  readonly tasks: readonly string[];
  readonly observations: readonly string[];
}

/** Where a world is loaded. */
export interface Target {
  readonly base: string;
  readonly token: string | undefined;
}

export const OBSERVATIONS_EACH = 3;
const IN_FLIGHT = 8;
/** The longest that one answer may take. */
export const ANSWER_MAX_MS = 60_000;

/** The code that all loaded measurements of a comparison share, and nothing else has. */
export const WIDE = 'https://bench.example.org/comparisons';

/** @throws Trouble with the first answer that is not as it should be */
export async function loadRivalWorld(target: Target, run: string, patients: number): Promise<RivalWorld> {
  const requester = await ensure(target, organization('clinic-0'));
  const performer = await ensure(target, organization('service-0'));
  const practitioner = await ensure(target, PRACTITIONER);
  const about = { run, requester, performer, practitioner };
  const loaded: (readonly string[])[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (next < patients) {
        const i = next;
        next += 1;
        loaded[i] = await transact(target, patientBundle(about, i));
      }
    }),
  );
  return {
    ...about,
    path: new URL(target.base).pathname,
    token: target.token,
    patients: loaded.map(([first = '']) => first),
    tasks: loaded.map((refs) => refs[2] ?? ''),
    observations: loaded.flatMap((refs) => refs.slice(3)),
  };
}

const PRACTITIONER: Resource = {
  resourceType: 'Practitioner',
  identifier: [{ system: 'https://bench.example.org/practitioners', value: 'okafor' }],
  active: true,
  name: [{ family: 'Okafor', given: ['Ngozi'] }],
};

export const mrnOf = (run: string, i: number): string => `${MRN}|mrn-${run}-${i}`;
export const fillerOf = (run: string, i: number): string => `${FILLER}|${run}-f${i}`;

type About = Pick<RivalWorld, 'run' | 'requester' | 'performer' | 'practitioner'>;

/** The resources of one referral; `subject` and `order` are references to the first two. */
export function referralOf(
  { run, requester, performer }: About,
  i: number,
  subject: string,
  order: string,
): readonly Resource[] {
  const who = { placer: `${run}-${i}`, subject, requester, performer };
  const own = { identifier: [{ system: FILLER, value: `${run}-f${i}` }] };
  return [
    withoutId(patient(`${run}-${i}`, i)),
    serviceRequest(who),
    { ...task(who, order, i), ...own, status: 'requested' },
  ];
}

/** A measurement by the practitioner; of the wide code where it is loaded before the comparison. */
export function measurementOf(about: About, subject: string, i: number, isWide: boolean): Resource {
  const made = observation(subject, i);
  const code = made['code'] as { readonly coding: readonly object[] };
  const wide = isWide ? [{ system: WIDE, code: about.run }] : [];
  return {
    ...made,
    code: { ...code, coding: [...code.coding, ...wide] },
    performer: [{ reference: about.practitioner }],
  };
}

function patientBundle(about: About, i: number): Resource {
  const [subject, order] = [urlOf(1, i), urlOf(2, i)];
  return bundleOf(i, [
    ...referralOf(about, i, subject, order),
    ...Array.from({ length: OBSERVATIONS_EACH }, (_, k) =>
      measurementOf(about, subject, i * OBSERVATIONS_EACH + k, true),
    ),
  ]);
}

/** What an entry of a bundle is called before the server has named it. */
export const urlOf = (entry: number, i: number): string =>
  `urn:uuid:${String(entry).padStart(8, '0')}-0000-4000-8000-${String(i).padStart(12, '0')}`;

/** A transaction that creates these; {@link urlOf} numbers them from 1. */
export const bundleOf = (i: number, resources: readonly Resource[]): Resource => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: resources.map((resource, at) => ({
    fullUrl: urlOf(at + 1, i),
    resource,
    request: { method: 'POST', url: resource['resourceType'] },
  })),
});

function withoutId(resource: Resource): Resource {
  const { id: _, ...rest } = resource;
  return rest as Resource; // an id is optional in every type
}

/** The resource of this identifier, created where there is none. */
async function ensure(target: Target, resource: Resource): Promise<string> {
  const [{ system, value } = { system: '', value: '' }] = resource['identifier'] as readonly {
    readonly system: string;
    readonly value: string;
  }[];
  const type = String(resource['resourceType']);
  const query = `identifier=${encodeURIComponent(`${system}|${value}`)}`;
  const found = await askRival(target, 'GET', `/${type}?${query}`);
  const id = entriesOf(found.body)[0]?.resource?.id;
  if (id !== undefined) return `${type}/${id}`;
  const made = await askRival(target, 'POST', `/${type}`, withoutId(resource));
  const ref = refIn(made.location);
  if (ref === undefined) throw new Trouble(`${target.base} refuses ${type}: ${outcomeOf(made)}`);
  return ref;
}

async function transact(target: Target, bundle: Resource): Promise<readonly string[]> {
  const answer = await askRival(target, 'POST', '', bundle);
  const refs = entriesOf(answer.body).map(({ response }) => refIn(response?.location));
  const named = refs.filter((ref) => ref !== undefined);
  const { length } = bundle['entry'] as readonly unknown[];
  if (answer.status !== 200 || named.length !== length) {
    throw new Trouble(`${target.base} refuses a referral as a transaction: ${outcomeOf(answer)}`);
  }
  return named;
}

/** `Patient/17` of a Location, absolute or not, with its version or without. */
function refIn(location: string | null | undefined): string | undefined {
  return /([A-Z]\w+\/[A-Za-z0-9.-]{1,64})(?:\/_history\/[^/]+)?$/.exec(location ?? '')?.[1];
}

export interface RivalAnswer {
  readonly status: number;
  readonly location: string | null;
  readonly body: unknown;
}

/** One request outside the measurement. `path` is below the base. */
export async function askRival(
  { base, token }: Target,
  method: string,
  path: string,
  body?: Resource,
): Promise<RivalAnswer> {
  const response = await reach(`${base}${path}`, {
    method,
    headers: {
      accept: 'application/fhir+json',
      ...(body !== undefined && { 'content-type': 'application/fhir+json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ANSWER_MAX_MS),
  });
  const text = await response.text();
  return { status: response.status, location: response.headers.get('location'), body: parsed(text) };
}

/** @throws Trouble where nobody answers */
async function reach(address: string, asked: RequestInit): Promise<Response> {
  try {
    return await fetch(address, asked);
  } catch (error) {
    const { message, cause } = error as Error;
    throw new Trouble(`${address} does not answer: ${cause instanceof Error ? cause.message : message}`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

interface Entry {
  readonly resource?: { readonly id?: string };
  readonly search?: { readonly mode?: string };
  readonly response?: { readonly location?: string };
}

/** The entries of a bundle; none of anything else. */
export function entriesOf(body: unknown): readonly Entry[] {
  const { entry = [] } = (Object(body) ?? {}) as { readonly entry?: readonly Entry[] };
  return entry;
}

const SHOWN = 200;

/** What the first issue of an OperationOutcome says, behind the status. */
export function outcomeOf({ status, body }: Pick<RivalAnswer, 'status' | 'body'>): string {
  const { issue: [first] = [] } = Object(body) as {
    readonly issue?: readonly {
      readonly code?: string;
      readonly diagnostics?: string;
      readonly details?: { readonly text?: string };
    }[];
  };
  const says = first?.diagnostics ?? first?.details?.text ?? first?.code ?? JSON.stringify(body) ?? '';
  return `${status}: ${says.slice(0, SHOWN)}`;
}
