/** Child abuse or neglect is reported to whoever the law entitles to receive such reports. */
import { claimedOn } from './claimed.ts';
import { authorityIs, either, lawCited, recipientIs } from './conditions.ts';

export const childAbuse = claimedOn('child-abuse', '45 CFR 164.512(b)(1)(ii)', [
  either(
    recipientIs('protective-services'),
    either(lawCited, authorityIs('protective-services'), ''),
    'a recipient for protective services, or the law or the authority that entitles it',
  ),
]);
