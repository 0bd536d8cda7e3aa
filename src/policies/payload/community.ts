/**
 * A community organization, which is neither a provider nor covered: whom it is to help, how to reach the person, and with
 * what. Nothing clinical, and no number of the person's. Of messages the words that are addressed to it.
 */
import { SOCIAL_NEEDS } from './codes.ts';
import type { PayloadRow } from './row.ts';

export const community: PayloadRow = {
  name: 'community',
  title: 'A community organization',
  // Coordination with a third party that is no provider is the discloser's own treatment, limited to what is needed.
  basis: '45 CFR 164.502(b), 164.506(c)(1)',
  purposes: ['TREAT'],
  recipient: 'community-organization',
  types: {
    Patient: {
      elements: {
        name: 'whole',
        telecom: 'whole',
        address: 'whole',
        birthDate: 'year',
        communication: 'whole',
        contact: 'whole',
      },
    },
    ServiceRequest: {
      elements: {
        code: 'whole',
        category: 'whole',
        reasonCode: { codes: [SOCIAL_NEEDS] },
        occurrenceDateTime: 'whole',
        occurrencePeriod: 'whole',
        occurrenceTiming: 'whole',
        note: 'whole',
        // What makes it an order, and by whose number the two speak of it.
        identifier: 'whole',
        status: 'whole',
        intent: 'whole',
        subject: 'reference',
        authoredOn: 'whole',
        requester: 'whole',
        performer: 'whole',
      },
    },
    Communication: {
      addressed: true,
      elements: {
        status: 'whole',
        statusReason: 'whole',
        category: 'whole',
        priority: 'whole',
        topic: 'whole',
        subject: 'reference',
        basedOn: 'reference',
        partOf: 'whole',
        inResponseTo: 'whole',
        sender: 'whole',
        recipient: 'whole',
        sent: 'whole',
        received: 'whole',
        payload: 'words',
        // Receipts, who takes part and since when, who decided the category.
        extension: 'whole',
      },
    },
    Task: { reduced: { for: 'reference' } },
    Consent: { reduced: { patient: 'reference' } },
  },
};
