/** The states of accounts as a page of the reference, `docs/reference/accounts.md`. */
import { ACCOUNT_MOVES, ACCOUNT_STATES } from '../identity/account.ts';
import { INVITATION_MS, WRONG_CODES_MAX } from '../identity/invitation.ts';
import { PRIVILEGED_ROLES } from '../identity/membership.ts';
import { SEPARATED } from '../identity/separation.ts';
import { LOGIN_KEPT_MS } from './accounts.ts';
import { DORMANT_MS } from './dormant.ts';
import { ENDING_KINDS } from './endings.ts';

interface Page {
  readonly table: (head: readonly string[], rows: readonly (readonly string[])[]) => string;
  readonly page: (title: string, source: string, parts: readonly string[]) => string;
}

const DAY_MS = 86_400_000;

const coded = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ');
const endingWith = (what: 'sittings' | 'factors'): string =>
  coded(Object.entries(ENDING_KINDS).flatMap(([kind, with_]) => (with_ === what ? [kind] : [])));

export const accountsMarkdown = ({ table, page }: Page): string =>
  page('Accounts', 'src/identity/account.ts and src/accounts', [
    'A person has one account, whatever the person does and wherever. Its id is `sub` of tokens and never comes back. Nothing of an account is in a FHIR resource. How to keep accounts: [manage users](../how-to/manage-users.md).',
    '## States',
    table(
      ['State', 'Means', 'A login'],
      Object.entries(ACCOUNT_STATES).map(([state, { says, login }]) => [`\`${state}\``, says, login]),
    ),
    '## Moves',
    'Each move is one commit with its audit row. There is no other way from state to state.',
    table(
      ['Move', 'From', 'To', 'By', 'What happens', 'Ends'],
      Object.entries(ACCOUNT_MOVES).map(([move, { from, to, by, says, ends }]) => [
        `\`${move}\``,
        coded(from),
        `\`${to}\``,
        by,
        says,
        ends,
      ]),
    ),
    `*sittings*: records of the kinds ${endingWith('sittings')}. *factors*: these, and ${endingWith('factors')}. *everything*: these, the memberships, and what the person had claimed of work items, which goes back to its team.`,
    `The login name of a deactivated account is free after ${LOGIN_KEPT_MS / DAY_MS} days. An account that nobody used for ${DORMANT_MS / DAY_MS} days is suspended by a job.`,
    '## Invitations',
    `A link holds 256 random bits, of which the server keeps the hash. It lives for ${INVITATION_MS / 3_600_000} hours and is used once, by a button and never by opening it. For the roles ${coded([...PRIVILEGED_ROLES])} the inviter tells a code by another way; ${WRONG_CODES_MAX} wrong codes end the link.`,
    '## What nobody decides about oneself',
    table(
      ['Decision', 'Rule'],
      Object.entries(SEPARATED).map(([decision, rule]) => [`\`${decision}\``, rule]),
    ),
    'With the setting `soleAdministrator` the only administrator of an installation decides alone, but for reviews of own emergency access.',
  ]);
