/** The register as a table for a spreadsheet: one line for each vendor. */
import { csvTable } from '../csv-lines.ts';
import { WINDOWS } from './activity.ts';
import type { VendorLine } from './register.ts';

const DAY = 86_400_000;

/** Whole days until an end; none where it is past. */
export const daysLeftOf = (until: number, at: number): number => Math.max(0, Math.floor((until - at) / DAY));

const instant = (ms: number | undefined): string => (ms === undefined ? '' : new Date(ms).toISOString());

type Cell = (line: VendorLine, at: number) => string;

// prettier-ignore
const COLUMNS: Readonly<Record<string, Cell>> = {
  organization: ({ vendor }) => vendor,
  name: ({ name }) => name,
  side: ({ side }) => side,
  services: ({ standing }) => standing.services.join(' '),
  state: ({ standing }) => standing.state,
  why: ({ standing }) => standing.why ?? '',
  agreement: ({ standing: { contract, version } }) => (contract === undefined ? '' : `${contract}/_history/${version ?? 0}`),
  since: ({ standing }) => instant(standing.since),
  end: ({ standing }) => instant(standing.until),
  days_left: ({ standing: { until } }, at) => (until === undefined ? '' : String(daysLeftOf(until, at))),
  review_by: ({ text }) => text.reviewBy ?? '',
  breach_notice_hours: ({ text }) => String(text.breachNoticeHours ?? ''),
  gaps: ({ standing }) => standing.gaps.join(' '),
  signers: ({ text }) => text.signers.map(({ side, who, when }) => `${side} ${who} ${when}`).join('; '),
  subcontractors: ({ subcontractors }) => subcontractors.map(({ organization, state, services }) => `${organization} ${state} ${services.join(' ')}`.trim()).join('; '),
  carries: ({ carries }) => carries.join(' '),
  ...Object.fromEntries(WINDOWS.flatMap((days): [string, Cell][] => [
    [`passed_${days}d`, ({ activity }) => String(activity.passed[days].count)],
    [`bytes_${days}d`, ({ activity }) => String(activity.passed[days].bytes)],
  ])),
  blocked: ({ activity }) => String(activity.triedCount),
  last_contact: ({ activity }) => activity.lastContact,
  papers: ({ papers }) => papers.map(({ kind, until }) => `${kind} ${instant(until)}`.trim()).join('; '),
  incidents: ({ incidents }) => incidents.join(' '),
  risk: ({ risk, side }) => (side === 'principal' ? '' : String(risk.score)),
  level: ({ risk, side }) => (side === 'principal' ? '' : risk.level),
  reasons: ({ risk }) => risk.rows.map(({ code, points, evidence }) => `${code} +${points} (${evidence.join(' ')})`).join('; '),
};

export const registerCsv = (lines: readonly VendorLine[], at: number): string =>
  csvTable(
    Object.keys(COLUMNS),
    lines.map((line) => Object.values(COLUMNS).map((cell) => cell(line, at))),
  );
