/**
 * The published list of losses: elements that no field holds, and fields that no element holds. The server drops
 * nothing of an inbound message: it keeps the message as it came. Paths as in crosswalk.ts.
 */

/** Losses of a referral here, towards a party that is told by messages. */
export interface ElementLost {
  readonly paths: readonly string[];
  readonly why: string;
}

/** Losses of a message, towards a party that reads FHIR; the kept message has them. */
export interface FieldsLost {
  /** MSH-9.1 of the messages, or all. */
  readonly messages: string;
  /** `PID-2`, `PID-3.2`, `PID-23..39`. */
  readonly fields: string;
  readonly why: string;
}

/** Elements that every message of a referral implies. */
export const IMPLIED: readonly ElementLost[] = [
  {
    paths: [
      'ServiceRequest.status',
      'ServiceRequest.intent',
      'Task.status',
      'Task.businessStatus',
      'Task.intent',
      'Task.code',
      'Appointment.status',
    ],
    why: 'the event says it: ORC-1 and ORC-5, or the trigger event',
  },
  {
    paths: [
      'ServiceRequest.subject',
      'Task.for',
      'Task.focus',
      'Appointment.basedOn',
      'Appointment.participant[0]',
    ],
    why: 'the one patient and the one order of the message',
  },
  {
    paths: ['ServiceRequest.performer', 'Task.owner'],
    why: 'the organization is MSH-6; v2 has no field for the clinician who is referred to, and none for the one who accepts',
  },
  { paths: ['Task.requester', 'Task.priority'], why: 'as in the ServiceRequest' },
  { paths: ['Appointment.created'], why: 'when S12 was sent' },
];

