/**
 * The crosswalk FHIR R4 (BSeR) ⇄ HL7 v2 (360X) as data: the fields of each element, the messages, and the direction.
 * The code that does the mapping is in mapping/ and messages/. A test changes every element and every field alone, and
 * asserts that the other side shows the change or that losses.ts says why not (rules 7.8).
 *
 * Paths are FHIRPath without functions; `[0]` is one item, `[1+]` those from the second on, no index every item.
 * `Practitioner` is the one behind a reference, `note` the document of MDM^T02.
 */

/** `both`: the server reads and builds the field. `in`: it only reads it, because engines send it so. */
export type Way = 'both' | 'in';

interface Carried {
  readonly fhir: string;
  /** Fields, `SEG-n` or `SEG-n.component`. */
  readonly v2: readonly string[];
  /** MSH-9.1. */
  readonly messages: string;
  readonly way: Way;
  /** A remark for readers who look for the value on the other side. */
  readonly how?: string;
}

type Row = readonly [fhir: string, v2: string, messages: string, way?: Way, how?: string];

// prettier-ignore
const ROWS: readonly Row[] = [
  // the person
  ['Patient.identifier',               'PID-3.1 PID-3.4 PID-3.5',    'all',     'both', 'the initiator’s own number first, then the recipient’s; no other is sent'],
  ['Patient.name.family',              'PID-5.1',                    'all'],
  ['Patient.name.given',               'PID-5.2 PID-5.3',            'all',     'both', 'from the second on in one component, divided by spaces'],
  ['Patient.name.suffix',              'PID-5.4',                    'all'],
  ['Patient.name.prefix',              'PID-5.5',                    'all'],
  ['Patient.name.suffix',              'PID-5.6',                    'all',     'in',   'a degree is a suffix'],
  ['Patient.name.use',                 'PID-5.7',                    'all',     'both', 'table 0200; without a use L, as 360X has it'],
  ['Patient.birthDate',                'PID-7',                      'all'],
  ['Patient.gender',                   'PID-8',                      'all',     'both', 'table 0001'],
  ['Patient.extension',                'PID-10 PID-22',              'all',     'both', 'US Core race and ethnicity; ethnicity in table 0189'],
  ['Patient.address.line',             'PID-11.1 PID-11.2',          'all'],
  ['Patient.address.city',             'PID-11.3',                   'all'],
  ['Patient.address.state',            'PID-11.4',                   'all'],
  ['Patient.address.postalCode',       'PID-11.5',                   'all'],
  ['Patient.address.country',          'PID-11.6',                   'all'],
  ['Patient.address.use',              'PID-11.7',                   'all',     'both', 'table 0190'],
  ['Patient.address.district',         'PID-11.9',                   'all'],
  ['Patient.telecom',                  'PID-13 PID-14',              'all',     'both', 'work in PID-14; numbers in XTN.12, and in XTN.1 for old receivers'],
  ['Patient.communication[0].language','PID-15',                     'all',     'both', 'the preferred one'],
  // the referral and its parties
  ['ServiceRequest.identifier[0]',     'ORC-2 OBR-2 SCH-26 RF1-6 TXA-14', 'all','both', 'type PLAC: the referral id'],
  ['ServiceRequest.identifier[1]',     'ORC-3 SCH-27 TXA-15 OBR-3 RF1-11','all','both', 'type FILL: from the recipient only'],
  ['ServiceRequest.requester',         'ORC-12 OBR-16',              'OMG OSU', 'both', 'the clinician behind the role, else the first named contact of the organization'],
  ['Practitioner.identifier[0]',       'ORC-12.1 ORC-12.9 ORC-12.13 AIP-3.1 PRD-7','OMG OSU SIU', 'both', 'the NPI before any other number'],
  ['Practitioner.name',                'ORC-12.2 ORC-12.3 ORC-12.4 ORC-12.5 ORC-12.6 ORC-12.10 PRD-2', 'OMG OSU SIU'],
  ['Practitioner.qualification[0].code.text', 'ORC-12.7',            'OMG OSU SIU'],
  // — the service that is asked for
  ['ServiceRequest.code',              'OBR-4.4 OBR-4.5 OBR-4.6 OBR-4.8 OBR-4.9', 'OMG', 'both', 'OBR-4.1 says what kind of document; without an alternate code it is SNOMED CT 3457005, Patient referral'],
  ['ServiceRequest.reasonCode',        'OBR-31',                     'OMG',     'both', 'the text is always CWE.2; up to two codings; where an order has none, what reasonReference says, else its code'],
  ['ServiceRequest.reasonCode',        'DG1-3 RF1-10',               'OMG REF', 'in',   'the diagnoses, where an order has no OBR-31'],
  ['ServiceRequest.occurrencePeriod.end', 'TQ1-8 RF1-8',             'OMG REF', 'both', 'until when it is to be performed; without it by ServiceRequest.priority: a day for stat, three for asap, seven for urgent'],
  ['ServiceRequest.quantityQuantity.value', 'TQ1-14',                'OMG'],
  ['ServiceRequest.priority',          'TQ1-9 OBR-5 RF1-2',          'OMG REF', 'both', 'table 0485; urgent as text'],
  ['ServiceRequest.orderDetail',       'OBX-5',                      'OMG',     'both', 'OBX-3 REFQ, OBX-29 QST'],
  ['ServiceRequest.note.text',         'NTE-3',                      'OMG',     'both', 'NTE after OBR: not of 360X, allowed by the base standard'],
  ['ServiceRequest.authoredOn',        'ORC-9 RF1-9',                'OMG REF', 'both', 'else MSH-7'],
  ['ServiceRequest.meta.security',     'ORC-28',                     'OMG',     'both', 'N, R or V: the strictest'],
  ['Task.restriction.period.end',      'TQ1-6',                      'OMG',     'both', 'as a duration from Task.authoredOn'],
  // — the state of the referral
  ['Task.lastModified',                'ORC-9',                      'OSU',     'both', 'else MSH-7'],
  ['Task.statusReason',                'ORC-16',                     'OSU',     'both', 'of a decline and of a cancellation request; the text is always CWE.2'],
  ['Task.note.text',                   'ORC-16.2',                   'OSU',     'both', 'of a decline, after the reason'],
  // visits
  ['Appointment.identifier[0]',        'SCH-2',                      'SIU',     'both', 'else the id, under the sender’s OID'],
  ['Appointment.cancelationReason',    'SCH-6',                      'SIU',     'both', 'of S15'],
  ['Appointment.reasonCode[0]',        'SCH-6',                      'SIU'],
  ['Appointment.serviceType[0]',       'SCH-7',                      'SIU'],
  ['Appointment.start',                'TQ1-7',                      'SIU'],
  ['Appointment.end',                  'TQ1-8',                      'SIU'],
  ['Appointment.start',                'SCH-11.4 AIP-6',             'SIU',     'in',   'where TQ1 is missing'],
  ['Appointment.end',                  'SCH-11.5',                   'SIU',     'in',   'where TQ1 is missing'],
  ['Appointment.minutesDuration',      'AIP-9 AIP-10',               'SIU',     'both', 'with the clinician alone'],
  ['Appointment.participant[1]',       'AIP-3',                      'SIU',     'both', 'type ATND'],
  ['Appointment.participant[2]',       'SCH-16 SCH-20',              'SIU',     'both', 'types CALLBCK and ENT; without one the clinician, or the recipient’s name'],
  ['Appointment.participant[3].actor', 'AIL-3',                      'SIU',     'both', 'a place, in words'],
  ['Appointment.created',              'MSH-7',                      'SIU',     'in',   'of S12'],
  // notes
  ['note.data',                        'OBX-5',                      'MDM',     'both', 'ED, base64; hexadecimal and lines of text are read too'],
  ['note.contentType',                 'OBX-5.2 OBX-5.3',            'MDM',     'both', 'else by the first bytes'],
  ['note.type',                        'OBX-3 TXA-2',                'MDM'],
  ['note.title',                       'TXA-25 TXA-16',              'MDM'],
  ['note.identifier',                  'TXA-12',                     'MDM'],
  ['note.date',                        'TXA-6 TXA-4 OBX-14',         'MDM'],
  ['note.docStatus',                   'TXA-17',                     'MDM',     'both', 'table 0271'],
  ['note.confidentiality',             'TXA-18',                     'MDM'],
];

export const CROSSWALK: readonly Carried[] = ROWS.map(([fhir, v2, messages, way = 'both', how]) => ({
  fhir,
  v2: v2.split(' '),
  messages,
  way,
  ...(how !== undefined && { how }),
}));
