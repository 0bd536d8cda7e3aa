/** In which language a patient is written to (baa-messaging MS35). */
import type { Resource } from '../../fhir/types.ts';
import { LANGUAGES, type Language } from '../../messaging/templates.ts';
import { valuesAt } from '../../resources/element.ts';

interface Spoken {
  readonly language?: { readonly coding?: readonly { readonly code?: string }[] };
  readonly preferred?: boolean;
}

/** The language that the patient prefers, of those in which there are words; English where none of them is said. */
export function languageOf(patient: Resource | undefined): Language {
  const spoken = valuesAt(patient, 'communication') as readonly Spoken[]; // validated structure
  const codes = spoken
    .toSorted((one, other) => Number(other.preferred === true) - Number(one.preferred === true))
    .flatMap(({ language }) =>
      (language?.coding ?? []).flatMap(({ code }) => code?.toLowerCase().split('-')[0] ?? []),
    );
  const known = codes.flatMap((code) => LANGUAGES.find((one) => one === code) ?? []);
  return known[0] ?? 'en';
}