export const ELEMENTS_LOST: readonly ElementLost[] = [
  {
    paths: [
      'Patient.id',
      'Practitioner.id',
      'ServiceRequest.id',
      'Task.id',
      'Appointment.id',
      'Patient.meta',
    ],
    why: 'each party has ids of its own; numbers travel as identifiers',
  },
  {
    paths: [
      'Patient.identifier.use',
      'Patient.identifier.type.text',
      'Patient.identifier.period',
      'Patient.identifier.assigner',
      'Practitioner.identifier.use',
      'Practitioner.identifier.type.coding.system',
      'Practitioner.identifier.period',
      'ServiceRequest.identifier.use',
      'ServiceRequest.identifier.type.text',
      'ServiceRequest.identifier.period',
      'ServiceRequest.identifier.assigner',
      'Appointment.identifier.use',
    ],
    why: 'a number travels as its value, its authority and its type of table 0203',
  },
  {
    paths: ['Patient.identifier[2+]'],
    why: 'a number that is neither the initiator’s nor the recipient’s own is not theirs to pass on',
  },
  {
    paths: [
      'Practitioner.identifier[1+]',
      'ServiceRequest.identifier[2+]',
      'Appointment.identifier[1+]',
      'Task.identifier',
    ],
    why: 'the field holds one number; those of the Task are each system’s own',
  },
  {
    paths: [
      'Patient.name.text',
      'Patient.name.period',
      'Practitioner.name.text',
      'Patient.address.text',
      'Patient.address.period',
      'Patient.telecom.rank',
      'Patient.telecom.period',
    ],
    why: 'the datatypes XPN, XAD and XTN of v2.5.1 have no such part that receivers read',
  },
  { paths: ['Patient.telecom[1].system'], why: 'a mobile is a telephone: CP says both' },
  {
    paths: ['Patient.address.type'],
    why: 'XAD has one component for use and type, and the use stands there; postal alone travels as M',
  },
  {
    paths: [
      'Patient.extension.extension.url',
      'Patient.extension.extension[1].valueString',
      'Patient.extension[1].extension.valueCoding.system',
    ],
    why: 'race and ethnicity travel as codes; the text is made of their displays',
  },
  {
    paths: ['Patient.communication[1+]', 'Patient.communication.preferred'],
    why: 'PID-15 is one language, the preferred one',
  },
  {
    paths: [
      'Patient.active',
      'Patient.deceasedBoolean',
      'Patient.maritalStatus',
      'Patient.multipleBirthBoolean',
      'Patient.contact',
      'Patient.generalPractitioner',
      'Patient.managingOrganization',
      'Patient.link',
      'Patient.photo',
    ],
    why: 'a referral says who the patient is, no more',
  },
  {
    paths: [
      'Practitioner.active',
      'Practitioner.telecom',
      'Practitioner.address',
      'Practitioner.gender',
      'Practitioner.birthDate',
      'Practitioner.photo',
      'Practitioner.communication',
      'Practitioner.qualification[0].period',
      'Practitioner.qualification[1+]',
    ],
    why: 'XCN is a number, a name and one degree',
  },
  { paths: ['ServiceRequest.meta.security[0].display'], why: 'the code says it' },
  {
    paths: [
      'ServiceRequest.instantiatesCanonical',
      'ServiceRequest.instantiatesUri',
      'ServiceRequest.basedOn',
      'ServiceRequest.replaces',
      'ServiceRequest.requisition',
      'Task.instantiatesUri',
      'Task.basedOn',
      'Task.groupIdentifier',
      'Task.partOf',
    ],
    why: 'what stands behind an order is not 360X’s; a referral is a message of its own',
  },
  {
    paths: ['ServiceRequest.category'],
    why: 'v2 has none; read, it is SNOMED CT 386053000, Evaluation procedure, because US Core wants one',
  },
  {
    paths: ['ServiceRequest.doNotPerform', 'ServiceRequest.asNeededBoolean', 'ServiceRequest.performerType'],
    why: '360X asks for one thing of one organization',
  },
  {
    paths: [
      'ServiceRequest.code.coding.userSelected',
      'ServiceRequest.code.coding[1+]',
      'ServiceRequest.reasonCode.coding.userSelected',
      'ServiceRequest.reasonCode.coding[2+]',
    ],
    why: 'CWE has two codes, of which OBR-4 uses one for the kind of document; who chose it has no place',
  },
  {
    paths: ['ServiceRequest.reasonCode.coding[0].display', 'Task.statusReason.coding.display'],
    why: 'the words of a reason are its text, in CWE.2, which people read; the code says the rest',
  },
  {
    paths: [
      'ServiceRequest.quantityQuantity.unit',
      'ServiceRequest.quantityQuantity.system',
      'ServiceRequest.quantityQuantity.code',
      'ServiceRequest.quantityQuantity.comparator',
    ],
    why: 'TQ1-14 counts visits',
  },
  {
    paths: ['ServiceRequest.occurrencePeriod.start'],
    why: 'TQ1-7 is not used in a request; the recipient proposes the time',
  },
  {
    paths: [
      'ServiceRequest.encounter',
      'ServiceRequest.locationCode',
      'ServiceRequest.locationReference',
      'ServiceRequest.insurance',
      'ServiceRequest.supportingInfo',
      'ServiceRequest.specimen',
      'ServiceRequest.bodySite',
      'ServiceRequest.patientInstruction',
      'ServiceRequest.relevantHistory',
    ],
    why: 'clinical content, consent and coverage travel in the C-CDA',
  },
  {
    paths: ['ServiceRequest.reasonReference'],
    why: 'the condition’s code travels as a reason where the order has no reasonCode',
  },
  {
    paths: ['ServiceRequest.note.time', 'ServiceRequest.note.authorString', 'Task.note.time'],
    why: 'NTE and ORC-16 hold the text alone',
  },
  {
    paths: [
      'Task.description',
      'Task.encounter',
      'Task.executionPeriod',
      'Task.performerType',
      'Task.location',
      'Task.reasonCode',
      'Task.reasonReference',
      'Task.insurance',
      'Task.relevantHistory',
      'Task.restriction.repetitions',
      'Task.restriction.recipient',
      'Task.input',
    ],
    why: 'how a party organizes its work is its own',
  },
  {
    paths: ['Task.restriction.period.start'],
    why: 'the duration of TQ1-6 counts from when the referral was written',
  },
  { paths: ['Task.output'], why: 'the document travels itself, in MDM^T02' },
  {
    paths: [
      'Appointment.serviceCategory',
      'Appointment.serviceType[1+]',
      'Appointment.specialty',
      'Appointment.appointmentType',
      'Appointment.reasonCode[1+]',
      'Appointment.reasonReference',
      'Appointment.priority',
      'Appointment.description',
      'Appointment.supportingInformation',
      'Appointment.slot',
      'Appointment.comment',
      'Appointment.patientInstruction',
      'Appointment.requestedPeriod',
    ],
    why: '360X tells the initiator which visit it is, when, and with whom',
  },
  {
    paths: [
      'Appointment.participant.required',
      'Appointment.participant.status',
      'Appointment.participant.period',
      'Appointment.participant[1].type.coding.system',
    ],
    why: 'who is in the message takes part',
  },
];

