/**
 * Sensitive content toward a party that is no provider: HIPAA treats it as any other for treatment, and the patient's
 * authorization is needed where it would go to a community organization, an employer or a school (compliance S6, B03).
 */
import { bears, permitsAt, releases, type Permit } from '../consent/permit.ts';
import type { PartyKind } from '../party-kind.ts';
import { permitTelling, type ContentGuard, type GuardedTelling } from './guard.ts';

/** Recipients to whom such content goes with an authorization only. */
export const NEEDING_AUTHORIZATION: readonly PartyKind[] = ['community-organization', 'employer', 'school'];

/** The labels of the table of sensitive codes, and of its flags (`policies/labels/sensitivity.ts`). */
export const SENSITIVE: ReadonlySet<string> = new Set([
  'SUD',
  'ETH',
  'ETHUD',
  'OPIOIDUD',
  'MH',
  'PSY',
  'HIV',
  'STD',
  'SEX',
  'SDV',
  'GDIS',
  'SICKLE',
  'DVD',
  'ADOL',
]);

export const sensitiveLabels: ContentGuard = {
  name: 'sensitive-labels',
  law: '45 CFR 164.506(c)(1), 164.508',
  need: 'authorization',
  quiet: false,
  lasting: false,
  guards: ({ facts, recipientKinds }) =>
    !recipientKinds.has('provider') &&
    NEEDING_AUTHORIZATION.some((kind) => recipientKinds.has(kind)) &&
    sensitiveIn(facts.labels).length > 0,
  isPermitted: (telling, permits, at) =>
    telling.basis === 'individual' ||
    sensitiveIn(telling.facts.labels).every((label) =>
      permits.some((permit) => covers(permit, telling, at) && names(permit, label)),
    ),
};

const sensitiveIn = (labels: ReadonlySet<string>): readonly string[] =>
  [...labels].filter((label) => SENSITIVE.has(label));

/** An authorization, or what covers the record as one of Part 2, which asks for more. */
const covers = (permit: Permit, telling: GuardedTelling, at: number): boolean =>
  (permit.kind === 'hipaa-auth' || (telling.facts.part2 && releases(permit, 'part2'))) &&
  permitsAt(permit, permitTelling(telling), at);

/** The permit names the label, or all that it covers. A consent under Part 2 is for what the record says. */
const names = ({ kind, labels }: Permit, label: string): boolean =>
  kind !== 'hipaa-auth' || (labels?.some((one) => bears(new Set([label]), one)) ?? true);
