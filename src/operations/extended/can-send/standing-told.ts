/** How an agreement stands, as whoever asks may know it (baa-messaging PF3). */
import type { PairStanding } from '../../../agreements/pair.ts';
import { mayRead } from '../../../agreements/told.ts';
import { formatInstant } from '../../../fhir/datetime.ts';
import type { Ref } from '../../../fhir/types.ts';
import type { Out } from '../output.ts';

export function tellAgreement(standing: PairStanding, reader: Ref | undefined): Out {
  const isRead = mayRead(standing, reader);
  const { contract, state, since, until } = standing;
  const instants = [
    ['since', since],
    ['until', until],
  ] as const;
  return {
    name: 'agreement',
    part: [
      ...(isRead && contract !== undefined
        ? [{ name: 'reference', valueReference: { reference: contract } }]
        : []),
      // Of an agreement in preparation its associate learns nothing; a broken chain is closed, whoever broke it.
      { name: 'state', valueCode: isRead || state === 'active' ? state : 'none' },
      ...instants.flatMap(([name, at]) =>
        !isRead || at === undefined ? [] : [{ name, valueDateTime: formatInstant(at) }],
      ),
    ],
  };
}
