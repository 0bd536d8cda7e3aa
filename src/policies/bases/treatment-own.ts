/**
 * To coordinate care with a third party that is no provider is the discloser's own treatment (45 CFR 164.501: "the
 * coordination or management of health care by a health care provider with a third party"). Where the setting says so, an
 * organization asks for the patient's authorization instead; that is its own wish, and no precondition of law (45 CFR 171).
 */
import { wanting } from '../on-file.ts';
import type { Disclosure, Policy } from '../policy.ts';
import { claimedOn } from './claimed.ts';
import { discloserIs, isHealthRelated, permitsFor } from './conditions.ts';

const LAW = '45 CFR 164.506(c)(1), 164.501';

export const treatmentOwn = claimedOn('treatment-own', LAW, [discloserIs('provider'), isHealthRelated]);

/** Denies what the setting `communityNeedsAuthorization` asks an authorization for, and there is none. */
export const communityAuthorization: Policy = {
  name: 'community-authorization',
  law: 'The setting communityNeedsAuthorization; 45 CFR 164.506(b)(1) lets an organization ask for consent',
  stops: 'a community organization without an authorization of the patient, where the setting asks for one',
  vote: (disclosure) => (asksAuthorization(disclosure) && !isAuthorized(disclosure) ? 'deny' : 'abstain'),
  refuses: (disclosure) => ({
    ...wanting('community-authorization', ['community-referral', 'hipaa-auth'], disclosure),
    by: 'organization',
  }),
};

const asksAuthorization = ({
  communityNeedsAuthorization,
  patient,
  recipientKinds,
  claimed,
}: Disclosure): boolean =>
  communityNeedsAuthorization &&
  patient !== undefined &&
  recipientKinds.has('community-organization') &&
  !recipientKinds.has('provider') &&
  (claimed === undefined || claimed === 'treatment-own');

const isAuthorized = (disclosure: Disclosure): boolean =>
  permitsFor(disclosure, ({ kind }) => kind === 'community-referral' || kind === 'hipaa-auth').length > 0;
