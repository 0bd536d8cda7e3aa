/**
 * Counseling notes of substance use treatment: a consent of their own, which is combined with nothing else (42 CFR 2.31(b),
 * compliance P9). A consent for treatment, payment and operations does not reach them. Their originator keeps them.
 */
import { permitsAt, releases } from '../consent/permit.ts';
import { permitTelling, type ContentGuard } from './guard.ts';

export const counselingNotes: ContentGuard = {
  name: 'counseling-notes',
  law: '42 CFR 2.11, 2.31(b)',
  need: 'part2-disclosure',
  form: 'part2-counseling-notes',
  quiet: true,
  lasting: true,
  guards: ({ facts }) => facts.counseling,
  isPermitted: (telling, permits, at) =>
    telling.sources.has(telling.to) ||
    telling.basis === 'secretary' || // 2.3
    permits.some((permit) => releases(permit, 'counseling') && permitsAt(permit, permitTelling(telling), at)),
};
