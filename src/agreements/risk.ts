/**
 * The risk of a vendor (baa-messaging VR2): a sum of rows, each of which says why it counts and shows what it rests on. There
 * is no learned score, and nothing counts that is not in the table.
 */
import type { Ref } from '../fhir/types.ts';
import { ATTESTATIONS, holdsAt, type PaperKind, type VendorPaper } from './papers.ts';
import type { AgreementState } from './state.ts';

const DAY = 86_400_000;

/** What is known of a vendor at a moment. Milliseconds since 1970. */
export interface VendorFacts {
  readonly now: number;
  readonly state: AgreementState;
  /** The Contract that decides; absent where there is none. */
  readonly contract?: Ref;
  /** The first millisecond after its end. */
  readonly until?: number;
  /** A Contract that follows it. */
  readonly successor?: Ref;
  /** Terms that it lacks. */
  readonly gaps: readonly string[];
  /** Hours within which it promises to report a breach. */
  readonly breachNoticeHours?: number;
  /** Contracts of its subcontractors through which nothing may pass. */
  readonly broken: readonly Ref[];
  /** Contracts of subcontractors that it has declared. */
  readonly declared: readonly Ref[];
  readonly papers: readonly VendorPaper[];
  /** Events by which health information reached it within a year, the newest first. */
  readonly sent: readonly Ref[];
  /** Events in which it was about to be told and was not, within a year. */
  readonly tried: readonly Ref[];
  /** The same within 90 days. */
  readonly triedLately: readonly Ref[];
  /** Work items of incidents that are open. */
  readonly incidents: readonly Ref[];
  /** Events of content from it that was kept apart. */
  readonly quarantined: readonly Ref[];
  /** The day on which it read under an emergency, or what was masked, far more often than it used to. */
  readonly unusual?: string;
}

/** A row that counts. */
interface RiskRow {
  readonly code: RiskCode;
  readonly points: number;
  readonly says: string;
  /** References, or a day. */
  readonly evidence: readonly string[];
}

interface RiskRule {
  readonly points: number;
  readonly says: string;
  /** What shows that it counts; undefined where it does not. */
  readonly evidence: (facts: VendorFacts) => readonly string[] | undefined;
}

/** What counts where it is so, by what shows it. */
const where = (holds: boolean, evidence: readonly (string | undefined)[]): readonly string[] | undefined =>
  holds ? evidence.filter((one) => one !== undefined).slice(0, EVIDENCE_MAX) : undefined;
const shown = (evidence: readonly string[]): readonly string[] | undefined =>
  where(evidence.length > 0, evidence);
/** References that one row shows. */
const EVIDENCE_MAX = 10;

const lacks = ({ papers, now }: VendorFacts, kinds: readonly PaperKind[], from = -Infinity) => {
  const ofKind = papers.filter(({ kind }) => kinds.includes(kind));
  const holds = ofKind.some((paper) => holdsAt(paper, now) && (paper.from ?? Infinity) >= from);
  return where(
    !holds,
    ofKind.map(({ ref }) => ref),
  );
};

/** The table. */
// prettier-ignore
const RISKS = {
  'no-agreement':       { points: 40, says: 'health information was sent or tried, and there is no agreement', evidence: ({ state, sent, tried }) => state === 'none' ? shown([...sent, ...tried]) : undefined },
  'tried-after-end':    { points: 30, says: 'within 90 days somebody tried to send after the agreement had ended', evidence: ({ state, triedLately }) => state === 'expired' || state === 'revoked' ? shown(triedLately) : undefined },
  'ends-soon':          { points: 15, says: 'the agreement ends within 30 days, and none follows it', evidence: ({ state, until, now, successor, contract }) => where(state === 'active' && until !== undefined && until - now <= 30 * DAY && successor === undefined, [contract]) },
  'checklist-gap':      { points: 15, says: 'the agreement lacks terms of 45 CFR 164.504(e)(2)', evidence: ({ contract, gaps }) => where(contract !== undefined && gaps.length > 0, [contract, ...gaps]) },
  'chain-broken':       { points: 25, says: 'an agreement with a subcontractor is not in force', evidence: ({ broken }) => shown(broken) },
  'no-subcontractors':  { points: 5,  says: 'no list of subcontractors', evidence: (facts) => facts.declared.length > 0 ? undefined : lacks(facts, ['subcontractor-list']) },
  'no-data-flow':       { points: 5,  says: 'no diagram of the flow of data', evidence: (facts) => lacks(facts, ['data-flow']) },
  'no-attestation':     { points: 10, says: 'no attestation of the last 12 months', evidence: (facts) => lacks(facts, ATTESTATIONS, facts.now - 366 * DAY) },
  'breach-notice':      { points: 5,  says: 'a breach is to be reported after more than 72 hours, or nothing is said', evidence: ({ breachNoticeHours, contract }) => where(breachNoticeHours === undefined || breachNoticeHours > 72, [contract]) },
  'open-incident':      { points: 30, says: 'an incident is open', evidence: ({ incidents }) => shown(incidents) },
  'unusual-access':     { points: 10, says: 'emergency or masked reads far above those of its own 90 days', evidence: ({ unusual }) => where(unusual !== undefined, [unusual]) },
  'quarantine':         { points: 15, says: 'content came from it without an agreement in force', evidence: ({ quarantined }) => shown(quarantined) },
} as const satisfies Record<string, RiskRule>;

type RiskCode = keyof typeof RISKS;
/** The rows of the table, for those who read about it. */
export const RISK_ROWS: readonly (readonly [code: string, rule: RiskRule])[] = Object.entries(RISKS);

export interface VendorRisk {
  /** 0 to 100. */
  readonly score: number;
  readonly level: 'low' | 'medium' | 'high';
  readonly rows: readonly RiskRow[];
}

/** The risk of a vendor, row by row. */
export function riskOf(facts: VendorFacts): VendorRisk {
  const rows = RISK_ROWS.flatMap(([code, { points, says, evidence }]) => {
    const found = evidence(facts);
    return found === undefined ? [] : [{ code: code as RiskCode, points, says, evidence: found }]; // a key of the table
  });
  const score = Math.min(
    100,
    rows.reduce((sum, { points }) => sum + points, 0),
  );
  return { score, level: score >= 60 ? 'high' : score >= 30 ? 'medium' : 'low', rows };
}

/**
 * The day of the last seven on which something happened more often than the mean of its 90 days and three standard
 * deviations; undefined where none is. A single event is nothing unusual.
 *
 * @param counts by day (`2026-11-22`), days without any left out
 */
export function unusualDay(counts: ReadonlyMap<string, number>, now: number): string | undefined {
  const days = Array.from({ length: 90 }, (_, before) =>
    new Date(now - before * DAY).toISOString().slice(0, 10),
  );
  const values = days.map((day) => counts.get(day) ?? 0);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  const limit = mean + 3 * deviation;
  return days.slice(0, 7).find((_, at) => (values[at] ?? 0) > Math.max(limit, 1));
}
