/** `$invite-user`, `$user-state`, `$membership`, `$reset-factors`: what administrators change of accounts (identity 6). */
import { ACCOUNT_MOVES, isAccountMove, type AccountMove } from '../../../identity/account.ts';
import { OperationOutcomeError } from '../../../fhir/issue.ts';
import { boundedTextIn, invalidParameter, isTrueIn, textIn, valueIn } from '../input.ts';
import type { Invocation, Operation, OperationReply } from '../operation.ts';
import { parametersOf } from '../output.ts';
import {
  answered,
  askingOf,
  entered,
  LINK_PARAMETERS,
  linkOut,
  membershipIn,
  MEMBERSHIP_PARAMETERS,
  organizationIn,
  refsIn,
  USER,
} from './asking.ts';

/** Characters of a reason. */
const WHY_MAX = 200;
const WHY = entered('why', 'string', `Why, without anything of a patient: at most ${WHY_MAX} characters.`);

const onSystem = { levels: ['system'], resource: [], affectsState: true } as const;

export const invitePerson: Operation = {
  ...onSystem,
  name: 'invite-user',
  title: 'Invite a person',
  description:
    'Makes an account and the link by which the person enrols, or adds roles and links to the account that has the login. The link is answered once; whoever asked sends it.',
  parameters: [
    entered('login', 'string', 'The e-mail address by which the person logs in.', { min: 1 }),
    entered('name', 'string', 'The name of the person.', { min: 1 }),
    ...MEMBERSHIP_PARAMETERS,
    entered('link', 'Reference', 'Practitioner, Patient or RelatedPerson that the person is.', { max: '*' }),
    entered('administrator', 'boolean', 'True: the person keeps the installation.'),
    entered(
      'user',
      'string',
      'The account that the person has already, by the id on its account page: needed where another organization made it.',
    ),
    answered('user', 'string', 'The account, by its id.', { min: 1 }),
    answered('outcome', 'code', '`invited`; or `added`: the person logs in as before, and gets no link.', {
      min: 1,
    }),
    ...LINK_PARAMETERS,
  ],
  perform: invite,
};

async function invite(invocation: Invocation): Promise<OperationReply> {
  const { accounts, acting } = askingOf(invocation);
  const { input } = invocation;
  const asked = membershipIn(invocation);
  if (asked !== undefined && asked.roles === undefined)
    throw new OperationOutcomeError('field-missing', {
      diagnostics: 'the operation needs the parameter role',
    });
  const { account, outcome, invitation } = await accounts.invite(acting, {
    login: textIn(input, 'login') ?? '',
    name: textIn(input, 'name') ?? '',
    ...(asked?.roles !== undefined && { membership: { ...asked, roles: asked.roles } }),
    links: refsIn(invocation, 'link'),
    administrator: isTrueIn(input, 'administrator'),
    account: textIn(input, 'user'),
  });
  return {
    status: 200,
    resource: parametersOf([
      { name: 'user', valueString: account },
      { name: 'outcome', valueCode: outcome },
      ...linkOut(invocation, invitation),
    ]),
  };
}

/** The moves that this operation makes: a reset has one of its own, and enrolment is the person's. */
const ASKED_MOVES: readonly AccountMove[] = ['invite-again', 'suspend', 'reactivate', 'deactivate'];

export const userState: Operation = {
  ...onSystem,
  name: 'user-state',
  title: 'Suspend, reactivate or deactivate an account',
  description:
    'Moves an account to another state. What the move ends, ends at once: sessions, tokens, tabs, launches; with deactivation also factors, memberships and invitations, and claimed work goes back to its team.',
  parameters: [
    USER,
    entered(
      'move',
      'code',
      ASKED_MOVES.map((move) => `\`${move}\`: ${ACCOUNT_MOVES[move].says}`).join('; ') + '.',
      { min: 1 },
    ),
    WHY,
    answered('state', 'code', 'The state that the account is in now.', { min: 1 }),
    answered('returned', 'integer', 'Work items that went back to their team.'),
    ...LINK_PARAMETERS,
  ],
  perform: (invocation) => {
    const move = textIn(invocation.input, 'move') ?? '';
    if (!isAccountMove(move) || !ASKED_MOVES.includes(move))
      throw invalidParameter('move', `move is one of ${ASKED_MOVES.join(', ')}`);
    return moveUser(invocation, move);
  },
};

