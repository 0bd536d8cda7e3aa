/**
 * What of an organization's week a privacy officer looks at (45 CFR 164.308(a)(1)(ii)(D); audit-compliance AU60), as far as
 * audit rows say it. Pure: it counts what is handed in.
 */

/** One row, as far as a review looks at it. */
export interface Activity {
  readonly event: string;
  readonly outcome: string;
  readonly issue: string | undefined;
  readonly query: string | undefined;
  /** The person or client who did it; '' for the server. */
  readonly who: string;
  /** Whether it is the organization's own people. */
  readonly own: boolean;
  readonly organization: string;
  readonly patients: readonly string[];
}

interface ActivityFinding {
  readonly kind: FindingKind;
  readonly who: string;
  readonly count: number;
}

/** In the order of the page. */
export const FINDINGS = {
  'break-glass': 'emergency access was taken',
  'permission-change': 'rights were changed',
  export: 'whole records were taken out',
  denial: 'something was refused',
  unsent: 'something could not be sent, or was withheld',
  'over-3-sigma': 'more patients were opened than colleagues open',
} as const;

type FindingKind = keyof typeof FINDINGS;

/** Operations that give a whole record, or many. */
const EXPORTS = /^\$(?:everything|ccda|audit-package|export)\b/;
const RIGHTS: ReadonlySet<string> = new Set(['permission-changed', 'admin']);

/** Colleagues below this number are too few for a comparison. */
const PEOPLE_MIN = 10;

export function createActivityReview() {
  const counts = new Map<string, number>();
  const opened = new Map<string, Set<string>>();
  let rows = 0;
  return {
    take(activity: Activity): void {
      rows += 1;
      const kind = kindOfFinding(activity);
      if (kind !== undefined) {
        const key = JSON.stringify([kind, activity.own ? activity.who : activity.organization]);
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      const { own, who, outcome, patients } = activity;
      if (!own || who === '' || outcome !== '0' || patients.length === 0) return;
      const seen = opened.get(who) ?? new Set();
      for (const patient of patients) seen.add(patient);
      opened.set(who, seen);
    },
    findings: (): { readonly rows: number; readonly findings: readonly ActivityFinding[] } => ({
      rows,
      findings: [...countedFindings(counts), ...outliers(opened)],
    }),
  };
}

function kindOfFinding({ event, outcome, query = '' }: Activity): FindingKind | undefined {
  if (event === 'break-glass') return 'break-glass';
  if (RIGHTS.has(event)) return 'permission-change';
  if (event === 'deliver') return outcome === '0' ? undefined : 'unsent';
  if (event === 'gate-denied') return undefined; // told by its delivery
  if (outcome !== '0') return 'denial';
  return event === 'export' || EXPORTS.test(query) ? 'export' : undefined;
}

function countedFindings(counts: ReadonlyMap<string, number>): readonly ActivityFinding[] {
  const order = Object.keys(FINDINGS);
  return [...counts]
    .map(([key, count]) => {
      const [kind, who] = JSON.parse(key) as [FindingKind, string]; // made above
      return { kind, who, count };
    })
    .toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || b.count - a.count);
}

/** Who opened more patients than the mean of all and three standard deviations. */
function outliers(opened: ReadonlyMap<string, ReadonlySet<string>>): readonly ActivityFinding[] {
  if (opened.size < PEOPLE_MIN) return [];
  const sizes = [...opened.values()].map(({ size }) => size);
  const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  const deviation = Math.sqrt(sizes.reduce((sum, size) => sum + (size - mean) ** 2, 0) / sizes.length);
  return [...opened]
    .filter(([, { size }]) => size > mean + 3 * deviation)
    .map(([who, { size }]) => ({ kind: 'over-3-sigma', who, count: size }));
}
