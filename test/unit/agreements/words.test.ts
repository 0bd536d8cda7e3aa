import { expect, test } from '@jest/globals';
import type { AgreementStanding } from '../../../src/agreements/state.ts';
import {
  agreementWords,
  carrierWords,
  pausedWords,
  unacknowledgedWords,
  WITHHELD_CONTENT,
} from '../../../src/agreements/words.ts';

const NAMES = {
  principal: 'Elm Street Clinic',
  associate: 'Billing Co',
  link: 'https://fhir.example/Contract/b1',
};
const on = (day: string): number => Date.parse(`${day}T00:00:00Z`);

// prettier-ignore
const CASES: readonly (readonly [standing: Partial<AgreementStanding>, text: string])[] = [
  [{ state: 'none' }, 'There is no business associate agreement between Elm Street Clinic and Billing Co. Protected health information cannot be sent to them. Start one: https://fhir.example/Contract/b1.'],
  [{ state: 'staging' }, 'The agreement with Billing Co is being prepared and has not been sent. https://fhir.example/Contract/b1'],
  [{ state: 'pending', why: 'unsigned', since: on('2026-01-12') }, "The agreement with Billing Co waits for Billing Co's signature since 2026-01-12. https://fhir.example/Contract/b1"],
  [{ state: 'pending', why: 'not-started', until: on('2026-02-01') }, 'The agreement with Billing Co starts on 2026-02-01. https://fhir.example/Contract/b1'],
  [{ state: 'pending', why: 'disputed', since: on('2026-03-01') }, 'The agreement with Billing Co is suspended since 2026-03-01. https://fhir.example/Contract/b1'],
  [{ state: 'pending', why: 'incomplete', gaps: ['subcontractors'] }, 'The agreement with Billing Co lacks 504(e)(2)(ii)(D) subcontractors. https://fhir.example/Contract/b1'],
  [{ state: 'expired', since: on('2027-02-01') }, 'The agreement with Billing Co ended on 2027-01-31. Renew it: https://fhir.example/Contract/b1.'],
  [{ state: 'revoked', since: on('2026-07-01') }, 'The agreement with Billing Co was revoked on 2026-07-01. https://fhir.example/Contract/b1'],
  [{ state: 'active', until: on('2027-02-01') }, 'The agreement with Billing Co is in force until 2027-01-31. https://fhir.example/Contract/b1'],
  [{ state: 'active' }, 'The agreement with Billing Co is in force. https://fhir.example/Contract/b1'],
];

test.each(CASES)('%j (baa-messaging 6)', (standing, text) => {
  expect(agreementWords({ state: 'none', gaps: [], services: [], ...standing }, NAMES)).toBe(text);
});

test('the words of the associate’s side, of a carrier, of a patient and of masked content (baa-messaging 6, MK1)', () => {
  expect(pausedWords('Elm Street Clinic')).toBe(
    'Messages with health information are paused: no agreement with Elm Street Clinic is in force.',
  );
  expect(carrierWords('Fax', 'Fax Co', 'https://fhir.example/x')).toBe(
    'Fax is run by Fax Co, with whom there is no agreement in force. https://fhir.example/x',
  );
  expect(unacknowledgedWords('https://fhir.example/x')).toBe(
    'The patient has not acknowledged electronic messages. Appointment notices without medical content may be sent. Capture: https://fhir.example/x.',
  );
  expect(WITHHELD_CONTENT).toBe('Content withheld: no agreement in force.');
});
