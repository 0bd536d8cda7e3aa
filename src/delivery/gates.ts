/**
 * What is asked once more just before an entry leaves: content is as of the commit, but address, rights and policies are
 * as of now (rules 6.1). Whoever lost the right meanwhile is not told.
 */
import type { PairStanding } from '../agreements/pair.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import type { IssueCode } from '../fhir/issue.ts';
import type { LackingPiece } from '../policies/claim.ts';
import type { Need } from '../policies/need.ts';
import type { Basis } from '../policies/basis.ts';
import type { Purpose } from '../policies/purpose.ts';
import { EVERYTHING, withDenied } from '../ports/query.ts';
import type { WayNotTaken } from '../ports/delivered.ts';
import type { Clock } from '../ports/clock.ts';
import type { ClaimedEntry, Snapshot, Version } from '../ports/store.ts';
import { resourceOf } from '../ports/stored-resource.ts';
import { typeOf } from '../resources/element.ts';
import { type CriteriaOptions, parseCriteria } from '../resources/subscription-rules.ts';
import { lookingAssociate, showToAssociate, withoutAgreements } from './agreement-sight.ts';
import { hiddenIn, hidingOfRow } from './hidden-clause.ts';
import { selectorOf } from './subject.ts';
import { mayStillAsk, writerOf } from './writer.ts';

/** What the gates decided. `policy` names what decided, for the audit of the disclosure. */
export interface GateDecision {
  readonly permitted: boolean;
  readonly policy: string;
  readonly why?: string;
  /** The basis on which it is told, and what for (compliance B34, V1). */
  readonly basis?: Basis;
  readonly purpose?: Purpose;
  /** Versions of the Consents and Contracts that decided; under which exception it is not told; which notice goes with it. */
  readonly deciding?: readonly string[];
  readonly exception?: string;
  /** What stands between the two, where an agreement was asked for. */
  readonly agreement?: PairStanding;
  readonly notice?: 1 | 2;
  /** The ways that were chosen and are closed since: it goes by the next one. */
  readonly notTaken?: readonly WayNotTaken[];
  /** Another way tells the receiver's organization of it, so that nobody has to act. */
  readonly elsewhere?: true;
  /** Where the policies say no: the refusal in which it would be told, and what would let it be told. */
  readonly refused?: RefusedDelivery;
}

/** Why the policies withhold a delivery. */
interface RefusedDelivery {
  readonly code: IssueCode | undefined;
  readonly needs: readonly Need[];
  readonly lacks: readonly LackingPiece[];
}

/** Whether an entry may be sent, as of `now`. `asOf` is the entry's own commit. */
export type Gate = (entry: ClaimedEntry, now: Snapshot, asOf: Snapshot) => Promise<GateDecision>;

interface GateParts {
  readonly criteria: () => CriteriaOptions;
  /** The policies: who may be told. Asked last, when everything else permits. */
  readonly policies: Gate;
  readonly clock: Clock;
}

/** Why a receiver is told nothing more; undefined when it still listens. One row per type of receiver. */
const RECEIVER_UNAVAILABLE: Readonly<
  Record<string, (receiver: Resource, nowMs: number) => string | undefined>
> = {
  Subscription: ({ status, end }, nowMs) => {
    if (status !== 'active') return 'the Subscription is not active';
    return typeof end === 'string' && Date.parse(end) <= nowMs ? 'the Subscription has ended' : undefined;
  },
  Endpoint: ({ status }) => (status === 'active' ? undefined : 'the Endpoint is not active'),
};

/** The gates in the order they are asked; the first that says no decides. */
export function createGates({ criteria, policies, clock }: GateParts): Gate {
  return async (entry, now, asOf) => {
    const receiver = await readResource(now, entry.receiver);
    if (receiver === undefined) return withheld('receiver-gone', 'the receiver is gone');

    const unavailable = RECEIVER_UNAVAILABLE[typeOf(entry.receiver)]?.(receiver, clock.now());
    if (unavailable !== undefined) return withheld('receiver-off', unavailable);

    const isAsked = receiver.resourceType === 'Subscription';
    const writer = isAsked ? await writerOf(now, entry.receiver) : undefined;
    if (writer !== undefined && !(await mayStillAsk(now, writer, clock.now())))
      return withheld(
        'receiver-off',
        'the app or the person that wrote the Subscription may not ask any more',
      );

    const current = await now.read(entry.subject, withDenied(withoutAgreements(entry.sight)));
    if (current === undefined) {
      return withheld('sight', 'the receiver may not see the subject any more');
    }
    const subject = await readResource(asOf, entry.subject);
    if (subject === undefined) return withheld('subject-gone', 'the subject was expunged');

    if (isAsked && !isSelected(receiver, criteria(), entry, shownTo(entry, subject, current))) {
      return withheld('criteria', 'the criteria do not select the subject any more');
    }
    const answer = await policies(entry, now, asOf);
    if (!answer.permitted) return answer;
    if ((await now.read(entry.subject, entry.sight)) !== undefined) return answer;
    if ((await now.read(entry.subject, withDenied(entry.sight))) === undefined) return NOT_IN_FORCE;
    const why = 'what leads the referral to it is denied';
    return {
      ...withheld('patient-consent', why),
      refused: { code: 'disclosure-denied', needs: [], lacks: [] },
    };
  };
}

/** As the receiver reads it: what is masked selects nothing. */
function shownTo({ sight }: ClaimedEntry, subject: Resource, { custodian }: Version): Resource {
  const associate = lookingAssociate(sight);
  return associate === undefined ? subject : showToAssociate(associate, subject, custodian);
}

function isSelected(
  subscription: Resource,
  options: CriteriaOptions,
  entry: ClaimedEntry,
  subject: Resource,
): boolean {
  const criteria = parseCriteria(String(subscription['criteria']), options);
  const { sight } = entry;
  const payload = sight.everything ? undefined : sight.payload;
  // What the receiver is not shown selects nothing for it.
  if (payload !== undefined && hiddenIn(hidingOfRow(payload), criteria.type, criteria.where) !== undefined)
    return false;
  return selectorOf(entry.subject, subject, Date.parse(entry.at))(criteria);
}

/** What is kept by somebody with whom the receiver, who works for others, has no agreement in force (baa-messaging BA13). */
const NOT_IN_FORCE: GateDecision = {
  permitted: false,
  policy: 'agreement',
  why: 'no agreement with the receiver is in force',
  exception: 'privacy-precondition',
  refused: { code: 'agreement-not-active', needs: [], lacks: [] },
};

const withheld = (policy: string, why: string): GateDecision => ({ permitted: false, policy, why });

async function readResource(snapshot: Snapshot, ref: Ref): Promise<Resource | undefined> {
  const version = await snapshot.read(ref, EVERYTHING);
  // Stored texts are resources: nothing else passes the FHIR engine.
  return resourceOf(version);
}
