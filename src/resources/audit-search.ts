/**
 * Searching AuditEvents (http://hl7.org/fhir/R4/auditevent.html#search). Rows are compact and few of their words are
 * indexed, so a search narrows by what the store knows and then looks at each event as its viewer sees it: what a
 * viewer is not shown cannot be searched for either.
 */
import type { AuditEvent, Coding, Reference, Ref } from '../fhir/types.ts';
import type { Clause, Prefix, SearchValue } from '../ports/query.ts';
import type { AuditQuery } from '../ports/store.ts';

/** Whether a clause asks about other resources somewhere. */
export function asksOthers(clause: Clause): boolean {
  if (clause.kind === 'all' || clause.kind === 'any') return clause.of.some(asksOthers);
  if (clause.kind === 'not') return asksOthers(clause.clause);
  return clause.kind === 'chain' || clause.kind === 'has';
}

/** What the store can do of a search: conditions that every match fulfils, never narrower than the clause. */
export function narrowAudit(clause: Clause): Pick<AuditQuery, 'names' | 'organization' | 'from' | 'to'> {
  const parts = clause.kind === 'all' ? clause.of : [clause];
  const names = parts.flatMap((part) => onlyRef(part, 'entity') ?? onlyRef(part, 'patient') ?? []);
  const organization = parts
    .flatMap((part) => onlyRef(part, 'agent') ?? [])
    .find((ref) => ref.startsWith('Organization/'));
  const times = parts.flatMap((part) =>
    part.kind === 'updated' || (part.kind === 'range' && part.param === 'date') ? [part] : [],
  );
  const from = times.filter(({ prefix }) => FROM.has(prefix)).map(({ low }) => low);
  const to = times.filter(({ prefix }) => TO.has(prefix)).map(({ high }) => high);
  return {
    names,
    ...(organization !== undefined && { organization }),
    ...(from.length > 0 && { from: Math.max(...from) }),
    ...(to.length > 0 && { to: Math.min(...to) }),
  };
}

/** The one local resource that a clause asks for under this parameter. */
function onlyRef(clause: Clause, param: string): Ref | undefined {
  if (clause.kind !== 'reference' || clause.param !== param || clause.to.length !== 1) return undefined;
  return clause.to.find((ref): ref is Ref => /^[A-Z]\w*\/[^/]+$/.test(ref));
}

const FROM: ReadonlySet<Prefix> = new Set(['eq', 'gt', 'ge', 'sa', 'ap']);
const TO: ReadonlySet<Prefix> = new Set(['eq', 'lt', 'le', 'eb', 'ap']);

/**
 * Whether the event, as rendered for its viewer, satisfies the clause.
 *
 * @throws Error when the clause {@link asksOthers}; the desk refuses such a search first
 */
export function auditMatches(event: AuditEvent, clause: Clause): boolean {
  return satisfies(
    { id: event.id ?? '', at: Date.parse(event.recorded), values: auditValues(event) },
    clause,
  );
}

interface Subject {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly values: readonly SearchValue[];
}

type Test<Kind extends Clause['kind']> = (
  clause: Extract<Clause, { kind: Kind }>,
  subject: Subject,
) => boolean;

const some = (subject: Subject, param: string, holds: (value: SearchValue) => boolean): boolean =>
  subject.values.some((value) => value.param === param && holds(value));

const refuse = ({ kind }: Clause): never => {
  throw new Error(`${kind} asks about other resources`);
};

const TESTS: { readonly [Kind in Clause['kind']]: Test<Kind> } = {
  all: ({ of }, subject) => of.every((part) => satisfies(subject, part)),
  any: ({ of }, subject) => of.some((part) => satisfies(subject, part)),
  not: ({ clause }, subject) => !satisfies(subject, clause),
  missing: ({ param, missing }, subject) => missing !== some(subject, param, () => true),
  token: ({ param, code: asked, system }, subject) =>
    some(subject, param, ({ low, high }) => (asked ?? low) === low && (system ?? high) === high),
  reference: ({ param, to }, subject) => some(subject, param, ({ low }) => to.includes(String(low))),
  uri: ({ param, value }, subject) => some(subject, param, ({ low }) => low === value),
  string: (clause, subject) =>
    some(subject, clause.param, ({ low, high }) => compareText(clause, String(low), String(high))),
  range: ({ param, prefix, ...asked }, subject) =>
    some(subject, param, ({ low, high }) => COMPARE[prefix]({ low: Number(low), high: Number(high) }, asked)),
  id: ({ ids }, { id }) => ids.includes(id),
  updated: ({ prefix, ...asked }, { at }) => COMPARE[prefix]({ low: at, high: at }, asked),
  chain: refuse,
  has: refuse,
};

