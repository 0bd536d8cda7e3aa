/** A subpoena or other lawful process without an order: with satisfactory assurance, and both documents are kept. */
import { claimedOn } from './claimed.ts';
import { authorityIs, either, onFile, recipientIs } from './conditions.ts';

export const judicialProcess = claimedOn('judicial-process', '45 CFR 164.512(e)(1)(ii)', [
  either(
    recipientIs('court'),
    authorityIs('court'),
    'a court as recipient, or as the authority of the process',
  ),
  onFile('legal-process', 'the subpoena or other process'),
  onFile('assurance', 'the assurance of notice, or of a qualified protective order'),
]);
