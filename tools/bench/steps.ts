/**
 * The steps of the load: for each workload the next request, the expected answer, and the state taken from the answer.
 */
import type { Answer, Exchange } from './connection.ts';
import {
  CLINICS,
  NARROWED,
  patient,
  patientIdOf,
  referralBundle,
  SERVICES,
  serviceRequest,
} from './resources.ts';
import type { RivalWorld } from './rival/rival-world.ts';
import { RATED_ROWS, SEARCH_ROWS } from './search-rows.ts';

export interface Step extends Exchange {
  /** The name by which latencies are reported. */
  readonly kind: string;
  readonly expect: number;
  readonly learn?: (answer: Answer) => void;
}

export interface Around {
  /** By organization id. */
  readonly tokens: Readonly<Record<string, string>>;
  /** Referrals that the folder was loaded with. */
  readonly referrals: number;
  /** A text that differs in every run, so that created resources are new. */
  readonly run: string;
  /** The one path that the step `one` asks for. */
  readonly path?: string;
  /** What the steps of a comparison with another server ask for. */
  readonly rival?: RivalWorld;
}

/** A workload: made once per load process, and asked for each request. */
export type Steps = (around: Around) => () => Step;

/** The caller of the bench: one clinic, which sends a quarter of all referrals. */
const CLINIC = 'clinic-0';

/** A number of one of the clinic's referrals. */
const ownReferral = (referrals: number): number =>
  Math.floor((Math.random() * referrals) / CLINICS) * CLINICS;

const get = (kind: string, path: string, token: string | undefined): Step => ({
  kind,
  method: 'GET',
  path,
  token,
  expect: 200,
});

/** Reads the same address again and again, like the measurement of a handler that sends one text. */
const one: Steps = ({ tokens, path = '/' }) => {
  const step = get('read', path, tokens[CLINIC]);
  return () => step;
};

const reads: Steps = ({ tokens, referrals }) => {
  const token = tokens[CLINIC];
  return () => get('read', `/fhir/Task/t${ownReferral(referrals)}`, token);
};

/** The same by thirty granular scopes. */
const narrowedReads: Steps = ({ tokens, referrals }) => {
  const token = tokens[NARROWED];
  return () => get('read', `/fhir/Task/t${ownReferral(referrals)}`, token);
};

export const SEARCH_NAMES: readonly string[] = SEARCH_ROWS.map(({ name }) => name);
export const RATED_NAMES: readonly string[] = RATED_ROWS.map(({ name }) => name);

/** One row of the table, named `search status`. */
const searchBy =
  (name: string): Steps =>
  ({ tokens, referrals }) => {
    const row = [...SEARCH_ROWS, ...RATED_ROWS].find((one) => one.name === name);
    if (row === undefined) throw new Error(`no search is called ${name}`);
    const token = tokens[CLINIC];
    return () => get(name, `/fhir${row.path(ownReferral(referrals))}`, token);
  };

const MIXED = ['patient', 'identifier', 'focus:ServiceRequest.identifier', 'owner + status + sort'];

const BUSINESS_STATUS = 'http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS';
const scheduled = { coding: [{ system: BUSINESS_STATUS, code: '5.1.1' }] };

/** The moves of a Task: the recipient accepts, then schedules a visit. */
const MOVES = [
  [{ op: 'replace', path: '/status', value: 'accepted' }],
  [
    { op: 'replace', path: '/status', value: 'in-progress' },
    { op: 'replace', path: '/businessStatus', value: scheduled },
  ],
];

interface Known {
  readonly path: string;
  readonly service: string;
  /** Moves made. */
  readonly moves: number;
}

