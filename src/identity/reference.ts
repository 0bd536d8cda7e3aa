/** The tables of roles as a page of the reference, `docs/reference/roles.md`. */
import { RIGHT_LIMITS, WORK_KINDS } from './limits.ts';
import { CLINICIAN_LABELS, LABELLED_ELEMENTS, MASKS, SEES_LABELLED } from './masking.ts';
import { MOVE_PERMISSIONS } from './move-permissions.ts';
import { OPERATION_PERMISSIONS } from './operation-permissions.ts';
import { PAGE_PERMISSIONS } from './page-permissions.ts';
import { ROLE_COLUMNS, TYPE_PERMISSIONS } from './permissions.ts';
import { RESOURCE_GROUPS } from './resource-groups.ts';
import { roleRow, ROLES, USER_ROLE_SYSTEM } from './roles.ts';
import { STEP_UP_MS, STEP_UP_WRITES } from './step-up.ts';

interface Page {
  readonly table: (head: readonly string[], rows: readonly (readonly string[])[]) => string;
  readonly page: (title: string, source: string, parts: readonly string[]) => string;
}

const HEAD: readonly string[] = ROLE_COLUMNS;

export function rolesMarkdown({ table, page }: Page): string {
  return page('Roles', 'src/identity', [
    `What a person may do follows from the roles of the person’s membership (codes of \`${USER_ROLE_SYSTEM}\`), the scopes of the token, the sight of the organization and the policies **together**: each can only take away. Roles add up: who coordinates and works at the front desk sees what a coordinator sees. Service clients have no role; the scopes of their registration are their row.`,
    table(
      ['Role', 'Who', 'Does', 'Sees'],
      ROLES.map((role) => {
        const { display, does, sees } = roleRow(role);
        return [`\`${role}\``, display, does, sees];
      }),
    ),
    '## Groups of resource types',
    'People need types in groups. A type that no group names is nobody’s.',
    table(
      ['Group', 'Holds', 'Types'],
      RESOURCE_GROUPS.map(([group, holds, types]) => [group, holds, types.join(', ')]),
    ),
    '## Types',
    '`r` read, vread and the history of one resource · `s` search and the history of a type · `c` create · `u` update and patch · `d` delete · – nothing. A row of a type replaces that of its group. A proxy has what a patient has. A word behind the letters limits them:',
    table(
      ['Word', 'Limits to'],
      Object.entries(RIGHT_LIMITS).map(([limit, meaning]) => [`\`${limit}\``, meaning]),
    ),
    table(['', ...HEAD], cellRows(TYPE_PERMISSIONS)),
    'No role deletes clinical content. A conditional create, update, patch or delete tells whether something exists, so it needs `s` as well.',
    `Work items of compliance: ${listed(WORK_KINDS.complianceWork)}. Of administrators: ${listed(WORK_KINDS.administrationWork)}.`,
    ...doingParts(table),
    '## Fresh logins',
    `Some things need a login that is at most ${STEP_UP_MS / 60_000} minutes old: what the tables call \`step-up\`, acting for another organization (\`X-On-Behalf-Of\`) by a \`sys-admin\`, and these writes. Otherwise the answer is 401 \`step-up-needed\`, with the challenge of RFC 9470.`,
    table(
      ['Type', 'Rights', 'Because it'],
      STEP_UP_WRITES.map(({ type, rights, because }) => [type, rights.join(' '), because]),
    ),
    '## Pages',
    'Which pages of a web application belong to a role. The requests of a page are what the server checks.',
    table(
      ['Page', 'Roles'],
      PAGE_PERMISSIONS.map(({ page: name, roles }) => [
        name,
        Object.entries(roles)
          .map(([role, what]) => (what === 'all' ? role : `${role} (${what})`))
          .join(', '),
      ]),
    ),
  ]);
}

/** What a role does, and what it is not shown. */
const doingParts = (table: Page['table']): readonly string[] => [
  '## Moves of a referral',
  'Which row of the [transition table](transitions.md) a role may make, by its trigger event. `attach`: with a document that somebody else signed. `step-up`: after a fresh login. `ask`: the person asks by a CommunicationRequest, and somebody of the organization makes the move.',
  table(
    ['Move', 'Trigger event', ...HEAD],
    MOVE_PERMISSIONS.map(({ move, events, cells }) => [move, events.join(', '), ...cells]),
  ),
  '## Operations',
  '`own`: of the own record. `raise`: may add labels, never weaken or take them away. `reason`: with the header `X-Access-Reason`, which the audit keeps. `step-up`: after a fresh login. An operation without a row is refused to everybody who has roles.',
  table(['Operation', ...HEAD], cellRows(OPERATION_PERMISSIONS)),
  '## Masked elements',
  'Instead of a masked element the answer has the extension data-absent-reason with the code `masked`. The version has the ETag `W/"[version]m"`; the server refuses an update (`masked-write`) by a caller to whom it shows only a part, and takes a patch. Search parameters that look at a masked element are unknown to the role.',
  table(
    ['Role', 'Type', 'Masked', 'Unless its category is'],
    MASKS.map(({ roles, types, elements, unless = [] }) => [
      roles.join(', '),
      types.join(', '),
      elements.join(', '),
      unless.join(', ') || '–',
    ]),
  ),
  `What bears one of the security labels ${listed([...CLINICIAN_LABELS])} is shown whole to ${[...SEES_LABELLED].join(', ')} alone; others see ${listed([...LABELLED_ELEMENTS])}. \`V\` counts where a person has set it. Labels of 42 CFR Part 2 and \`R\` mask nothing within the organization that keeps the record.`,
];

const cellRows = (rows: Readonly<Record<string, readonly string[]>>): readonly (readonly string[])[] =>
  Object.entries(rows).map(([name, cells]) => [name, ...cells]);

const listed = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ');
