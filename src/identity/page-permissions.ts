/** Which role finds which page of the web application (identity 4.5). A page without permission is in no menu, and 404. */
import type { Role } from './roles.ts';

interface PageRow {
  readonly page: string;
  /** Each role that finds it, and what of it, where it is not all. */
  readonly roles: Partial<Readonly<Record<Role, string>>>;
}

const ALL = 'all';
const STAFF = { coordinator: ALL, clinician: ALL, 'front-desk': ALL } as const;

export const PAGE_PERMISSIONS: readonly PageRow[] = [
  { page: 'Queue', roles: { ...STAFF, 'front-desk': 'what is to be scheduled' } },
  { page: 'Timeline of a referral', roles: { ...STAFF, 'front-desk': 'masked', compliance: 'masked' } },
  { page: 'New referral', roles: { coordinator: ALL, clinician: ALL } },
  { page: 'Patient', roles: STAFF },
  { page: 'Schedule', roles: STAFF },
  { page: 'Messages', roles: { ...STAFF, 'front-desk': 'about schedules', patient: 'own', proxy: 'own' } },
  { page: 'Document', roles: { coordinator: ALL, clinician: ALL } },
  { page: 'Consent', roles: { ...STAFF, compliance: ALL, patient: 'own', proxy: 'own' } },
  { page: 'Work items', roles: { coordinator: ALL, 'org-admin': 'without content' } },
  { page: 'Agreements', roles: { compliance: ALL } },
  { page: 'Audit and evidence', roles: { compliance: ALL } },
  { page: 'Reviews of emergency access', roles: { compliance: ALL } },
  {
    page: 'Figures',
    roles: {
      coordinator: 'operations',
      clinician: 'own',
      compliance: 'quality',
      executive: ALL,
      'org-admin': 'executive',
    },
  },
  { page: 'Coverage and claims', roles: { biller: ALL } },
  { page: 'Directory', roles: { ...STAFF, 'org-admin': ALL } },
  { page: 'Users', roles: { 'org-admin': 'of the organization', 'sys-admin': ALL } },
  { page: 'Integrations', roles: { 'org-admin': ALL, 'sys-admin': ALL } },
  { page: 'Installation', roles: { 'sys-admin': ALL } },
  { page: 'Own referrals', roles: { patient: ALL, proxy: ALL } },
  { page: 'Who saw my record', roles: { patient: ALL, proxy: ALL } },
  {
    page: 'Account',
    roles: {
      ...STAFF,
      compliance: ALL,
      executive: ALL,
      biller: ALL,
      'org-admin': ALL,
      'sys-admin': ALL,
      patient: ALL,
      proxy: ALL,
    },
  },
  { page: 'Apps with access', roles: { coordinator: ALL, clinician: ALL, patient: ALL, proxy: ALL } },
];
