/** On which bases a recipient could be told, where none is claimed or found (compliance B31). */
import { BASES, basisRow, type Basis } from '../basis.ts';
import type { Disclosure } from '../policy.ts';
import { recipientFits } from './conditions.ts';

/** Each with what it asks for, in the order of the table. */
export const possibleBases = (disclosure: Disclosure): readonly string[] =>
  (Object.keys(BASES) as Basis[]).flatMap((basis) => {
    const { asks, recipients } = basisRow(basis);
    if (
      recipients === 'entity' ||
      recipients === 'person' ||
      recipients === 'associate' ||
      basis === 'secretary'
    )
      return [];
    if (recipientFits(basis)(disclosure) !== undefined) return [];
    return [asks === undefined ? basis : `${basis} (${asks})`];
  });
