/**
 * How an agreement that is not in force is told, by who asks (baa-messaging 6, 9, PF3): its principal reads what is wrong and
 * where; its associate reads that messages are paused; whoever is no party of a broken link is not told between whom it is.
 */
import { formatInstant } from '../fhir/datetime.ts';
import type { Extension, Ref } from '../fhir/types.ts';
import type { PairStanding } from './pair.ts';
import { agreementWords, pausedWords } from './words.ts';

/** {reference, state, until} of an agreement, on the issue that names it. */
export const AGREEMENT_URL = 'https://closeloop.dev/fhir/StructureDefinition/agreement';

/** Who asks, and about whom. */
interface AgreementReader {
  readonly reader: Ref | undefined;
  /** Who would be the principal and the associate, where there is no Contract yet. */
  readonly principal: Ref;
  readonly associate: Ref;
  readonly names: ReadonlyMap<Ref, string>;
}

interface StandingTold {
  readonly text: string;
  /** The Contract, where the reader may read it. */
  readonly contract?: Ref;
  /** The same with state and end, for an issue. */
  readonly extension?: Extension;
}

export function tellStanding(standing: PairStanding, asking: AgreementReader): StandingTold {
  const { reader } = asking;
  const { principal = asking.principal, associate = asking.associate } = standing;
  const nameOf = (party: Ref): string => asking.names.get(party) ?? party;
  if (reader !== principal && reader !== associate)
    return { text: pausedWords(nameOf(reader === asking.principal ? asking.associate : asking.principal)) };
  const contract = mayRead(standing, reader) ? standing.contract : undefined;
  const text =
    reader === associate
      ? pausedWords(nameOf(principal))
      : agreementWords(standing, {
          principal: nameOf(principal),
          associate: nameOf(associate),
          link: contract ?? 'Contract',
          ...(standing.waitsFor !== undefined && { waitsFor: nameOf(standing.waitsFor) }),
        });
  return contract === undefined ? { text } : { text, contract, extension: extensionOf(contract, standing) };
}

/** The principal reads its agreement always, the associate from Pending on (BA2). */
export const mayRead = ({ principal, associate, state }: PairStanding, reader: Ref | undefined): boolean =>
  reader !== undefined &&
  (reader === principal || (reader === associate && state !== 'staging' && state !== 'none'));

const extensionOf = (contract: Ref, { state, until }: PairStanding): Extension => ({
  url: AGREEMENT_URL,
  extension: [
    { url: 'reference', valueReference: { reference: contract } },
    { url: 'state', valueCode: state },
    ...(until === undefined ? [] : [{ url: 'until', valueDateTime: formatInstant(until) }]),
  ],
});
