/** `$users` and `$access-review`: who has an account, and who holds which role (identity 6, ID-18). */
import { CSV, csvTable } from '../../csv-lines.ts';
import { isRole, ROLES } from '../../../identity/roles.ts';
import { ACCOUNT_STATES, isAccountState } from '../../../identity/account.ts';
import type { AccessRow, UserRow } from '../../../ports/accounts.ts';
import { boundedTextIn, invalidParameter, numberIn, textIn } from '../input.ts';
import type { Invocation, Operation, OperationReply } from '../operation.ts';
import { parametersOf, type Out } from '../output.ts';
import { answered, askingOf, entered, ORGANIZATION, refsIn } from './asking.ts';

/** Accounts of one page. */
const PAGE_MAX = 200;
const PAGE_DEFAULT = 50;
const SEARCH_MAX = 254;

export const users: Operation = {
  name: 'users',
  title: 'Who has an account',
  description:
    'Accounts that the caller administers, a page at a time. A page may hold fewer than count, or none, and still name a next one. For administrators of the organization (scope closeloop/org-admin), and of the installation.',
  levels: ['system'],
  resource: [],
  affectsState: false,
  parameters: [
    entered('search', 'string', 'Part of the name or the login, or a whole id. Send it by POST.'),
    entered('state', 'code', `In this state: ${Object.keys(ACCOUNT_STATES).join(', ')}.`),
    entered('role', 'code', 'With this role.'),
    ORGANIZATION,
    entered('count', 'positiveInt', `Accounts of the page: at most ${PAGE_MAX}; default ${PAGE_DEFAULT}.`),
    entered('after', 'string', 'The page begins behind this account: `next` of the page before.'),
    {
      name: 'user',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'An account, with what of it belongs to the organization.',
      part: [
        answered('id', 'string', 'Its id: `sub` of its tokens.', { min: 1 }),
        answered('login', 'string', 'The e-mail address by which the person logs in.', { min: 1 }),
        answered('name', 'string', 'The name of the person.', { min: 1 }),
        answered('state', 'code', 'The state.', { min: 1 }),
        answered('since', 'instant', 'Since when it is in that state.', { min: 1 }),
        answered('why', 'string', 'Why it is in that state.'),
        answered('administrator', 'boolean', 'True: the person keeps the installation.'),
        answered('lastUse', 'instant', 'When the person last logged in.'),
        answered('link', 'Reference', 'Practitioner, Patient or RelatedPerson that the person is.', {
          max: '*',
        }),
        {
          name: 'membership',
          use: 'out',
          min: 0,
          max: '*',
          documentation: 'What the person does in an organization.',
          part: [
            answered('organization', 'Reference', 'The organization.', { min: 1 }),
            answered('status', 'code', '`active` or `ended`.', { min: 1 }),
            answered('role', 'code', 'A role.', { max: '*' }),
            answered('practitionerRole', 'Reference', 'The PractitionerRole that the person is there.'),
            answered('site', 'Reference', 'A department or site.', { max: '*' }),
            answered('from', 'instant', 'When it begins.'),
            answered('until', 'instant', 'When it ends.'),
          ],
        },
      ],
    },
    answered('next', 'string', 'Where the next page begins; absent: there is none.'),
  ],
  perform: listUsers,
};

async function listUsers(invocation: Invocation): Promise<OperationReply> {
  const { accounts, acting } = askingOf(invocation);
  const { input, request } = invocation;
  const state = textIn(input, 'state');
  const role = textIn(input, 'role');
  if (state !== undefined && !isAccountState(state))
    throw invalidParameter('state', `state is one of ${Object.keys(ACCOUNT_STATES).join(', ')}`);
  if (role !== undefined && !isRole(role))
    throw invalidParameter('role', `role is one of ${ROLES.join(', ')}`);
  const { users: found, next } = await accounts.list(acting, {
    search: boundedTextIn(input, 'search', SEARCH_MAX),
    state,
    role,
    organization: refsIn(invocation, 'organization')[0] ?? request.caller.organization,
    count: Math.min(numberIn(input, 'count') ?? Number(textIn(input, 'count') ?? PAGE_DEFAULT), PAGE_MAX),
    after: textIn(input, 'after'),
  });
  return {
    status: 200,
    resource: parametersOf([
      ...found.map(userOut),
      ...(next === undefined ? [] : [{ name: 'next', valueString: next }]),
    ]),
    // A login name that was searched for is not on record.
    audit: { query: '$users' },
  };
}

const at = (ms: number): string => new Date(ms).toISOString();
const referenceOut = (name: string, reference: string): Out => ({ name, valueReference: { reference } });

