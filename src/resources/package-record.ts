/**
 * What the server writes down of a package for another organization (compliance M3, V5; harmony Z1): a List of what was left
 * out, and a Provenance of what went.
 */
import { valuesAt } from './element.ts';

export const LIST_CODE = 'https://closeloop.dev/fhir/CodeSystem/list-code';

type PackageCode = 'left-out' | 'package';

/** Whether a concept has a code of these. */
export const isPackageRecord = (concept: unknown, code: PackageCode): boolean =>
  (valuesAt(concept, 'coding') as readonly { readonly system?: unknown; readonly code?: unknown }[]).some(
    (coding) => coding.system === LIST_CODE && coding.code === code,
  );
