/** Whether an organization takes messages of patients here (baa-messaging MS32). */
import type { Resource } from '../../fhir/types.ts';
import { valuesAt } from '../../resources/element.ts';

/** On an Organization: `closed` where patients call instead. */
const PATIENT_INBOX = 'https://closeloop.dev/fhir/StructureDefinition/patient-inbox';

export const closesInbox = (organization: Resource | undefined): boolean =>
  valuesAt(organization, 'extension').some((one) => {
    const { url, valueCode } = one as { readonly url?: unknown; readonly valueCode?: unknown };
    return url === PATIENT_INBOX && valueCode === 'closed';
  });
