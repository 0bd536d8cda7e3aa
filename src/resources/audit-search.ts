/**
 * Searches AuditEvents (http://hl7.org/fhir/R4/auditevent.html#search). Rows are compact and few of their words are
 * indexed. A search therefore narrows by the store's indexes, and then looks at each event as its viewer sees it: what
 * a viewer cannot see, the viewer cannot search for either.
 */
import type { AuditEvent, Ref, Resource } from '../fhir/types.ts';
import type { Clause, Prefix } from '../ports/query.ts';
import type { AuditMark, AuditQuery } from '../ports/store.ts';
import { BASIS_POLICY } from './audit-patterns.ts';
import { matches } from './match.ts';
import { searchValues } from './search-values.ts';

/** Whether a clause looks at other resources, or at the text of this one. */
export function asksOthers(clause: Clause): boolean {
  if (clause.kind === 'all' || clause.kind === 'any') return clause.of.some(asksOthers);
  if (clause.kind === 'not') return asksOthers(clause.clause);
  return LEAVING.has(clause.kind);
}

const LEAVING: ReadonlySet<Clause['kind']> = new Set(['chain', 'has', 'text', 'display']);

/**
 * The part of a search that the store can do: conditions that every match fulfils. `patient` then finds the patient
 * whom an event is about, not a patient who acted, because the store indexes names and not agents.
 */
export function narrowAudit(
  clause: Clause,
): Pick<AuditQuery, 'names' | 'organization' | 'marks' | 'from' | 'to'> {
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
    ...marksOf(parts),
    ...(from.length > 0 && { from: Math.max(...from) }),
    ...(to.length > 0 && { to: Math.min(...to) }),
  };
}

const MARKS: Readonly<Record<string, AuditMark['kind']>> = {
  session: 'session',
  tab: 'tab',
  'content-hash': 'bytesHash',
};

/** The marks that every match bears. */
function marksOf(parts: readonly Clause[]): Pick<AuditQuery, 'marks'> {
  const marks = parts.flatMap((part) => markIn(part) ?? []);
  return marks.length === 0 ? {} : { marks };
}

function markIn(part: Clause): AuditMark | undefined {
  if (part.kind === 'uri' && part.param === 'policy' && part.match === 'exact') {
    return part.value.startsWith(BASIS_POLICY)
      ? { kind: 'basis', value: part.value.slice(BASIS_POLICY.length) }
      : undefined;
  }
  if (part.kind !== 'token' || part.code === undefined) return undefined;
  const kind = MARKS[part.param];
  return kind && { kind, value: part.code };
}

/** The one local resource that a clause names under this parameter. */
function onlyRef(clause: Clause, param: string): Ref | undefined {
  if (clause.kind !== 'reference' || clause.param !== param || clause.to.length !== 1) return undefined;
  return clause.to.find((ref): ref is Ref => /^[A-Z]\w*\/[^/]+$/.test(ref));
}

const FROM: ReadonlySet<Prefix> = new Set(['eq', 'gt', 'ge', 'sa', 'ap']);
const TO: ReadonlySet<Prefix> = new Set(['eq', 'lt', 'le', 'eb', 'ap']);

/**
 * Whether the event, as rendered for its viewer, satisfies the clause.
 *
 * @throws Error when the clause {@link asksOthers}; the caller refuses such a search before
 */
export function auditMatches(event: AuditEvent, clause: Clause): boolean {
  const { resourceType: type, id = '', recorded } = event;
  // An AuditEvent is a resource like any other; the type library's interface lacks only the index signature.
  const values = searchValues(event as unknown as Resource, type);
  return matches(clause, { ref: `${type}/${id}`, type, values, updated: Date.parse(recorded) });
}
