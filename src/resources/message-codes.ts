/** The codes by which kept messages are found again: their fate, the event they tell of, and notes that wait. */

/** DocumentReference.category of a kept message: its fate. */
export const FATE_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/message-fate';
export const APPLIED = 'applied';

/** DocumentReference.category of a kept message: the event of the referral that it tells of. */
export const EVENT_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/referral-event';

/** DocumentReference.category of a note: whether the status that it belongs to has come (rules 7.4). */
export const NOTE_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/note';
export const NOTE_WAITS = 'waits-for-status';
export const NOTE_PAIRED = 'paired';

/** The version of the mapping between messages and resources; stands in every Provenance. */
export const MAPPING_VERSION = '1';
export const MAPPING_SYSTEM = 'https://closeloop.dev/fhir/hl7v2-mapping';

export const mark = (system: string, code: string) => ({ coding: [{ system, code }] });
