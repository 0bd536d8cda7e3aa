/** An order of a court or an administrative tribunal: what it names is told, to whom it names. */
import { claimedOn } from './claimed.ts';
import { authorityIs, either, lawCited, onFile, recipientIs } from './conditions.ts';

export const judicialOrder = claimedOn('judicial-order', '45 CFR 164.512(e)(1)(i)', [
  either(
    recipientIs('court'),
    authorityIs('court'),
    'a court as recipient, or as the authority that orders it',
  ),
  lawCited,
  onFile('court-order', 'the order of the court'),
]);
