/**
 * What evidence shows, by rail (routing section 3, RL11). A rail that has no row for a kind of evidence cannot bring it.
 * What a person or a machine did is told apart: what a machine received, nobody has read yet (RL16).
 */
import type { EvidenceKind } from '../../ports/delivered.ts';
import { DIRECT } from '../../ports/direct.ts';
import { RANKED, type EndState, type RankedState } from './states.ts';

interface Shown {
  /** In a few words for a screen. */
  readonly says: string;
  readonly by: 'machine' | 'person';
}

/** It shows that the delivery came this far. */
type Raising = Shown & { readonly rank: RankedState };

/** It ends the delivery, until there is evidence of this rank or higher: that reopens it, whichever came first. */
type Ending = Shown & { readonly end: EndState; readonly until: RankedState };

/** It shows nothing but that what was due did not come: a person is asked, and the state stays. */
type Asking = Shown & { readonly asks: true };

export type EvidenceRow = Raising | Ending | Asking;

type Rows = Readonly<Partial<Record<EvidenceKind, EvidenceRow>>>;

const machine = (rank: RankedState, says: string): Raising => ({ rank, says, by: 'machine' });
const person = (rank: RankedState, says: string): Raising => ({ rank, says, by: 'person' });
const failed = (until: RankedState, says: string): Ending => ({ end: 'failed', until, says, by: 'machine' });

/** Evidence that any rail may have. What we ourselves gave up may have come through all the same. */
export const ANY_RAIL: Rows = {
  accepted: machine('sent', 'its way took it'),
  answered: person('acknowledged', 'they answered about this referral'),
  refused: failed('transported', 'refused for good'),
  'given-up': failed('transported', 'tried as often as the server tries'),
  partial: failed('received', 'a part of it arrived'),
  withheld: {
    end: 'withheld',
    until: 'transported',
    says: 'withheld as of the time of sending',
    by: 'machine',
  },
  superseded: { end: 'superseded', until: 'transported', says: 'no longer needed', by: 'machine' },
};

export const EVIDENCE_BY_RAIL: Readonly<Record<string, Rows>> = {
  inbox: {
    committed: machine('received', 'in their inbox on this server'),
    fetched: machine('received', 'fetched by a system of theirs'),
    read: person('opened', 'read by a person of theirs'),
  },
  'rest-hook': {
    'http-2xx': machine('received', 'their endpoint took the resource (2xx)'),
    'http-2xx-empty': machine('sent', 'their endpoint was notified, without content (2xx)'),
    fetched: machine('received', 'fetched by a system of theirs'),
    read: person('opened', 'read by a person of theirs'),
  },
  'hl7v2-mllp': {
    flushed: machine('sent', 'written to the connection'),
    // Entries that ended before evidence was kept: CA, AA and links without acknowledgments are alike.
    accepted: machine('transported', 'their engine has it'),
    'written-unacknowledged': machine('transported', 'written; this link is declared unacknowledged'),
    'msa-ca': machine('transported', 'their engine has it (CA)'),
    'msa-aa': machine('received', 'their application has it (AA)'),
    'msa-ce': failed('received', 'their engine refused it (CE)'),
    'msa-ae': failed('received', 'their application refused it (AE)'),
  },
  [DIRECT]: {
    'smtp-accepted': machine('sent', 'handed to the relay (250)'),
    'mdn-processed': machine('transported', 'their HISP has it (processed)'),
    'mdn-dispatched': machine('received', 'at its final destination (dispatched)'),
    'mdn-displayed': person('opened', 'shown to a person (displayed)'),
    'smtp-refused': failed('transported', 'refused by the relay (5xx)'),
    'mdn-failed': failed('received', 'could not be delivered (failed)'),
    'dsn-failed': failed('received', 'could not be delivered (5.x)'),
    untrusted: failed('transported', 'no certificate of theirs was found, or none is trusted'),
    'processed-overdue': failed('transported', 'no notification that it was processed came in time'),
    'dispatched-overdue': {
      asks: true,
      says: 'no notification came in time that it reached its destination',
      by: 'machine',
    },
  },
  mail: {
    'smtp-accepted': machine('sent', 'handed to the relay (250)'),
    'smtp-refused': failed('transported', 'refused by the relay (5xx)'),
  },
  sms: {
    'http-2xx': machine('sent', 'handed to the gateway (2xx)'),
  },
  capture: {
    captured: machine('sent', 'kept for tests: nothing left this server'),
  },
};

/** What this kind of evidence shows on this rail; undefined: the rail cannot have it. */
export const evidenceRowOf = (rail: string, kind: EvidenceKind): EvidenceRow | undefined =>
  (Object.hasOwn(EVIDENCE_BY_RAIL, rail) ? EVIDENCE_BY_RAIL[rail]?.[kind] : undefined) ?? ANY_RAIL[kind];

/** The kinds of evidence that would show the next rank that this rail can show. */
export function awaitedBy(rail: string, rank: number): readonly EvidenceKind[] {
  const rows = Object.entries({ ...ANY_RAIL, ...EVIDENCE_BY_RAIL[rail] }) as [EvidenceKind, EvidenceRow][];
  const higher = rows.flatMap(([kind, row]) => {
    const shown = 'rank' in row ? RANKED.indexOf(row.rank) : 0;
    return shown > rank && kind !== 'accepted' ? [{ kind, shown }] : [];
  });
  const next = Math.min(...higher.map(({ shown }) => shown));
  return higher.filter(({ shown }) => shown === next).map(({ kind }) => kind);
}

/** What acceptance by a rail shows, where no rail said more. `hasContent`: whether something but a notice of it was sent. */
export function acceptedBy(rail: string, hasContent: boolean): EvidenceKind {
  if (rail === 'rest-hook') return hasContent ? 'http-2xx' : 'http-2xx-empty';
  return rail === 'capture' ? 'captured' : 'accepted';
}
