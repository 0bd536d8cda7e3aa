/** The rule on breaches of unsecured health information (45 CFR 164.400 to 164.414). */
import type { Citation } from './citation.ts';

export const BREACHES: readonly Citation[] = [
  {
    law: '45 CFR 164.402, 164.414(b)',
    does: 'A person says what the assessment of an incident came to, with the reasons; the item ends in no other way, and nobody deletes it.',
    rules: ['baa-messaging VR7'],
    query: 'GET [base]/Task?code=https://closeloop.dev/fhir/CodeSystem/work-item|incident',
  },
  {
    law: '45 CFR 164.404(b), 164.406, 164.408, 164.410(b)',
    does: 'An incident has a clock for everybody who must be told, from its discovery on; a work item reminds 30, 10 and 3 days before each ends. The server tells none of them itself.',
    rules: ['baa-messaging VR7'],
    query: 'GET [base]/Task?code=https://closeloop.dev/fhir/CodeSystem/work-item|incident-clock',
  },
];