/** Values that come back altered. */
interface Altered {
  readonly what: string;
  readonly becomes: string;
}

export const ALTERED: readonly Altered[] = [
  {
    what: 'ServiceRequest.code of text alone',
    becomes: 'the text beside SNOMED CT 3457005, Patient referral',
  },
  { what: 'ServiceRequest.occurrenceDateTime', becomes: 'ServiceRequest.occurrencePeriod.end' },
  {
    what: 'ServiceRequest.priority stat, asap, urgent without an occurrence',
    becomes: 'the same, with an occurrencePeriod.end',
  },
  { what: 'a name without a use', becomes: 'the official name: 360X writes L' },
  { what: 'the order of names', becomes: 'the official name first' },
  { what: 'a further given name with a space in it', becomes: 'two given names' },
  { what: 'several prefixes, or several suffixes', becomes: 'one, with spaces' },
  { what: 'a name of text alone', becomes: 'a family name' },
  { what: 'address lines from the third on', becomes: 'part of the second' },
  { what: 'the order of telecoms', becomes: 'work after all others' },
  { what: 'telecom systems url, sms, other; use old', becomes: 'telephone; no use' },
  {
    what: 'a reason without text, or a coding without display in it',
    becomes: 'the same with text, and with the text for display',
  },
  { what: 'Task.note of a decline', becomes: 'the end of Task.statusReason.text' },
  { what: 'the offset of Task.restriction.period.end', becomes: 'that of Task.authoredOn' },
  { what: 'a duration in weeks, months or years (TQ1-6)', becomes: 'the same in days' },
  { what: 'fractions of a second beyond four digits', becomes: 'four digits' },
  {
    what: 'white space at the ends of a text, line breaks of two characters',
    becomes: 'none; one line feed',
  },
  { what: 'sex A (ambiguous) and N (not applicable)', becomes: 'other, and O when it is sent again' },
  { what: 'a local code (L, 99…) of a third organization', becomes: 'a local code of whoever sends it' },
];

