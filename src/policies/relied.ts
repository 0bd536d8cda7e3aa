/**
 * The Consents on which something is told: of those that a guard or the basis needs, the one for the narrowest recipients,
 * then the newest (compliance C7). They go into the audit, and into the order where they name the recipient (K5).
 */
import { permitsFor } from './bases/conditions.ts';
import { decidingPermit, type Permit } from './consent/permit.ts';
import { tellingOf } from './guarded-content.ts';
import { permitTelling } from './guards/guard.ts';
import { GUARDS } from './guards/index.ts';
import type { Disclosure } from './policy.ts';

/** What a permitted disclosure relies on; nothing where no Consent is needed. */
export function permitsRelied(disclosure: Disclosure): readonly Permit[] {
  const { permits, now } = disclosure;
  if (permits.length === 0) return [];
  const telling = tellingOf(disclosure);
  const asked = permitTelling(telling);
  const byGuard = GUARDS.flatMap((guard) => {
    if (!guard.guards(telling) || guard.isPermitted(telling, [], now)) return [];
    const covering = permits.filter((permit) => guard.isPermitted(telling, [permit], now));
    return decidingPermit(covering, asked, now) ?? covering.slice(0, 1);
  });
  const byBasis =
    disclosure.claimed === 'authorization'
      ? (decidingPermit(permitsFor(disclosure, isAuthorization), asked, now) ?? [])
      : [];
  return [...new Set([...byGuard, byBasis].flat())];
}

const isAuthorization = ({ kind }: Permit): boolean => kind === 'hipaa-auth' || kind === 'community-referral';
