/**
 * What is asked before a text leaves for a patient, as of that moment (baa-messaging MS31, BA18): whether the patient still
 * takes texts by this way, whether there is an address, and whether the carrier may have it.
 */
import type { MessageChannel } from '../../policies/consent/channels.ts';
import { kindOf } from '../../policies/consent/kinds.ts';
import { messagingAt } from '../../policies/consent/messaging.ts';
import type { Ref } from '../../fhir/types.ts';
import { EVERYTHING, type Query } from '../../ports/query.ts';
import type { ClaimedEntry, Snapshot } from '../../ports/store.ts';
import { parseStored, resourceOf } from '../../ports/stored-resource.ts';
import { localRef, typeOf } from '../../resources/element.ts';
import { readAgreement, storedContracts } from '../agreements.ts';
import type { Gate, GateDecision } from '../gates.ts';
import { isOutreach, outreachAddress, type OutreachWay } from './address.ts';

/** Who runs each way: an organization with which the sender needs an agreement, or whoever runs this server. */
export type Carriers = Readonly<Partial<Record<OutreachWay, Ref | 'operator'>>>;

/** What is about to leave for a person. */
interface Outreach {
  readonly way: OutreachWay;
  readonly organization: Ref;
  readonly person: Ref;
}

/** The gates of everything else, with those of texts to patients before them. */
export const withOutreachGate =
  (policies: Gate, carriers: Carriers, clock: { readonly now: () => number }): Gate =>
  async (entry, now, asOf) => {
    const outreach = outreachOf(entry);
    if (outreach === undefined) return policies(entry, now, asOf);
    const refusal = await refuseOutreach(now, outreach, carriers, clock.now());
    return refusal ?? policies(entry, now, asOf);
  };

function outreachOf({ rail, receiver, sight }: ClaimedEntry): Outreach | undefined {
  if (!isOutreach(rail) || sight.everything) return undefined;
  return { way: rail, organization: sight.organization, person: receiver };
}

/** Why a text may not leave; undefined where it may. Asked when it is planned, and again at dispatch. */
export const refuseOutreach = (
  now: Snapshot,
  { way, ...told }: Outreach,
  carriers: Carriers,
  at: number,
): Promise<GateDecision | undefined> => outreachRefusal(now, { ...told, channel: way }, carriers, at);

/** What is told by a way out, or in the portal alone. */
interface PatientText extends Omit<Outreach, 'way'> {
  readonly channel: MessageChannel;
}

/** The same for a text that may also stay in the portal. */
export async function outreachRefusal(
  now: Snapshot,
  { channel, organization, person }: PatientText,
  carriers: Carriers,
  at: number,
): Promise<GateDecision | undefined> {
  const resource = resourceOf(await now.read(person, EVERYTHING));
  if (resource === undefined) return withheld('receiver-gone', 'the person is gone');
  const patient = typeOf(person) === 'Patient' ? person : localRef(resource['patient']);
  if (patient === undefined) return withheld('receiver-gone', 'the person belongs to no patient');
  const gone = await isGone(now, patient);
  if (gone !== undefined) return withheld('receiver-off', gone);
  const ended = await consentFault(now, { patient, organization, channel }, at);
  if (ended !== undefined) return withheld('patient-messaging', ended);
  if (channel === 'portal') return undefined;
  if (outreachAddress(resource, channel, at) === undefined)
    return withheld('confidential-communication', 'no address by which the patient may be written to so');
  return carrierFault(now, { organization, way: channel }, carriers, at);
}

async function isGone(now: Snapshot, patient: Ref): Promise<string | undefined> {
  const resource = resourceOf(await now.read(patient, EVERYTHING));
  if (resource === undefined) return 'the patient is gone';
  const isDeceased = resource['deceasedBoolean'] === true || resource['deceasedDateTime'] !== undefined;
  return isDeceased ? 'the patient has died' : undefined;
}

interface ConsentQuestion {
  readonly patient: Ref;
  readonly organization: Ref;
  readonly channel: MessageChannel;
}

/**
 * A text without health information needs no acknowledgement, so that nobody's silence stops it; but who took one back, let it
 * end, or named other ways, has said no to this one.
 */
async function consentFault(now: Snapshot, asked: ConsentQuestion, at: number): Promise<string | undefined> {
  const { state, channels } = messagingAt(await now.permitsOf(asked.patient), asked, at);
  if (state === 'active')
    return channels.has(asked.channel) ? undefined : 'the patient takes messages by other ways';
  if (state === 'expired') return 'the acknowledgement of the patient has ended';
  return (await hasEnded(now, asked)) ? 'the patient takes no messages any more' : undefined;
}

const CONSENTS_MAX = 500;

async function hasEnded(now: Snapshot, { patient, organization }: ConsentQuestion): Promise<boolean> {
  const query: Query = {
    type: 'Consent',
    where: {
      kind: 'all',
      of: [
        { kind: 'reference', param: 'patient', to: [patient] },
        { kind: 'token', param: 'status', code: 'inactive' },
      ],
    },
    sort: [],
    sight: EVERYTHING,
    count: CONSENTS_MAX,
    offset: 0,
    total: false,
  };
  const { matches } = await now.search(query);
  return matches.some(
    ({ custodian, text }) => custodian === organization && kindOf(parseStored(text)) === 'patient-messaging',
  );
}

/** Who runs a way sees to whom is written: only an associate may (45 CFR 160.103; baa-messaging BA18). */
async function carrierFault(
  now: Snapshot,
  { organization, way }: Pick<Outreach, 'organization' | 'way'>,
  carriers: Carriers,
  at: number,
): Promise<GateDecision | undefined> {
  const carrier = carriers[way];
  if (carrier === undefined) return withheld('carrier', `nobody is named who runs ${way}`);
  if (carrier === 'operator' || carrier === organization) return undefined;
  const agreement = await readAgreement(storedContracts(now), organization, carrier, at, way);
  return agreement.state === 'active'
    ? undefined
    : { ...withheld('carrier', 'no agreement in force with who runs it'), agreement };
}

const withheld = (policy: string, why: string): GateDecision => ({ permitted: false, policy, why });
