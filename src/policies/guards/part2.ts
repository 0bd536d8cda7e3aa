/**
 * Records of substance use treatment (42 CFR Part 2). Such a record is disclosed with the patient's written consent, or as
 * Part 2 itself permits; a basis of HIPAA alone is none.
 */
import type { Basis } from '../basis.ts';
import { permitsAt, releases, type Permit } from '../consent/permit.ts';
import type { PartyKind } from '../party-kind.ts';
import { isWithin } from '../purpose.ts';
import { permitTelling, type ContentGuard, type GuardedTelling } from './guard.ts';

/**
 * `consent`: with a consent that covers it; `service`: with one, or under an agreement with the program; `proceedings`: with
 * one for proceedings alone; `free`: without.
 */
type ByBasis = 'consent' | 'service' | 'proceedings' | 'free' | 'never';

/** What each basis does for a record of Part 2 (compliance 4). */
// prettier-ignore
const PART2_BY_BASIS: Readonly<Record<Basis, ByBasis>> = {
  'own':                  'consent',     // 2.12(c)(3): within the program, and who controls it; nothing says who does
  'treatment':            'consent',     // 2.33(a)
  'treatment-own':        'consent',
  'payment':              'consent',
  'operations':           'consent',
  'business-associate':   'service',     // 2.12(c)(4)
  'individual':           'free',        // 2.23
  'authorization':        'consent',     // 2.32: a general authorization is not enough
  'involved-person':      'consent',
  'required-by-law':      'proceedings', // 2.12(d)(1), 2.31(d)
  'public-health':        'never',       // 2.54: de-identified only
  'child-abuse':          'free',        // 2.12(c)(6): the report
  'abuse-neglect':        'never',
  'oversight':            'never',       // 2.53: as audit and evaluation only
  'psychotherapy-notes':  'consent',
  'judicial-order':       'proceedings', // 2.61: without an order under subpart E
  'judicial-process':     'proceedings',
  'serious-threat':       'never',       // 2.51 is a medical emergency
  'correctional':         'consent',
  'workers-compensation': 'consent',
  'emergency':            'consent',     // 2.51: a grant lifts it
  'secretary':            'free',        // 2.3
};

export const part2: ContentGuard = {
  name: 'part2',
  law: '42 CFR 2.13(a), 2.31, 2.33',
  need: 'part2-disclosure',
  quiet: true,
  lasting: false,
  guards: ({ facts }) => facts.part2 && !facts.counseling,
  isPermitted: (telling, permits, at) => {
    // What comes back to whom it came from is no disclosure.
    if (telling.sources.has(telling.to)) return true;
    const rule = PART2_BY_BASIS[telling.basis];
    if (rule === 'free' || rule === 'never') return rule === 'free';
    // Which purposes a consent for proceedings covers, and that no other covers them, the permit knows (2.31(d)).
    if (permits.some((permit) => isCovered(permit, telling, at))) return true;
    if (rule === 'service' && telling.serves === true) return true;
    return rule !== 'proceedings' && permits.some((permit) => mayRedisclose(permit, telling, at));
  },
};

const isCovered = (permit: Permit, telling: GuardedTelling, at: number): boolean =>
  releases(permit, 'part2') && permitsAt(permit, permitTelling(telling), at);

/** Covered entities and business associates (2.33(b)(1)). */
const UNDER_HIPAA: readonly PartyKind[] = ['provider', 'health-plan', 'business-associate'];

/**
 * Whether a holder may pass on what it received under a consent for treatment, payment and operations (2.33(b), compliance
 * P11): a covered entity or business associate, under HIPAA; a program that is neither, to whom the consent itself names.
 * Never for proceedings. Content that must not go further says so by NORDSCLCD.
 */
function mayRedisclose(permit: Permit, telling: GuardedTelling, at: number): boolean {
  const { from, facts, sources, discloserKinds, purpose } = telling;
  if (permit.kind !== 'part2-tpo' || facts.labels.has('NORDSCLCD') || isWithin(purpose, 'HLEGAL'))
    return false;
  const isUnderHipaa = UNDER_HIPAA.some((kind) => discloserKinds.has(kind));
  if (!isUnderHipaa && !discloserKinds.has('part2-program')) return false;
  return permit.from.named.some((source) => {
    if (source === from || (sources.size > 0 && !sources.has(source))) return false;
    const asked = { ...permitTelling(telling), from: source };
    const toHolder = { ...asked, to: from, recipientKinds: discloserKinds };
    return permitsAt(permit, toHolder, at) && (isUnderHipaa || permitsAt(permit, asked, at));
  });
}
