/**
 * The people and places of a visit (SCH-16, SCH-20, AIP-3, AIL-3) ⇄ Appointment.participant. A clinician with a number
 * is a role in the recipient's organization. A clinician with a name only is a contained resource, because nobody could
 * find it again.
 */
import type { Appointment, AppointmentParticipant, Practitioner, Reference } from '../../fhir/types.ts';
import type { Pl, Xcn } from '../datatypes.ts';
import type { Namespaces } from '../mapping/authority.ts';
import { practitionerOf, readClinician, refersTo, type Placed } from '../mapping/clinician.ts';
import { readPractitioner, writePractitioner } from '../mapping/person.ts';
import { some, toFhirString } from '../mapping/plain.ts';
import type { Message } from '../message.ts';
import { readAil } from '../segments/ail.ts';
import type { Aip } from '../segments/aip.ts';
import type { Sch } from '../segments/sch.ts';
import { readFirst } from './correlation.ts';
import type { BuildingContext, ReferralResources } from './building.ts';
import type { MessageHeader, ReadingContext } from './reading.ts';

const PARTICIPATION = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';

/**
 * The clinician who sees the patient (AIP-3), the contact person of the visit (SCH-16), the person who entered it
 * (SCH-20).
 */
type Part = 'ATND' | 'CALLBCK' | 'ENT';

interface Participants {
  readonly contained: Practitioner[] | undefined;
  readonly participants: readonly AppointmentParticipant[];
  readonly placed: readonly Placed[];
}

// — reading

/** A person who is both enterer and contact is listed once. */
export function readParticipants(
  message: Message,
  sch: Sch | undefined,
  aip: Aip | undefined,
  header: MessageHeader,
  context: ReadingContext,
): Participants {
  const { namespaces, newId } = context;
  const [seen] = aip?.personnelResourceId ?? [];
  const organization = refersTo(context.sendingOrganization, header.sendingFacility);
  const placed = seen?.idNumber === undefined ? [] : readClinician(seen, organization, namespaces, newId);
  const role = placed.at(-1)?.fullUrl;
  const contact = readNamed('CALLBCK', sch?.fillerContactPerson[0], namespaces);
  const enterer = readNamed('ENT', sch?.enteredByPerson[0], namespaces);
  const named = [
    role === undefined ? readNamed('ATND', seen, namespaces) : undefined,
    contact,
    isSamePerson(contact?.practitioner, enterer?.practitioner) ? undefined : enterer,
  ].filter((one) => one !== undefined);
  return {
    contained: some(named.map(({ practitioner }) => practitioner)),
    participants: [
      readPatientIn(context),
      ...(role === undefined ? [] : [participant('ATND', { reference: role })]),
      ...named.map(({ part, practitioner }) => participant(part, { reference: `#${practitioner.id}` })),
      ...readPlaces(message),
    ],
    placed,
  };
}

const readPatientIn = ({ patient }: ReadingContext): AppointmentParticipant => ({
  actor: patient === undefined ? { type: 'Patient', display: 'Patient' } : { reference: patient },
  status: 'accepted',
});

interface Named {
  readonly part: Part;
  readonly practitioner: Practitioner & { readonly id: string };
}

function readNamed(part: Part, xcn: Xcn | undefined, namespaces: Namespaces): Named | undefined {
  const practitioner = readPractitioner(xcn, namespaces);
  return practitioner && { part, practitioner: { ...practitioner, id: part.toLowerCase() } };
}

const isSamePerson = (a: Practitioner | undefined, b: Practitioner | undefined): boolean =>
  JSON.stringify({ ...a, id: '' }) === JSON.stringify({ ...b, id: '' });

const participant = (part: Part, actor: Reference): AppointmentParticipant => ({
  type: [{ coding: [{ system: PARTICIPATION, code: part }] }],
  actor,
  status: 'accepted',
});

function readPlaces(message: Message): readonly AppointmentParticipant[] {
  const [place] = readFirst(message, 'AIL', readAil)?.locationResourceId ?? [];
  const display = place && nameOfPlace(place);
  return display === undefined ? [] : [{ actor: { type: 'Location', display }, status: 'accepted' }];
}

/** The place in words: PL.9, else its parts, from the building to the bed. */
const nameOfPlace = (pl: Pl): string | undefined =>
  toFhirString(pl.locationDescription) ??
  toFhirString(
    [pl.building, pl.floor, pl.pointOfCare, pl.context, pl.bed]
      .filter((part) => part !== undefined)
      .join(', '),
  );

// — building

/** The person with a part in the visit; undefined when there is none. */
export function personIn(
  part: Part,
  appointment: Appointment,
  referral: ReferralResources,
  { namespaces }: BuildingContext,
): Xcn | undefined {
  const people = appointment.participant.map(({ type, actor }) => ({
    part: partOf(type) ?? 'ATND',
    practitioner: actor && practitionerIn(appointment, actor, referral),
  }));
  const found = people.find((one) => one.part === part && one.practitioner !== undefined);
  return found?.practitioner && writePractitioner(found.practitioner, namespaces);
}

/** A clinician without a type counts as the one who sees the patient. */
const partOf = (types: AppointmentParticipant['type']): string | undefined =>
  types?.flatMap(({ coding = [] }) => coding).find(({ system }) => system === PARTICIPATION)?.code;

function practitionerIn(
  { contained = [] }: Appointment,
  actor: Reference,
  { resolve }: ReferralResources,
): Practitioner | undefined {
  const { reference = '' } = actor;
  if (!reference.startsWith('#')) return practitionerOf(actor, resolve);
  return contained.find(
    (resource): resource is Practitioner =>
      resource.resourceType === 'Practitioner' && `#${resource.id}` === reference,
  );
}

/** The name by which people know the recipient. */
export function recipientIn({ task, resolve }: ReferralResources): Xcn | undefined {
  const owner = task.owner && resolve(task.owner);
  const name = owner?.['name'] ?? task.owner?.display;
  return typeof name === 'string' ? { familyName: { surname: name } } : undefined;
}

/** The place of the visit, in words. */
export function placeIn(
  { participant: participants }: Appointment,
  { resolve }: ReferralResources,
): Pl | undefined {
  const found = participants.find(
    ({ actor }) => actor?.type === 'Location' || actor?.reference?.startsWith('Location/'),
  );
  const name = found?.actor?.display ?? (found?.actor && resolve(found.actor)?.['name']);
  return typeof name === 'string' ? { locationDescription: name } : undefined;
}
