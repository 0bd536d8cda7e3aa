/**
 * Emergency access: who may break the glass, on which ground and for how long (45 CFR 164.312(a)(2)(ii),
 * 164.522(a)(1)(iii) and (iv); 42 CFR 2.51; compliance 12). Pure: the clock is handed in.
 */
import type { Consent, ConsentProvision, Resource } from '../fhir/types.ts';

/** What an emergency is. `againstDenial`: a ground of law, even where the patient denies emergency access by name (E7). */
export const EMERGENCY_REASONS = {
  'medical-emergency': { law: '42 CFR 2.51(a)(1); 45 CFR 164.522(a)(1)(iii)', againstDenial: true },
  'imminent-threat': { law: '45 CFR 164.512(j)(1)(i)', againstDenial: false },
  'program-closed-disaster': { law: '42 CFR 2.51(a)(2)', againstDenial: true },
} as const;

export type EmergencyReason = keyof typeof EMERGENCY_REASONS;

export const isEmergencyReason = (code: string | undefined): code is EmergencyReason =>
  code !== undefined && Object.hasOwn(EMERGENCY_REASONS, code);

/** A login counts as fresh for this long (harmony Z23). */
const FRESH_MS = 5 * 60_000;

/** Words of RFC 8176 by what they prove: something known, something had, something that one is. */
const FACTORS: readonly ReadonlySet<string>[] = [
  new Set(['pwd', 'pin', 'kba']),
  new Set(['otp', 'hwk', 'swk', 'sms', 'tel', 'sc', 'pop']),
  new Set(['face', 'fpt', 'iris', 'retina', 'vbm']),
];

const isStrong = (methods: readonly string[]): boolean =>
  methods.includes('mfa') ||
  FACTORS.filter((factor) => methods.some((method) => factor.has(method))).length > 1;

/** What is known of who asks. */
interface EmergencyPerson {
  readonly user: string | undefined;
  readonly session: string | undefined;
  readonly authenticatedAt: number | undefined;
  readonly methods: readonly string[];
}

const PRACTITIONER = /(?:^|\/)Practitioner\/[A-Za-z0-9.-]{1,64}$/;

/** Why a person may not break the glass, in words; undefined where nothing stands against it (E2). */
export function refusalOfPerson(
  { user, session, authenticatedAt, methods }: EmergencyPerson,
  now: number,
): string | undefined {
  if (user === undefined || !PRACTITIONER.test(user))
    return 'Only a person whose token names a Practitioner (fhirUser) may.';
  if (session === undefined) return 'The token names no session.';
  if (authenticatedAt === undefined || now - authenticatedAt > FRESH_MS)
    return 'The login must be at most five minutes old (auth_time): log in again.';
  return isStrong(methods) ? undefined : 'The login must have had a second factor (amr).';
}

/** Whether a Consent in force denies emergency access by its name (E7). */
export function deniesBreakGlass(consent: Resource): boolean {
  const { status, provision } = consent as unknown as Consent; // validated structure
  return status === 'active' && provision !== undefined && deniesByName(provision);
}

const deniesByName = ({ type, purpose = [], provision = [] }: ConsentProvision): boolean =>
  (type === 'deny' && purpose.some(({ code }) => code === 'BTG')) || provision.some(deniesByName);

/** Said with what was opened in an emergency alone. */
export const EMERGENCY_ONLY =
  'Disclosed for emergency treatment; do not use or disclose it further (45 CFR 164.522(a)(1)(iv)).';

/** Said in place of the notice of 42 CFR 2.32 with content of a Part 2 program (compliance P15, P19). */
export const EMERGENCY_PART2 =
  'Records of a substance use disorder program, disclosed to medical personnel without consent in a medical emergency (42 CFR 2.51). The program was told of it.';