// prettier-ignore
export const FIELDS_LOST: readonly FieldsLost[] = [
  { messages: 'all', fields: 'MSH-4.3 MSH-5 MSH-6.3 MSH-8 MSH-9.3 MSH-13..21',
    why: 'about the exchange: who acknowledges, which character set, which profile' },
  { messages: 'all', fields: 'PID-1 PID-2 PID-4 PID-9 PID-20',
    why: 'kept by the standard for old versions, or mere numbering' },
  { messages: 'all', fields: 'PID-3.2 PID-3.3 PID-3.6 PID-3.7 PID-3.8',
    why: 'a number is its value, its authority and its type; check digits and dates say nothing more about whom' },
  { messages: 'all', fields: 'PID-5.1.2 PID-5.1.3 PID-5.1.4 PID-5.1.5 PID-11.1.2 PID-11.1.3 PID-11.8 PID-11.10 PID-14.9 PID-14.10 PID-14.11 PID-22.3',
    why: 'parts of what the first part says whole' },
  { messages: 'all', fields: 'PID-10.4 PID-10.5 PID-10.6',
    why: 'US Core has one coding for a race' },
  { messages: 'all', fields: 'PID-6 PID-12 PID-16..19 PID-21 PID-23..39',
    why: 'a referral says who the patient is; the rest of the record is the sender’s' },
  { messages: 'OMG OSU MDM', fields: 'ORC-4 ORC-6..8 ORC-10 ORC-11 ORC-13..15 ORC-17..27 ORC-29 ORC-30',
    why: 'not of 360X' },
  { messages: 'OMG OSU MDM SIU', fields: 'ORC-12.9.2 ORC-12.9.3 OBR-16.9.2 OBR-16.9.3 AIP-3.9.2 AIP-3.9.3 SCH-16.9.2 SCH-16.9.3',
    why: 'the identifier type NPI names its authority already, where the authority is none that is known' },
  { messages: 'OMG', fields: 'ORC-16',
    why: 'a reason for a change of status; a new order has its reasons in OBR-31' },
  { messages: 'OSU', fields: 'ORC-12 ORC-28',
    why: 'a status names no ordering provider, and is as confidential as its referral' },
  { messages: 'MDM', fields: 'ORC-1 ORC-12 ORC-16 ORC-28 OBR-4 OBR-31',
    why: 'of the order that the note belongs to, which is known already' },
  { messages: 'OMG', fields: 'TQ1-1..5 TQ1-7 TQ1-9.2 TQ1-9.3 TQ1-10..13',
    why: '360X uses the duration, the end, the priority code and the count' },
  { messages: 'SIU', fields: 'TQ1-1..5 TQ1-10..13',
    why: 'of a visit TQ1 is the slot' },
  { messages: 'OMG MDM REF', fields: 'OBR-1 OBR-2 OBR-3 OBR-16',
    why: 'the same as ORC-2, ORC-3 and ORC-12 (of REF: RF1 and PRD), which count' },
  { messages: 'OMG REF MDM', fields: 'OBR-4.2 OBR-4.7 OBR-5..15 OBR-17..30 OBR-32..49',
    why: 'of a laboratory’s order; OBR-5 counts where TQ1-9 is empty, and OBR-4.1 says what kind of document this is' },
  { messages: 'OMG', fields: 'NTE-1 NTE-2 NTE-4 OBX-1 OBX-2 OBX-3 OBX-4 OBX-6..29',
    why: 'a note is its text, a question its words; OBX-2, OBX-3 and OBX-29 say that it is one' },
  { messages: 'OMG', fields: 'DG1-3',
    why: 'OBR-31 says why; diagnoses count where it is missing' },
  { messages: 'OMG REF', fields: 'DG1-1 DG1-2 DG1-4..21',
    why: 'a diagnosis is a reason by its code; DG1-4 counts where it has none' },
  { messages: 'MDM', fields: 'EVN-1..7 PV1-1..52',
    why: 'when the message was made, and the visit as the sender’s system numbers it' },
  { messages: 'MDM', fields: 'TXA-1 TXA-3 TXA-5 TXA-7..11 TXA-13 TXA-19..24',
    why: 'who dictated, typed and signed stands in the document, and TXA-19 decides whether it is one' },
  { messages: 'MDM', fields: 'TXA-2 TXA-4 TXA-14 TXA-15 TXA-16',
    why: 'second to OBX-3, TXA-6, ORC-2, ORC-3 and TXA-25, and read where those are missing' },
  { messages: 'MDM', fields: 'OBX-1 OBX-4 OBX-5.1 OBX-5.2 OBX-5.3 OBX-5.4 OBX-6..29',
    why: 'a document is its content; its first bytes count where OBX-5 names a type that is unknown' },
  { messages: 'SIU', fields: 'SCH-1 SCH-3..5 SCH-8..10 SCH-12..15 SCH-17..19 SCH-21..25',
    why: '360X uses the numbers, the reasons and the contact; the trigger event says the status' },
  { messages: 'SIU', fields: 'SCH-11 AIP-6',
    why: 'the slot is TQ1; these are read where it is missing' },
  { messages: 'SIU', fields: 'RGS-1..3 AIP-1 AIP-2 AIP-4 AIP-5 AIP-7 AIP-8 AIP-11 AIP-12 AIL-1 AIL-2 AIL-4..12',
    why: 'which resource is booked how; the trigger event says what became of the visit' },
  { messages: 'SIU', fields: 'AIL-3.1..8 AIL-3.10 AIL-3.11',
    why: 'a place is its words (AIL-3.9); its parts are read where they are missing' },
  { messages: 'REF', fields: 'RF1-1 RF1-3..5 RF1-7 PRD-3..6 PRD-8 PRD-9',
    why: 'a referral here has a priority, a reason, an end, and two parties' },
];

/** The places of a row, each by itself: `AIL-3.1..8` is eight places. */
export const placesOf = ({ fields }: FieldsLost): readonly string[] =>
  fields.split(' ').flatMap((field) => {
    const [, head = '', from, to] = /^(.*[-.])(\d+)\.\.(\d+)$/.exec(field) ?? [];
    if (from === undefined) return [field];
    const length = Number(to) - Number(from) + 1;
    return Array.from({ length }, (_, index) => `${head}${Number(from) + index}`);
  });
