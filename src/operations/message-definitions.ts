/** What messages are made of, as everyone may read it: the texts to patients, why a file is refused, who reads a named message. */
import type { RefusalDetail } from '../attachments/types.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import { LANGUAGES, MESSAGE_TEMPLATES, TEMPLATE_BASE, TEMPLATE_EXTENSION } from '../messaging/templates.ts';

/** On the header of a thread with a patient: that it is not for emergencies (baa-messaging MS33). */
export const PATIENT_NOTICE = 'https://closeloop.dev/fhir/StructureDefinition/patient-notice';

/** Why an attachment is refused (baa-messaging MS9). */
export const REFUSAL_DETAILS: Readonly<Record<RefusalDetail, string>> = {
  type: 'The file is of no type that messages carry.',
  mismatch: 'The file is not what its declared type or its name says, or two things at once.',
  'active-content': 'The file runs or opens something where it is read.',
  archive: 'The archive is no XDM package, or breaks a bound of archives.',
  size: 'The file is empty.',
};

/** The texts to patients under the address by which messages name them (baa-messaging MS23): one text for each language. */
export const templateDefinitions = (): readonly (readonly [Ref, Resource])[] =>
  Object.entries(MESSAGE_TEMPLATES).map(([id, texts]) => {
    const url = `${TEMPLATE_BASE}${id}`;
    const name = url.slice(url.lastIndexOf('/') + 1);
    const library: Resource = {
      resourceType: 'Library',
      id: name,
      url,
      name: name.replaceAll(/(?:^|-)([a-z])/g, (_all, letter: string) => letter.toUpperCase()),
      title: texts.en,
      status: 'active',
      type: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'asset-collection' }],
      },
      description: `A text to patients. A message names it in the extension ${TEMPLATE_EXTENSION}, with its slots.`,
      content: LANGUAGES.map((language) => ({
        contentType: 'text/plain',
        language,
        data: Buffer.from(texts[language]).toString('base64'),
      })),
    };
    return [`Library/${name}`, library] as const;
  });