function satisfies(subject: Subject, clause: Clause): boolean {
  // The table maps each kind to the test of that kind, which the type of a union's member cannot say.
  const test = TESTS[clause.kind] as (clause: Clause, subject: Subject) => boolean;
  return test(clause, subject);
}

function compareText(
  { match, value }: Extract<Clause, { kind: 'string' }>,
  folded: string,
  written: string,
): boolean {
  if (match === 'exact') return written === value;
  return match === 'starts' ? folded.startsWith(value) : folded.includes(value);
}

interface Interval {
  readonly low: number;
  readonly high: number;
}

const within = (value: Interval, asked: Interval) => asked.low <= value.low && value.high <= asked.high;

/** http://hl7.org/fhir/R4/search.html#prefix: the interval of the value against the interval that is asked for. */
const COMPARE: Readonly<Record<Prefix, (value: Interval, asked: Interval) => boolean>> = {
  eq: within,
  ne: (value, asked) => !within(value, asked),
  gt: (value, asked) => value.high > asked.high,
  lt: (value, asked) => value.low < asked.low,
  ge: (value, asked) => value.high > asked.high || within(value, asked),
  le: (value, asked) => value.low < asked.low || within(value, asked),
  sa: (value, asked) => value.low > asked.high,
  eb: (value, asked) => value.high < asked.low,
  ap: (value, asked) => value.low <= asked.high && value.high >= asked.low,
};

/**
 * The values of the parameters that an AuditEvent is searched by. `patient` finds those whom an event is about, not
 * those who acted, so that the store's index by name answers it.
 */
export function auditValues(event: AuditEvent): readonly SearchValue[] {
  const at = Date.parse(event.recorded);
  const entities = event.entity ?? [];
  return [
    { param: 'date', low: at, high: at },
    ...code('action', 'http://hl7.org/fhir/audit-event-action', event.action),
    ...code('outcome', 'http://hl7.org/fhir/audit-event-outcome', event.outcome),
    ...[event.type].flatMap((coding) => token('type', coding)),
    ...(event.subtype ?? []).flatMap((coding) => token('subtype', coding)),
    ...entities.flatMap(({ type }) => token('entity-type', type)),
    ...entities.flatMap(({ role }) => token('entity-role', role)),
    ...entities.flatMap(({ what }) => reference('entity', what)),
    ...event.agent.flatMap(({ who }) => reference('agent', who)),
    ...event.agent.flatMap(({ network }) => text('address', network?.address)),
    ...entities.flatMap(({ what }) =>
      what?.reference?.startsWith('Patient/') ? reference('patient', what) : [],
    ),
    ...reference('source', event.source.observer),
  ];
}

const code = (param: string, system: string, value: string | undefined): SearchValue[] =>
  value === undefined ? [] : [{ param, low: value, high: system }];

const token = (param: string, coding: Coding | undefined): SearchValue[] =>
  coding?.code === undefined ? [] : [{ param, low: coding.code, high: coding.system ?? '' }];

const text = (param: string, value: string | undefined): SearchValue[] =>
  value === undefined ? [] : [{ param, low: value.toLowerCase(), high: value }];

/** A literal reference without its version, and a logical one under `<param>:identifier`. */
function reference(param: string, value: Reference | undefined): SearchValue[] {
  const [literal, version = ''] = value?.reference?.split('/_history/') ?? [];
  const identifier = value?.identifier;
  return [
    ...(literal === undefined ? [] : [{ param, low: literal, high: version }]),
    ...(identifier?.value === undefined
      ? []
      : [{ param: `${param}:identifier`, low: identifier.value, high: identifier.system ?? '' }]),
  ];
}
