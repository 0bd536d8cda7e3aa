/**
 * `$break-glass-report` (audit-compliance AU30): each grant of emergency access in a period, what was opened under it, what
 * its review came to, and how often each person needs one.
 */
import type { Ref } from '../../fhir/types.ts';
import type { Snapshot } from '../../ports/store.ts';
import { scanAudit } from '../audit/scan.ts';
import { findGrants, type StoredGrant, type GrantReview } from '../emergency/grants.ts';
import {
  lineParts,
  reportLine,
  PERIOD_IN,
  periodIn,
  reportingOrganization,
} from './information-blocking-report.ts';
import type { Invocation, Operation, OperationReply } from './operation.ts';
import { parametersOf, type Out } from './output.ts';

export const breakGlassReport: Operation = {
  name: 'break-glass-report',
  title: 'Emergency access, and what its reviews came to',
  description:
    'Grants of emergency access to what the organization of the caller keeps, or by its own people: who, why, what was opened under it, the review, and grants by person and month. It needs the scope closeloop/compliance.',
  levels: ['system'],
  resource: [],
  affectsState: false,
  parameters: [
    ...PERIOD_IN,
    {
      name: 'grant',
      use: 'out',
      min: 0,
      max: '*',
      documentation:
        'A line: grant, patient, discloser, organization, user, reason, at, until, review, result, reviewer, daysOpen, opened*.',
      part: lineParts(
        'grant',
        'patient',
        'discloser',
        'organization',
        'user',
        'reason',
        'at',
        'until',
        'review',
        'result',
        'reviewer',
        'daysOpen',
        'opened',
      ),
    },
    {
      name: 'rate',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'A line: user, month, grants.',
      part: lineParts('user', 'month', 'grants'),
    },
  ],
  perform,
};

const DAY_MS = 24 * 60 * 60_000;
/** Resources of one grant that are named; all are counted. */
const OPENED_MAX = 1000;

async function perform({ context, request, input }: Invocation): Promise<OperationReply> {
  const organization = reportingOrganization(request);
  const snapshot = context.store.snapshot();
  const now = context.clock.now();
  const { from, to } = periodIn(input, now);
  const all = [
    ...(await findGrants(snapshot, 'discloser', organization)),
    ...(await findGrants(snapshot, 'organization', organization)),
  ];
  const grants = [...new Map(all.map((grant) => [grant.key, grant])).values()]
    .filter(({ at }) => at >= from && at <= to)
    .toSorted((a, b) => a.at - b.at);
  const lines: Out[] = [];
  for (const grant of grants) lines.push(await grantLine(snapshot, grant, organization, now, request.signal));
  return { status: 200, resource: parametersOf([...lines, ...rateLines(grants)]) };
}

async function grantLine(
  snapshot: Snapshot,
  grant: StoredGrant,
  viewer: Ref,
  now: number,
  signal: AbortSignal,
): Promise<Out> {
  const { key, patient, at, until } = grant;
  // Each who was told knows of its own review alone; who broke the glass, what any review came to.
  const own = grant.reviews.find(({ discloser }) => discloser === viewer);
  const { discloser, result } = own ?? answerOf(grant);
  const opened = new Set<string>();
  const scan = { viewer, names: [patient], from: at, to: Math.max(until, at) + DAY_MS };
  for await (const { entry } of scanAudit(snapshot, scan, signal))
    if (entry.grant === key && entry.event !== 'break-glass')
      for (const entity of entry.entities) opened.add(entity);
  const daysOpen = Math.floor(((result?.at ?? now) - at) / DAY_MS);
  return reportLine(
    'grant',
    {
      grant: key,
      patient,
      discloser,
      organization: grant.organization,
      user: grant.user,
      reason: grant.reason,
      at: new Date(at).toISOString(),
      until: new Date(until).toISOString(),
      ...(own !== undefined && { review: own.review }),
      result: result?.code ?? 'open',
      ...(own?.result !== undefined && { reviewer: own.result.by }),
    },
    { daysOpen, openedCount: opened.size },
    [...opened].slice(0, OPENED_MAX).map((valueString) => ({ name: 'opened', valueString })),
  );
}

/** What its reviews came to: the first that found it not justified, else one that is open still. */
const answerOf = ({ reviews }: StoredGrant): GrantReview =>
  reviews.find(({ result }) => result?.code === 'not-justified') ??
  reviews.find(({ result }) => result === undefined) ??
  reviews[0];

function rateLines(grants: readonly StoredGrant[]): readonly Out[] {
  const counts = new Map<string, number>();
  for (const { user, at } of grants) {
    const key = JSON.stringify([user, new Date(at).toISOString().slice(0, 7)]);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => {
    const [user = '', month = ''] = JSON.parse(key) as readonly string[]; // made above
    return reportLine('rate', { user, month }, { grants: count });
  });
}
