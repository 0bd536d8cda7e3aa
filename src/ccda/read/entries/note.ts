/** Note Activity: a clinical note as a DocumentReference that holds its text. */
import type { XmlElement } from '../../../xml/tree.ts';
import { attributeOf, base64Of, childOf } from '../../element.ts';
import { readCodings, readConcept } from '../concept.ts';
import { authorshipOf, commonOf, isKind, type EntryContext } from '../entry.ts';
import { readAuthors } from '../parties.ts';
import { add, lose } from '../reading.ts';
import { isNullified } from '../standing.ts';
import { readText } from '../text.ts';

const CATEGORY = 'http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category';

export const isNote = (act: XmlElement): boolean => isKind(act, '4.202', '34109-9');

/** Adds the DocumentReference. The type of the note is the translation of its code. */
export function readNote(context: EntryContext, act: XmlElement): void {
  const { reading } = context;
  const code = childOf(act, 'code');
  const type = readConcept(reading, code);
  const [, ...translations] = code === undefined ? [] : readCodings(reading, code);
  const text = childOf(act, 'text');
  const mediaType = attributeOf(text, 'mediaType');
  const isFile = text !== undefined && attributeOf(text, 'representation') === 'B64';
  const words = isFile ? undefined : readText(reading, text);
  const data = isFile
    ? base64Of(text)
    : words === undefined
      ? undefined
      : Buffer.from(words, 'utf8').toString('base64');
  if (data === undefined) {
    lose(reading, 'unmapped', act, 'the note has no text');
    return;
  }
  const { recorded } = authorshipOf(reading, act);
  add(reading, {
    resourceType: 'DocumentReference',
    ...commonOf(reading, act),
    status: isNullified(reading, act) ? 'entered-in-error' : 'current',
    type: translations.length > 0 ? { ...type, coding: translations } : type,
    category: [{ coding: [{ system: CATEGORY, code: 'clinical-note' }] }],
    subject: context.patient,
    date: recorded?.includes('T') === true ? recorded : undefined,
    author: readAuthors(reading, act),
    content: [
      {
        attachment: {
          contentType: isFile ? (mediaType ?? 'application/octet-stream') : 'text/plain;charset=utf-8',
          data,
        },
      },
    ],
    context: context.encounter === undefined ? undefined : { encounter: [context.encounter] },
  });
}
