/** What passed between an organization and each other one, from the rows of its audit (baa-messaging VR1, VR2). */
import type { Ref } from '../../fhir/types.ts';
import type { AuditEntry, AuditRow } from '../../ports/audit.ts';
import { TAKING } from '../../resources/audit-patterns.ts';
import { auditId } from '../../resources/audit-event-render.ts';

const DAY = 86_400_000;
/** The windows of the register, in days. */
export const WINDOWS = [30, 90, 365] as const;
type Window = (typeof WINDOWS)[number];

/** What passed in a window. */
interface PassedInWindow {
  readonly count: number;
  readonly bytes: number;
}

/** What is known of one other organization. */
export interface VendorActivity {
  /** Health information that reached it, by window. */
  readonly passed: Readonly<Record<Window, PassedInWindow>>;
  /** The newest events of each sort, within a year. */
  readonly sent: readonly Ref[];
  readonly tried: readonly Ref[];
  readonly triedLately: readonly Ref[];
  readonly triedCount: number;
  readonly quarantined: readonly Ref[];
  /** Instant of the last event with it. */
  readonly lastContact: string;
  /** It was told for payment or operations, or as who works for the organization. */
  readonly isForOperations: boolean;
  /** Reads under an emergency and of what was masked, by day. */
  readonly watched: ReadonlyMap<string, number>;
}

export interface ActivityCounting {
  take(row: AuditRow): void;
  parties(): readonly Ref[];
  of(party: Ref): VendorActivity;
}

type Filled = { -readonly [Name in keyof Omit<VendorActivity, 'watched'>]: VendorActivity[Name] } & {
  readonly watched: Map<string, number>;
};

/** Event references that are kept of each sort. */
const EVENTS_MAX = 10;
const OPERATIONAL: ReadonlySet<string> = new Set(['HPAYMT', 'HOPERAT']);
const OPERATIONAL_BASES: ReadonlySet<string> = new Set(['payment', 'operations', 'business-associate']);
const REFUSED_BY_GATE = 'agreement-not-active';

/** Counts the rows of a year for `keeper`; rows come oldest first. */
export function countActivity(keeper: Ref, now: number): ActivityCounting {
  const known = new Map<Ref, Filled>();
  return {
    take(row) {
      const said = saidOf(row.entry, keeper);
      for (const party of said?.parties ?? []) {
        const one = known.get(party) ?? EMPTY();
        known.set(party, one);
        if (said !== undefined) note(one, row, said.what, now);
      }
    },
    parties: () => [...known.keys()],
    of: (party) => known.get(party) ?? EMPTY(),
  };
}

const NOTHING: PassedInWindow = { count: 0, bytes: 0 };
const EMPTY = (): Filled => ({
  passed: { 30: NOTHING, 90: NOTHING, 365: NOTHING },
  sent: [],
  tried: [],
  triedLately: [],
  triedCount: 0,
  quarantined: [],
  lastContact: '',
  isForOperations: false,
  watched: new Map(),
});

type What = 'passed' | 'tried' | 'quarantined' | 'contact';

/** With whom an event was, and what it means for the keeper. */
function saidOf(
  entry: AuditEntry,
  keeper: Ref,
): { readonly parties: readonly Ref[]; readonly what: What } | undefined {
  const { event, agent, delivery } = entry;
  if (event === 'deliver' || event === 'deliver-attempt' || event === 'message-sent') {
    if (delivery?.from === keeper && delivery.to !== undefined)
      return {
        parties: [delivery.to],
        what: entry.outcome === '4' ? 'tried' : leftIn(entry) ? 'passed' : 'contact',
      };
    return delivery?.from === undefined || delivery.to !== keeper
      ? undefined
      : { parties: [delivery.from], what: 'contact' };
  }
  if (agent.organization === keeper) {
    if (entry.issue !== REFUSED_BY_GATE) return undefined;
    return { parties: entry.refusedTo === undefined ? [] : [entry.refusedTo], what: 'tried' };
  }
  if (agent.organization === '') return undefined;
  if (entry.issue === REFUSED_BY_GATE)
    return {
      parties: [agent.organization],
      what: event === 'receive' || event === 'create' ? 'quarantined' : 'tried',
    };
  const isTold = TAKING.has(event) && entry.outcome === '0' && entry.viewers.includes(keeper);
  return {
    parties: [agent.organization],
    what: isTold && entry.masked !== true && !isOfMessages(entry) ? 'passed' : 'contact',
  };
}

/** A delivery that was refused told something where bytes arrived. */
const leftIn = ({ outcome, bytesHash }: AuditEntry): boolean => outcome === '0' || bytesHash !== undefined;

const isHealthInformation = ({ patients, message }: AuditEntry): boolean =>
  message === undefined ? patients.length > 0 : message.content === 'phi';

/** Messages count when they are sent, and not once more when they are read. */
const isOfMessages = ({ entities }: AuditEntry): boolean =>
  entities.length > 0 && entities.every((entity) => entity.startsWith('Communication/'));

function note(one: Filled, row: AuditRow, what: What, now: number): void {
  const { at, entry } = row;
  const age = now - Date.parse(at);
  const event: Ref = `AuditEvent/${auditId(row)}`;
  one.lastContact = at;
  if (entry.grant !== undefined || entry.masked === true) {
    const day = at.slice(0, 10);
    one.watched.set(day, (one.watched.get(day) ?? 0) + 1);
  }
  if (what === 'passed') {
    one.isForOperations ||= isOperational(entry);
    if (!isHealthInformation(entry)) return;
    one.sent = [event, ...one.sent].slice(0, EVENTS_MAX);
    one.passed = {
      30: added(one.passed[30], entry, age, 30),
      90: added(one.passed[90], entry, age, 90),
      365: added(one.passed[365], entry, age, 365),
    };
  }
  if (what === 'tried') {
    one.isForOperations ||= isOperational(entry);
    one.triedCount += 1;
    one.tried = [event, ...one.tried].slice(0, EVENTS_MAX);
    if (age <= 90 * DAY) one.triedLately = [event, ...one.triedLately].slice(0, EVENTS_MAX);
  }
  if (what === 'quarantined') one.quarantined = [event, ...one.quarantined].slice(0, EVENTS_MAX);
}

const isOperational = ({ purposes = [], basis = '', issue }: AuditEntry): boolean =>
  purposes.some((purpose) => OPERATIONAL.has(purpose)) ||
  OPERATIONAL_BASES.has(basis) ||
  issue === REFUSED_BY_GATE;

const added = (
  { count, bytes }: PassedInWindow,
  entry: AuditEntry,
  age: number,
  window: Window,
): PassedInWindow =>
  age > window * DAY ? { count, bytes } : { count: count + 1, bytes: bytes + (entry.bytes ?? 0) };
