/** What a patient has acknowledged toward whoever asks (baa-messaging MS30), where the recipient is a patient or acts for one. */
import { localRef, typeOf } from '../../../resources/element.ts';
import type { Ref } from '../../../fhir/types.ts';
import { messagingAt } from '../../../policies/consent/messaging.ts';
import { EVERYTHING } from '../../../ports/query.ts';
import type { Snapshot } from '../../../ports/store.ts';
import { resourceOf } from '../../../ports/stored-resource.ts';
import type { Out } from '../output.ts';

interface PatientQuestion {
  readonly recipient: Ref | undefined;
  readonly organization: Ref;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Undefined: the recipient is no patient. A patient reads messages in the portal of this server. */
export async function answerPatient(
  snapshot: Snapshot,
  { recipient, organization, now }: PatientQuestion,
): Promise<readonly Out[] | undefined> {
  const type = recipient && typeOf(recipient);
  if (recipient === undefined || (type !== 'Patient' && type !== 'RelatedPerson')) return undefined;
  const portal = { name: 'rail', part: [PORTAL, { name: 'taken', valueBoolean: true }] };
  const person = resourceOf(await snapshot.read(recipient, EVERYTHING));
  const patient = type === 'Patient' ? recipient : localRef(person?.['patient']);
  if (patient === undefined) return [portal];
  const { state, source } = messagingAt(await snapshot.permitsOf(patient), { patient, organization }, now);
  return [
    portal,
    {
      name: 'consent',
      part: [
        ...(source !== undefined && (await isKeptBy(snapshot, source, organization))
          ? [{ name: 'reference', valueReference: { reference: source } }]
          : []),
        { name: 'state', valueCode: state },
      ],
    },
  ];
}

const PORTAL = { name: 'code', valueCode: 'portal' };

const isKeptBy = async (snapshot: Snapshot, source: Ref, organization: Ref): Promise<boolean> =>
  (await snapshot.read(source, EVERYTHING))?.custodian === organization;