export const resetFactors: Operation = {
  ...onSystem,
  name: 'reset-factors',
  title: 'Take away all factors of an account',
  description:
    'For a person who has lost all factors: credentials, sessions, tokens and known devices are gone, and the person enrols anew by a link. There is no other way back.',
  parameters: [
    USER,
    WHY,
    answered('state', 'code', 'The state that the account is in now.', { min: 1 }),
    answered('returned', 'integer', 'Work items that went back to their team.'),
    ...LINK_PARAMETERS,
  ],
  perform: (invocation) => moveUser(invocation, 'reset'),
};

async function moveUser(invocation: Invocation, move: AccountMove): Promise<OperationReply> {
  const { accounts, acting } = askingOf(invocation);
  const { input } = invocation;
  const { state, returned, invitation } = await accounts.move(acting, {
    account: textIn(input, 'user') ?? '',
    move,
    why: boundedTextIn(input, 'why', WHY_MAX),
  });
  return {
    status: 200,
    resource: parametersOf([
      { name: 'state', valueCode: state },
      { name: 'returned', valueInteger: returned },
      ...linkOut(invocation, invitation),
    ]),
  };
}

export const membership: Operation = {
  ...onSystem,
  name: 'membership',
  title: 'Change what a person does in an organization',
  description:
    'Gives, changes or ends a membership, makes and takes away links to a Practitioner, Patient or RelatedPerson, and makes administrators of the installation. One of these at a time; nobody changes the own account.',
  parameters: [
    USER,
    ...MEMBERSHIP_PARAMETERS,
    entered('end', 'boolean', 'True: the membership ends now, with the sessions in that organization.'),
    entered('link', 'Reference', 'Practitioner, Patient or RelatedPerson that the person is.'),
    entered('unlink', 'Reference', 'The link that is taken away.'),
    entered('administrator', 'boolean', 'Whether the person keeps the installation.'),
    answered('outcome', 'code', '`changed` or `ended`.', { min: 1 }),
    answered('role', 'code', 'A role that the person holds in the organization now.', { max: '*' }),
    answered('returned', 'integer', 'Work items that went back to their team.'),
  ],
  perform: changeMembership,
};

async function changeMembership(invocation: Invocation): Promise<OperationReply> {
  const { accounts, acting } = askingOf(invocation);
  const { input } = invocation;
  const account = textIn(input, 'user') ?? '';
  const asked = membershipIn(invocation);
  const [link] = refsIn(invocation, 'link');
  const [unlink] = refsIn(invocation, 'unlink');
  const administrator = valueIn(input, 'administrator');
  const isEnd = isTrueIn(input, 'end');
  const changes = [isEnd || asked !== undefined, link, unlink, administrator].filter(
    (one) => one !== undefined && one !== false,
  );
  if (changes.length + (administrator === false ? 1 : 0) !== 1 || (isEnd && asked !== undefined))
    throw invalidParameter(
      'user',
      'one change at a time: role and what belongs to it, end, link, unlink or administrator',
    );
  if (isEnd) {
    const organization = organizationIn(invocation);
    if (organization === undefined)
      throw new OperationOutcomeError('field-missing', {
        diagnostics: 'the operation needs the parameter organization',
      });
    const { returned } = await accounts.endMembership(acting, { account, organization });
    return outcomeOf('ended', [{ name: 'returned', valueInteger: returned }]);
  }
  if (asked !== undefined) {
    const { roles } = await accounts.setMembership(acting, { ...asked, account });
    return outcomeOf(
      'changed',
      roles.map((valueCode) => ({ name: 'role', valueCode })),
    );
  }
  const ref = link ?? unlink;
  if (ref !== undefined) await accounts.changeLink(acting, { account, ref, remove: link === undefined });
  else await accounts.setAdministrator(acting, { account, administrator: administrator === true });
  return outcomeOf('changed', []);
}

const outcomeOf = (
  outcome: 'changed' | 'ended',
  more: Parameters<typeof parametersOf>[0],
): OperationReply => ({
  status: 200,
  resource: parametersOf([{ name: 'outcome', valueCode: outcome }, ...more]),
});
