/**
 * The roles of people (identity 2): what a person does in an organization, and by that what the person sees. A membership
 * grants them; service clients have none (identity ID-8). Roles add up (identity ID-5).
 */

interface RoleRow {
  readonly display: string;
  /** What such a person does. */
  readonly does: string;
  /** What such a person sees, in a sentence. */
  readonly sees: string;
}

const ROLE_ROWS = {
  coordinator: {
    display: 'Referral coordinator',
    does: 'moves referrals, works the queues',
    sees: 'all referrals of the organization, with what was sent',
  },
  clinician: {
    display: 'Clinician',
    does: 'orders, triages, signs notes',
    sees: 'the same, and what is guarded from others',
  },
  'front-desk': {
    display: 'Front desk',
    does: 'registers patients, schedules visits',
    sees: 'the view of a scheduler: no reasons, no notes, no clinical content',
  },
  compliance: {
    display: 'Privacy and compliance officer',
    does: 'audits, reviews, keeps consents and agreements',
    sees: 'audit, consents, agreements and disclosures; clinical content with a stated reason alone',
  },
  executive: {
    display: 'Executive',
    does: 'reads the figures',
    sees: 'measures and their reports; no patient',
  },
  biller: {
    display: 'Biller',
    does: 'bills what was done, for the purpose of payment (HPAYMT)',
    sees: 'coverage, claims and who the patient is; no clinical content',
  },
  'org-admin': {
    display: 'Administrator of an organization',
    does: 'keeps users, clients, the directory and links of one organization',
    sees: 'no clinical content',
  },
  'sys-admin': {
    display: 'Administrator of the installation',
    does: 'keeps the installation',
    sees: 'no clinical content',
  },
  patient: {
    display: 'Patient',
    does: 'follows own referrals',
    sees: 'the own record in the organization that keeps it',
  },
  proxy: {
    display: 'Parent, guardian or other representative',
    does: 'follows the referrals of somebody else',
    sees: 'the record of that patient, as the patient does',
  },
} as const satisfies Readonly<Record<string, RoleRow>>;

/** A code of CodeSystem https://closeloop.dev/fhir/CodeSystem/user-role. */
export type Role = keyof typeof ROLE_ROWS;

/** Every role, in the order of the tables. */
export const ROLES = Object.keys(ROLE_ROWS) as readonly Role[];

export const USER_ROLE_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/user-role';

export const roleRow = (role: Role): RoleRow => ROLE_ROWS[role];

/** Whether a text is the code of a role. */
export const isRole = (text: string): text is Role => Object.hasOwn(ROLE_ROWS, text);

const INDIVIDUAL_ROLES: ReadonlySet<Role> = new Set(['patient', 'proxy']);

/** Whether somebody has no roles but those of one who looks at the record of one patient. */
export const isIndividual = (roles: readonly Role[] | undefined): boolean =>
  roles !== undefined && roles.length > 0 && roles.every((role) => INDIVIDUAL_ROLES.has(role));