const userOut = (user: UserRow): Out => ({
  name: 'user',
  part: [
    { name: 'id', valueString: user.account },
    { name: 'login', valueString: user.login },
    { name: 'name', valueString: user.name },
    { name: 'state', valueCode: user.state },
    { name: 'since', valueInstant: at(user.since) },
    ...(user.why === undefined ? [] : [{ name: 'why', valueString: user.why }]),
    ...(user.administrator ? [{ name: 'administrator', valueBoolean: true }] : []),
    ...(user.lastUsedAt === undefined ? [] : [{ name: 'lastUse', valueInstant: at(user.lastUsedAt) }]),
    ...user.links.map(({ ref }) => referenceOut('link', ref)),
    ...user.memberships.map(membershipOut),
  ],
});

const membershipOut = ({
  organization,
  status,
  roles,
  practitionerRole,
  sites = [],
  from,
  until,
}: UserRow['memberships'][number]): Out => ({
  name: 'membership',
  part: [
    referenceOut('organization', organization),
    { name: 'status', valueCode: status },
    ...roles.map((valueCode) => ({ name: 'role', valueCode })),
    ...(practitionerRole === undefined ? [] : [referenceOut('practitionerRole', practitionerRole)]),
    ...sites.map((site) => referenceOut('site', site)),
    ...(from === undefined ? [] : [{ name: 'from', valueInstant: at(from) }]),
    ...(until === undefined ? [] : [{ name: 'until', valueInstant: at(until) }]),
  ],
});

export const accessReview: Operation = {
  name: 'access-review',
  title: 'Who holds which role',
  description:
    'Every role that somebody holds now, since when, and when the person last logged in: what is reviewed each quarter (45 CFR 164.308(a)(4)(ii)(C)). As a table with Accept: text/csv. For administrators (scope closeloop/org-admin) and compliance officers (closeloop/compliance) of the organization, and administrators of the installation.',
  levels: ['system'],
  resource: [],
  affectsState: false,
  content: { gives: [CSV] },
  parameters: [
    ORGANIZATION,
    {
      name: 'access',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'A role that a person holds.',
      part: [
        answered('user', 'string', 'The account, by its id.', { min: 1 }),
        answered('login', 'string', 'The login.', { min: 1 }),
        answered('name', 'string', 'The name of the person.', { min: 1 }),
        answered('state', 'code', 'The state of the account.', { min: 1 }),
        answered('organization', 'string', 'Where; absent: in the installation.'),
        answered('role', 'code', 'The role.', { min: 1 }),
        answered('since', 'string', 'The instant since when it is held, where it is known.'),
        answered('until', 'string', 'The instant at which it ends.'),
        answered('sites', 'string', 'Departments and sites, with blanks between them.'),
        answered('lastUse', 'string', 'The instant of the last login; absent: never.'),
      ],
    },
  ],
  perform: reviewAccess,
};

const COLUMNS = [
  'user',
  'login',
  'name',
  'state',
  'organization',
  'role',
  'since',
  'until',
  'sites',
  'lastUse',
] as const;

/** A compliance officer, whose token says so as well. */
const isOfficer = ({ request: { caller } }: Invocation): boolean =>
  caller.roles?.includes('compliance') === true &&
  caller.serverScopes?.includes('closeloop/compliance') === true;

async function reviewAccess(invocation: Invocation): Promise<OperationReply> {
  const { accounts, acting } = askingOf(invocation, isOfficer(invocation));
  const organization = refsIn(invocation, 'organization')[0] ?? invocation.request.caller.organization;
  const rows = (await accounts.reviewAccess(acting, organization)).map(cellsOf);
  return {
    status: 200,
    resource: parametersOf(
      rows.map((row) => ({
        name: 'access',
        part: COLUMNS.filter((name) => row[name] !== '').map((name) =>
          name === 'state' || name === 'role'
            ? { name, valueCode: row[name] }
            : { name, valueString: row[name] },
        ),
      })),
    ),
    content: {
      bytes: Buffer.from(
        csvTable(
          COLUMNS,
          rows.map((row) => COLUMNS.map((name) => row[name])),
        ),
      ),
      contentType: `${CSV}; charset=utf-8`,
    },
    audit: { event: 'export', action: 'R', query: '$access-review' },
  };
}

const momentOf = (ms: number | undefined): string => (ms === undefined ? '' : at(ms));

const cellsOf = (row: AccessRow): Readonly<Record<(typeof COLUMNS)[number], string>> => ({
  user: row.account,
  login: row.login,
  name: row.name,
  state: row.state,
  organization: row.organization,
  role: row.role,
  since: momentOf(row.since),
  until: momentOf(row.until),
  sites: row.sites.join(' '),
  lastUse: momentOf(row.lastUsedAt),
});
