/** A visit of a referral (SIU; crosswalk 6): the recipient's Appointment, whose change moves the Task by its own rules. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Identifier, Ref, Resource } from '../../fhir/types.ts';
import type { VisitReading } from '../../hl7v2/messages/reading.ts';
import type { Query } from '../../ports/query.ts';
import { isOpen } from '../../referral/state.ts';
import type { Draft } from '../../operations/write/draft.ts';
import { planClinicians } from './plan-clinicians.ts';
import type { MessageVerdict } from '../fate.ts';
import { changeSent, planSent } from '../../operations/write/planned-resources.ts';
import type { Referral } from '../find-referral.ts';
import { planFillerNumber } from './plan-status.ts';

/** Visits under one number that are looked at, at most. */
const VISITS_MAX = 100;

/** @throws OperationOutcomeError `transition-not-allowed` when the referral has ended; else the rules say so themselves */
export async function planVisit(
  draft: Draft,
  reading: VisitReading,
  referral: Referral,
  fullUrls: Map<string, Ref>,
): Promise<MessageVerdict> {
  const { event, findings } = reading;
  if (!isOpen(referral.state)) {
    throw new OperationOutcomeError('transition-not-allowed', {
      diagnostics: `${event}: the referral has ended`,
    });
  }
  await planClinicians(draft, reading.resources, fullUrls);
  await planFillerNumber(draft, referral, reading.fillerNumber);
  const said = appointmentOf(reading, referral);
  const known = await findVisit(draft, referral, said);
  if (known === undefined) planSent(draft, said);
  else await changeSent(draft, known, (tree) => ({ ...tree, ...said, ...hungOn(tree) }));
  return { fate: 'applied', referral, remarks: findings };
}

/** What the message says of the visit, hung on its referral. */
function appointmentOf({ appointment }: VisitReading, { request, task }: Referral): Resource {
  const said = appointment as unknown as Resource; // every FHIR type is one
  return {
    ...said,
    basedOn: [{ reference: request }],
    supportingInformation: [{ reference: task }],
  };
}

/** What a visit hangs on stays as it is. */
const hungOn = ({ basedOn, supportingInformation }: Resource) => ({
  basedOn,
  ...(supportingInformation !== undefined && { supportingInformation }),
});

/** The recipient's own visit of this referral under the same number (SCH-2). */
async function findVisit(draft: Draft, { request }: Referral, said: Resource): Promise<Ref | undefined> {
  const [number] = (said['identifier'] ?? []) as readonly Identifier[]; // the reader's
  if (number?.value === undefined) return undefined;
  const { system, value } = number;
  const query: Query = {
    type: 'Appointment',
    where: {
      kind: 'all',
      of: [
        { kind: 'reference', param: 'based-on', to: [request] },
        { kind: 'token', param: 'identifier', code: value, ...(system !== undefined && { system }) },
      ],
    },
    sort: [],
    sight: draft.sight,
    count: VISITS_MAX,
    offset: 0,
    total: false,
  };
  const { matches } = await draft.snapshot.search(query);
  draft.expects.push({ query, refs: matches.map(({ ref }) => ref) });
  return matches.find(({ custodian }) => custodian === draft.caller.organization)?.ref;
}
