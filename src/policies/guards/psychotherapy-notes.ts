/**
 * Psychotherapy notes: an authorization for them alone, "notwithstanding any provision" of the rule (compliance B15, B33).
 * Their originator uses them for treatment, and keeps them; a few bases reach them without (45 CFR 164.508(a)(2)(ii)).
 */
import type { Basis } from '../basis.ts';
import { permitsAt, releases } from '../consent/permit.ts';
import { permitTelling, type ContentGuard } from './guard.ts';

/** 164.512(a), (d) on the originator, (j)(1)(i), and the Secretary (164.502(a)(2)(ii)). */
const WITHOUT_AUTHORIZATION: ReadonlySet<Basis> = new Set<Basis>([
  'required-by-law',
  'oversight',
  'serious-threat',
  'secretary',
]);

export const psychotherapyNotes: ContentGuard = {
  name: 'psychotherapy-notes',
  law: '45 CFR 164.508(a)(2), (b)(3)(ii)',
  need: 'psychotherapy-authorization',
  quiet: true,
  lasting: true,
  guards: ({ facts }) => facts.psychotherapy,
  isPermitted: (telling, permits, at) =>
    WITHOUT_AUTHORIZATION.has(telling.basis) ||
    permits.some(
      (permit) => releases(permit, 'psychotherapy') && permitsAt(permit, permitTelling(telling), at),
    ),
};
