/**
 * Renders a compact audit row as an R4 AuditEvent (http://hl7.org/fhir/R4/auditevent.html) by the IHE Basic Audit Log
 * Patterns (https://profiles.ihe.net/ITI/BALP/): the pattern, the agents and the objects (rules 4.2).
 *
 * A viewer who is not of the agent's organization sees that organization, not its user, its client, its session or its
 * search words (rules 2.8). What decided, and why something was not told, the discloser sees alone (compliance V2). The
 * event claims a BALP profile only where it meets all of it: success, a known address, one data object and at most one
 * patient.
 */
import { ISSUES } from '../fhir/issue.ts';
import type { AuditEvent, Coding } from '../fhir/types.ts';
import { PURPOSE_SYSTEM } from '../policies/purpose.ts';
import { DIRECT } from '../ports/direct.ts';
import type { AuditEntry, AuditRow } from '../ports/store.ts';
import { auditAgents } from './audit-agents.ts';
import { periodElsewhere } from './audit-elsewhere.ts';
import { auditEntities } from './audit-entities.ts';
import {
  BY_CONSENT,
  MEDIA,
  OTHER,
  PATTERNS,
  disclosedByReading,
  subtypeOf,
  AGREEMENT_TRANSITION_SYSTEM,
  TRANSITION_SYSTEM,
  TREATMENT,
  type AuditPattern,
} from './audit-patterns.ts';
import { auditProfile } from './audit-profile.ts';
import {
  codedAs,
  decidedByConsent,
  observerOf,
  auditSeeing,
  type AuditSeeing,
  type AuditSource,
  type AuditViewer,
} from './audit-viewer.ts';

export type { AuditSource, AuditViewer } from './audit-viewer.ts';

/** The id of a row's AuditEvent: `<seq>-<position>`. */
export function auditId({ seq, position }: Pick<AuditRow, 'seq' | 'position'>): string {
  return `${seq}-${position}`;
}

/** The place of a row, from the id of its AuditEvent; undefined when no row can have that id. */
export function parseAuditId(id: string): { readonly seq: number; readonly position: number } | undefined {
  const match = /^([1-9]\d{0,15})-(0|[1-9]\d{0,8})$/.exec(id);
  const seq = Number(match?.[1]);
  return match !== null && Number.isSafeInteger(seq) ? { seq, position: Number(match[2]) } : undefined;
}

/** The row as its viewer may see it. The store decides whether the viewer may see it at all (`AuditQuery.viewer`). */
export function renderAuditEvent(row: AuditRow, viewer: AuditViewer, source: AuditSource): AuditEvent {
  const { entry, at } = row;
  const seeing = auditSeeing(entry, viewer);
  const pattern = PATTERNS[entry.event] ?? OTHER;
  const entities = auditEntities(row, seeing);
  const profile = auditProfile(entry, pattern, seeing, entities);
  const outcomeDesc = describeOutcome(entry);
  return {
    resourceType: 'AuditEvent',
    id: auditId(row),
    meta: { versionId: String(row.seq), lastUpdated: at, ...(profile && { profile: [profile] }) },
    type: pattern.type,
    subtype: [
      subtypeOf(entry, pattern),
      ...disclosedByReading(entry),
      ...packageOf(entry),
      ...transitionOf(entry),
      ...consentSubtypeOf(entry, pattern, seeing),
    ],
    action: entry.action,
    ...(seeing.own ? periodElsewhere(entry) : {}),
    recorded: at,
    outcome: entry.outcome,
    ...(outcomeDesc && { outcomeDesc }),
    ...purposeOf(entry),
    agent: auditAgents(entry, pattern, source, seeing),
    source: {
      observer: observerOf(source),
      type: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/security-source-type',
          code: '4',
          display: 'Application Server',
        },
      ],
    },
    ...(entities.length > 0 && { entity: entities }),
  };
}

/** A decision by a Consent is told in the row of what it allowed (compliance V4). */
const consentSubtypeOf = (
  entry: AuditEntry,
  { subtype }: AuditPattern,
  { discloses }: AuditSeeing,
): Coding[] => (discloses && decidedByConsent(entry) && subtype !== BY_CONSENT ? [BY_CONSENT] : []);

/** The purposes that the row has (compliance V2); without any, whatever is about a patient is treatment. */
function purposeOf(entry: AuditEntry): Pick<AuditEvent, 'purposeOfEvent'> {
  const { purposes } = entry;
  if (purposes === undefined && !concernsCare(entry)) return {};
  return {
    purposeOfEvent: (purposes ?? ['TREAT']).map((code) =>
      codedAs(code === 'TREAT' ? TREATMENT : { system: PURPOSE_SYSTEM, code }),
    ),
  };
}

const concernsCare = ({ event, patients, identity }: AuditEntry): boolean =>
  patients.length > 0 && event !== 'login' && event !== 'admin' && identity === undefined;

/** What a mail takes is a package of documents (ITI-32). */
const packageOf = ({ outcome, delivery }: AuditEntry): Coding[] =>
  delivery?.rail === DIRECT && outcome === '0' ? [MEDIA] : [];

function transitionOf({ event, transition }: AuditEntry): Coding[] {
  const system = event === 'agreement-move' ? AGREEMENT_TRANSITION_SYSTEM : TRANSITION_SYSTEM;
  return transition ? [{ system, code: transition.tid, display: transition.event }] : [];
}

/**
 * The outcome in plain words: the refusal with its way out, and the number of equal events for which the row stands.
 */
function describeOutcome({ issue, times, delivery }: AuditEntry): string {
  const solve = Object.entries(ISSUES).find(([code]) => code === issue)?.[1].solve;
  return [
    issue && (solve ? `${issue}: ${solve}` : issue),
    delivery?.why,
    times !== undefined && times > 1 && `${times} times`,
  ]
    .filter(Boolean)
    .join(' · ');
}
