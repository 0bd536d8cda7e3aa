/** Every page of sign-in, consent and account, with what it shows in tests. */
import { accountPage, appsPage, signedOutPage, signOutPage } from '../src/http/auth/pages/account.ts';
import { organizationsPage, patientsPage } from '../src/http/auth/pages/choices.ts';
import { consentPage } from '../src/http/auth/pages/consent.ts';
import { enrolPage, invitationPage, recoveryCodesPage, totpPage } from '../src/http/auth/pages/enrolment.ts';
import type { WebPage } from '../src/http/auth/pages/layout.ts';
import { qrCode } from '../src/http/auth/pages/qr.ts';
import { refusalPage } from '../src/http/auth/pages/refusals.ts';
import { loginPage, secondFactorPage, unlockPage } from '../src/http/auth/pages/sign-in.ts';

const sent = { action: '/auth/here', token: 'token' };
const question = (ask: 'get' | 'create') =>
  ({ ...sent, ask, options: '{"challenge":"AAAA"}', label: 'Use a passkey' }) as const;
const error = 'That was not right. Try again.';
const AT = Date.UTC(2026, 10, 30, 9, 15);

/** By a name for the test. */
export const PAGES: Readonly<Record<string, WebPage>> = {
  login: loginPage({
    app: 'Growth <Chart>',
    passkey: question('get'),
    password: sent,
    others: [{ label: 'Northside Hospital', address: '/auth/sign-on/northside' }],
  }),
  'login, refused': loginPage({
    passkey: question('get'),
    password: sent,
    login: 'ada@clinic.example',
    error,
    others: [],
    notice: 'This is the demonstration.',
  }),
  'second factor': secondFactorPage({ form: sent, way: 'totp', other: '?way=recovery', error }),
  'recovery code': secondFactorPage({ form: sent, way: 'recovery', other: '?way=totp' }),
  unlock: unlockPage({ name: 'Ada Byron', passkey: question('get'), password: sent, leave: sent }),
  invitation: invitationPage({ form: sent, organization: 'Eastside Clinic', asksCode: true }),
  enrol: enrolPage({ passkey: question('create'), password: sent, lengthMin: 12, error }),
  'authenticator app': totpPage({
    form: sent,
    picture: qrCode('otpauth://totp/Closeloop:ada?secret=GEZDGNBVGY3TQOJQ', 'Key for the authenticator app'),
    secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
  }),
  'recovery codes': recoveryCodesPage({ form: sent, codes: ['AAAA-BBBB-CCCC-DDDD', 'EEEE-FFFF-GGGG-HHHH'] }),
  organizations: organizationsPage({
    form: sent,
    memberships: [
      { organization: 'Organization/1', name: 'Eastside Clinic', roles: ['coordinator', 'front desk'] },
      { organization: 'Organization/2', name: 'Northside Hospital', roles: ['clinician'] },
    ],
  }),
  patients: patientsPage({
    app: 'Growth Chart',
    search: sent,
    choose: sent,
    cancel: sent,
    typed: 'By',
    found: [
      { id: '1', name: 'Ada Byron', birthDate: '1985-12-10', number: '4711 of Eastside Clinic' },
      { id: '2', name: 'George Byron', birthDate: undefined, number: undefined },
    ],
    more: true,
  }),
  'patients, none': patientsPage({
    app: 'Growth Chart',
    search: sent,
    choose: sent,
    cancel: sent,
    typed: 'zzz',
    found: [],
    more: false,
  }),
  consent: consentPage({
    form: sent,
    app: 'Growth Chart',
    host: 'growth.example',
    patient: 'Ada Byron',
    organization: 'Eastside Clinic',
    offline: true,
    lines: [
      { scope: 'openid fhirUser', words: 'who you are', fixed: true, ticked: true, parts: [] },
      { scope: 'patient/Patient.rs', words: 'read and search the patient', ticked: true, parts: [] },
      {
        scope: 'patient/Observation.rs',
        words: 'read and search measurements and results',
        hint: 'all of them, also what is added later',
        ticked: true,
        parts: [
          { scope: 'patient/Observation.rs?category=laboratory', words: 'only laboratory results' },
          { scope: 'patient/Observation.rs?category=vital-signs', words: 'only vital signs' },
        ],
      },
    ],
  }),
  apps: appsPage({
    apps: [
      {
        client: 'growth',
        name: 'Growth Chart',
        organization: 'Eastside Clinic',
        words: ['read and search the patient'],
        offline: true,
        grantedAt: AT,
        lastUsedAt: AT,
      },
      {
        client: 'other',
        name: 'Other App',
        organization: undefined,
        words: ['read everything'],
        offline: false,
        grantedAt: AT,
        lastUsedAt: undefined,
      },
    ],
    remove: sent,
    back: '/auth/account',
    notice: 'The app was removed.',
  }),
  'apps, none': appsPage({ apps: [], remove: sent, back: '/auth/account' }),
  account: accountPage({
    name: 'Ada Byron',
    account: '7d1c5a0e-3b52-4a55-9d0e-2f6f8a1d9b11',
    login: 'ada@clinic.example',
    organization: 'Eastside Clinic',
    factors: [
      { id: 'a', words: 'passkey “Phone”', addedAt: AT, removable: true },
      { id: 'b', words: 'password', addedAt: AT, removable: false },
    ],
    recoveryCodesLeft: 8,
    sessions: [
      {
        id: 's',
        device: 'Firefox on Linux',
        organization: undefined,
        startedAt: AT,
        lastUsedAt: AT,
        isThis: true,
      },
      {
        id: 't',
        device: 'Safari on iOS',
        organization: 'Eastside Clinic',
        startedAt: AT + 1,
        lastUsedAt: AT + 2,
        isThis: false,
      },
    ],
    notices: [{ at: AT, words: 'Somebody signed in on a new device.' }],
    removeFactor: sent,
    addFactor: '/auth/enrol',
    newCodes: sent,
    endSession: sent,
    endAll: sent,
    shareDevice: sent,
    isShared: false,
    signOut: '/auth/logout',
    apps: '/auth/apps',
    switchOrganization: '/auth/organization',
  }),
  'sign out': signOutPage({ form: sent, app: 'Growth Chart', carried: { state: '1' } }),
  'signed out': signedOutPage('/auth/login'),
  refusal: refusalPage('launch-invalid', 'invalid_request: launch without scope launch'),
};
