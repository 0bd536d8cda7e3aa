/**
 * The codes by which the server finds kept messages again: their fate, their event, and notes that wait for a status.
 */

/** DocumentReference.category of a kept message: its fate. */
export const FATE_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/message-fate';
export const APPLIED = 'applied';

/** DocumentReference.category of a kept message: its event of the referral. */
export const EVENT_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/referral-event';

/** DocumentReference.category of a note: whether its status has come (rules 7.4). */
export const NOTE_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/note';
export const NOTE_WAITS = 'waits-for-status';
export const NOTE_PAIRED = 'paired';

/** The version of the mapping between messages and resources; every Provenance has it. */
export const MAPPING_VERSION = '1';
export const MAPPING_SYSTEM = 'https://closeloop.dev/fhir/hl7v2-mapping';

export const mark = (system: string, code: string) => ({ coding: [{ system, code }] });
