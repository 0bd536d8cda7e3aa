/**
 * The table of permissions (identity 4.1): what each role may do with each group of types. A right of a person is this row,
 * the scopes of the token, the sight of the organization and the policies together (identity ID-7); no row, no right.
 *
 * r: read, vread, history of an instance · s: search, history of a type · c u d: create, update and patch, delete · –: none.
 * A word behind the letters limits them (`limits.ts`). A row of a type replaces that of its group.
 */
import { groupOfType } from './resource-groups.ts';
import type { Limit } from './limits.ts';
import type { Role } from './roles.ts';

export type RoleRight = 'c' | 'r' | 'u' | 'd' | 's';

/** The roles in the order of the columns; proxies have what patients have. */
export const ROLE_COLUMNS = [
  'coordinator',
  'clinician',
  'front-desk',
  'compliance',
  'executive',
  'biller',
  'org-admin',
  'sys-admin',
  'patient',
] as const satisfies readonly Role[];

export type Cells = readonly [string, string, string, string, string, string, string, string, string];

// prettier-ignore
export const TYPE_PERMISSIONS: Readonly<Record<string, Cells>> = {
  //                     coordinator           clinician                                  front-desk                                   compliance                          executive biller  org-admin                  sys-admin              patient
  REF:                 ['rscu · d draft',     'rscu · d draft',                          'rs',                                        'rs',                               '–',      '–',    '–',                       '–',                   'rs own'],
  Task:                ['rscu · d draft',     'rscu referral · rscu team · d draft',     'rs referral · u moves · rscu scheduling',   'rs referral · rscu complianceWork','–',      '–',    'rscu administrationWork', 'u moves · rscu work', 'rs own'],
  Appointment:         ['rscu',               'rscu',                                    'rscu',                                      'rs',                               '–',      '–',    '–',                       '–',                   'rs own'],
  AppointmentResponse: ['rscu',               'rscu',                                    'rscu',                                      'rs',                               '–',      '–',    '–',                       '–',                   'rs own'],
  Schedule:            ['rscu',               'rscu',                                    'rscu',                                      'rs',                               '–',      '–',    'rscu',                    'rscu',                'rs'],
  Slot:                ['rscu',               'rscu',                                    'rscu',                                      'rs',                               '–',      '–',    'rscu',                    'rscu',                'rs'],
  MSG:                 ['rscu',               'rscu',                                    'rs · c scheduling',                         'rs',                               '–',      '–',    '–',                       '–',                   'rsc own'],
  CLIN:                ['rsc',                'rscu',                                    '–',                                         'rs reason',                        '–',      '–',    '–',                       '–',                   'rs own'],
  DOC:                 ['rsc',                'rscu',                                    'r administrative',                          'rs reason',                        '–',      '–',    '–',                       '–',                   'rs own'],
  PERS:                ['rscu',               'rscu',                                    'rscu',                                      'rs',                               '–',      'rs',   '–',                       '–',                   'r own'],
  COV:                 ['rscu',               'rs',                                      'rscu',                                      '–',                                '–',      'rscu', '–',                       '–',                   'rs own'],
  CONS:                ['rscu',               'rscu',                                    'rsc',                                       'rs',                               '–',      '–',    '–',                       '–',                   'rsc own'],
  DIR:                 ['rs · cu private',    'rs · cu private',                         'rs · cu private',                           'rs',                               'rs',     'rs',   'rscu',                    'rscu',                'rs'],
  EP:                  ['s · cu private',     'cu private',                              'cu private',                                'rs',                               '–',      '–',    'rscu',                    'rscu',                '–'],
  AGR:                 ['rs',                 '–',                                       '–',                                         'rscu',                             '–',      '–',    'rs',                      'rs',                  '–'],
  AUD:                 ['rs referrals',       'rs referrals',                            '–',                                         'rs',                               '–',      '–',    'rs security',             'rs security',         'rs own'],
  WORK:                ['rscu',               'rscu team',                               'rscu scheduling',                           'rscu complianceWork',              '–',      '–',    'rscu administrationWork', 'rscu',                'rs own'],
  SUB:                 ['–',                  '–',                                       '–',                                         'rs',                               '–',      '–',    'rscud',                   'rs',                  '–'],
  KNOW:                ['rs',                 'rs',                                      'rs',                                        'rs',                               'rs',     'rs',   'rscu',                    'rscu',                'rs published'],
  MREP:                ['rs',                 'rs ownReports',                           '–',                                         'rs',                               'rs',     '–',    'rs',                      '–',                   '–'],
};

/** What a cell gives: rights, all of them limited alike. */
interface RoleGrant {
  readonly rights: ReadonlySet<RoleRight>;
  /** Absent: nothing limits them. */
  readonly limit?: Limit;
}

/** The grants of a role for a type; none where no row names it. */
export function grantsOf(role: Role, type: string): readonly RoleGrant[] {
  const column = columnOf(role);
  const row = TYPE_PERMISSIONS[type] ?? TYPE_PERMISSIONS[groupOfType(type) ?? ''];
  return readCell(row?.[column] ?? '–');
}

/** The column in which a role is looked up. */
export const columnOf = (role: Role): number => ROLE_COLUMNS.indexOf(role === 'proxy' ? 'patient' : role);

/** A cell as the table has it: `rs own · u moves`. */
function readCell(cell: string): readonly RoleGrant[] {
  if (cell === '–') return [];
  return cell.split(' · ').map((grant) => {
    const [letters = '', limit] = grant.split(' ');
    const rights = new Set(letters as Iterable<RoleRight>); // a test reads every cell
    return limit === undefined ? { rights } : { rights, limit: limit as Limit }; // likewise
  });
}