/** A quarter each: an order that opens its Task, a read, a move of a Task, a search. */
const mix: Steps = (around) => {
  const { tokens, referrals, run } = around;
  const token = tokens[CLINIC];
  const open: Known[] = [];
  const read = reads(around);
  const searches = MIXED.map((name) => searchBy(name)(around));
  let made = 0;
  let turn = 0;

  function create(): Step {
    made += 1;
    const i = ownReferral(referrals);
    const service = `service-${made % SERVICES}`;
    const about = {
      placer: `${run}-${made}`,
      subject: `Patient/${patientIdOf(i)}`,
      requester: `Organization/${CLINIC}`,
      performer: `Organization/${service}`,
    };
    return {
      kind: 'create',
      method: 'POST',
      path: '/fhir/ServiceRequest',
      token,
      body: JSON.stringify(serviceRequest(about)),
      expect: 201,
      learn({ head }) {
        const path = /^link: <[^>]*(\/fhir\/Task\/[^>]+)>/im.exec(head)?.[1];
        if (path !== undefined) open.push({ path, service, moves: 0 });
      },
    };
  }

  function move(): Step {
    const known = open.shift();
    if (known === undefined) return create();
    const { path, service, moves } = known;
    return {
      kind: 'update',
      method: 'PATCH',
      path,
      token: tokens[service],
      contentType: 'application/json-patch+json',
      body: JSON.stringify(MOVES[moves]),
      expect: 200,
      learn() {
        if (moves + 1 < MOVES.length) open.push({ ...known, moves: moves + 1 });
      },
    };
  }

  return () => {
    turn += 1;
    if (turn % 4 === 0) return create();
    if (turn % 4 === 1) return read();
    if (turn % 4 === 2) return move();
    const search = searches[Math.floor(turn / 4) % searches.length] ?? read;
    return { ...search(), kind: 'search' };
  };
};

/** New versions of the clinic's patients, one after the other, so that no two requests change the same. */
const updates: Steps = ({ tokens, referrals }) => {
  const token = tokens[CLINIC];
  let made = 0;
  return () => {
    made += 1;
    const id = patientIdOf((made * CLINICS * CLINICS) % referrals);
    const body = JSON.stringify(patient(id, made));
    return { kind: 'update', method: 'PUT', path: `/fhir/Patient/${id}`, token, body, expect: 200 };
  };
};

/** Orders only: each writes a ServiceRequest and the Task it opens. */
const creates: Steps = (around) => {
  const next = mix(around);
  return () => {
    for (;;) {
      const step = next();
      if (step.kind === 'create') return step;
    }
  };
};

const transactions: Steps = ({ tokens, run }) => {
  const token = tokens[CLINIC];
  let made = 0;
  return () => {
    made += 1;
    const body = JSON.stringify(referralBundle(made, run));
    return { kind: 'transaction', method: 'POST', path: '/fhir', token, body, expect: 200 };
  };
};

/** Another clinic, as on every day: ten reads for each write. */
const NEIGHBOUR = 'clinic-1';

const modest: Steps = ({ tokens, referrals, run }) => {
  const token = tokens[NEIGHBOUR];
  let turn = 0;
  return () => {
    turn += 1;
    const i = ownReferral(referrals) + 1;
    if (turn % 11 !== 0) return get('read', `/fhir/Task/t${i}`, token);
    const about = {
      placer: `${run}-${turn}`,
      subject: `Patient/${patientIdOf(i)}`,
      requester: `Organization/${NEIGHBOUR}`,
      performer: 'Organization/service-0',
    };
    const body = JSON.stringify(serviceRequest(about));
    return { kind: 'create', method: 'POST', path: '/fhir/ServiceRequest', token, body, expect: 201 };
  };
};

/** Searches for everything that the clinic may see, counted, sorted and with includes. */
const GREEDY =
  '/fhir/Task?focus:ServiceRequest.subject:Patient.name:contains=a&_sort=status,-authored-on,_id&_count=1000&_total=accurate&_include=*';

const greedySearches: Steps = ({ tokens }) => {
  const step = get('search', GREEDY, tokens[CLINIC]);
  return () => step;
};

/** Notes that make a referral a megabyte. */
const NOTE = 'x'.repeat(170_000);

const greedyTransactions: Steps = ({ tokens, run }) => {
  const token = tokens[CLINIC];
  let made = 0;
  return () => {
    made += 1;
    const bundle = referralBundle(made, run) as { readonly entry?: readonly { readonly resource: object }[] };
    const entry = (bundle.entry ?? []).map((one) => ({
      ...one,
      resource: {
        ...one.resource,
        text: { status: 'additional', div: `<div xmlns="http://www.w3.org/1999/xhtml">${NOTE}</div>` },
      },
    }));
    const body = JSON.stringify({ ...bundle, entry });
    return { kind: 'transaction', method: 'POST', path: '/fhir', token, body, expect: 200 };
  };
};

export const STEPS: Readonly<Record<string, Steps>> = {
  modest,
  'greedy searches': greedySearches,
  'greedy transactions': greedyTransactions,
  one,
  reads,
  'narrowed reads': narrowedReads,
  mix,
  creates,
  updates,
  transactions,
  ...Object.fromEntries([...SEARCH_NAMES, ...RATED_NAMES].map((name) => [`search ${name}`, searchBy(name)])),
};
