/** The tags by which a message for named people is found by them alone (baa-messaging MS4). */

export const MESSAGE_AUDIENCE = 'https://closeloop.dev/fhir/CodeSystem/message-audience';
export const NAMED = 'named';
/** The codes are references: `Practitioner/1`. */
export const NAMED_READER = 'https://closeloop.dev/fhir/CodeSystem/named-reader';
