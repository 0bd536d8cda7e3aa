/** Everything that operations and commands ask of accounts, over one store. */
import type { AccountAdministration } from '../ports/accounts.ts';
import type { AccountParts } from './acting.ts';
import { inviteUser } from './invite.ts';
import { moveAccount } from './life.ts';
import { changeLink } from './links.ts';
import { listUsers, reviewAccess } from './listing.ts';
import { endMembership, setMembership } from './memberships.ts';
import { setAdministrator } from './administrators.ts';

export const createAccountAdministration = (parts: AccountParts): AccountAdministration => ({
  list: (acting, query) => listUsers(parts.store.snapshot(), acting, query),
  invite: (acting, asked) => inviteUser(parts, acting, asked),
  move: (acting, asked) => moveAccount(parts, acting, asked),
  setMembership: (acting, asked) => setMembership(parts, acting, asked),
  endMembership: (acting, asked) => endMembership(parts, acting, asked),
  changeLink: (acting, asked) => changeLink(parts, acting, asked),
  setAdministrator: (acting, asked) => setAdministrator(parts, acting, asked),
  reviewAccess: (acting, organization) =>
    reviewAccess(parts.store.snapshot(), acting, organization, parts.clock.now()),
});
