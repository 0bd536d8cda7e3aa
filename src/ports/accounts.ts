/** Administration of accounts, as operations and commands ask for it (identity 6). `src/accounts` does it over the store. */
import type { Ref } from '../fhir/types.ts';
import type { AccountLink, AccountMove, AccountState } from '../identity/account.ts';
import type { UserMembership } from '../identity/membership.ts';
import type { Role } from '../identity/roles.ts';
import type { AuditEntry } from './audit.ts';

/** Who asks for a change. */
export interface Acting {
  readonly agent: AuditEntry['agent'];
  readonly requestId: string;
  /** The account of whoever asks; undefined for a command of this machine and for a token of an outside issuer. */
  readonly account: string | undefined;
  /** `installation`: every account. Else the organization whose accounts it administers. */
  readonly over: Ref | 'installation';
}

/** What a membership shall say. A member that is absent stays as it is. */
export interface MembershipAsked {
  readonly organization: Ref;
  readonly roles?: readonly Role[] | undefined;
  readonly practitionerRole?: Ref | undefined;
  readonly sites?: readonly Ref[] | undefined;
  readonly from?: number | undefined;
  readonly until?: number | undefined;
}

/** Who is invited, and to what. */
export interface InviteAsked {
  readonly login: string;
  readonly name: string;
  /** Roles in an organization. */
  readonly membership?: (MembershipAsked & { readonly roles: readonly Role[] }) | undefined;
  /** Practitioner, Patient or RelatedPerson that the person is. */
  readonly links?: readonly Ref[];
  /** To keep the installation. */
  readonly administrator?: boolean;
  /** The id of the account that the person says it has: needed where another organization made it. */
  readonly account?: string | undefined;
}

/** What the inviter is told, once. */
export interface IssuedInvitation {
  /** The secret part of the link. */
  readonly secret: string;
  /** To be told by another way; undefined where none is needed. */
  readonly code: string | undefined;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** What became of an invitation. */
export interface Invited {
  /** The account's id. */
  readonly account: string;
  /** `added`: the person had an account already, and logs in with it. */
  readonly outcome: 'invited' | 'added';
  /** The link; none for who was added. */
  readonly invitation: IssuedInvitation | undefined;
}

/** A move that is asked for. */
export interface MoveAsked {
  /** The account's id. */
  readonly account: string;
  readonly move: AccountMove;
  /** Why, in a word or a sentence that names no patient. */
  readonly why?: string | undefined;
}

/** What a move brought about. */
export interface AccountMoved {
  readonly state: AccountState;
  /** The new link, for moves that make one. */
  readonly invitation: IssuedInvitation | undefined;
  /** Work items that went back to their team. */
  readonly returned: number;
}

/** An account as its administrator sees it: what belongs to other organizations is left out. */
export interface UserRow {
  readonly account: string;
  readonly login: string;
  readonly name: string;
  readonly state: AccountState;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly why: string | undefined;
  readonly administrator: boolean;
  /** Milliseconds since 1970; undefined: never. */
  readonly lastUsedAt: number | undefined;
  readonly memberships: readonly UserMembership[];
  readonly links: readonly AccountLink[];
}

export interface UserQuery {
  /** Part of the name or the login, or a whole id. */
  readonly search?: string | undefined;
  readonly state?: AccountState | undefined;
  readonly role?: Role | undefined;
  /** For an administrator of the installation: of this organization alone. */
  readonly organization?: Ref | undefined;
  /** Rows of the page. */
  readonly count: number;
  /** The page begins behind this account. */
  readonly after?: string | undefined;
}

export interface UserPage {
  readonly users: readonly UserRow[];
  /** Behind which the next page begins; undefined: there is none. */
  readonly next: string | undefined;
}

/** A role that somebody holds, for a review of access (identity ID-18). */
export interface AccessRow {
  readonly account: string;
  readonly login: string;
  readonly name: string;
  readonly state: AccountState;
  /** `Organization/1`; '' for the installation. */
  readonly organization: Ref | '';
  readonly role: Role;
  /** Milliseconds since 1970. */
  readonly since: number | undefined;
  readonly until: number | undefined;
  readonly sites: readonly Ref[];
  readonly lastUsedAt: number | undefined;
}

/** Each method throws OperationOutcomeError for what it refuses; `src/accounts` says which. */
export interface AccountAdministration {
  readonly list: (acting: Acting, query: UserQuery) => Promise<UserPage>;
  readonly invite: (acting: Acting, asked: InviteAsked) => Promise<Invited>;
  readonly move: (acting: Acting, asked: MoveAsked) => Promise<AccountMoved>;
  readonly setMembership: (
    acting: Acting,
    asked: MembershipAsked & { readonly account: string },
  ) => Promise<UserMembership>;
  readonly endMembership: (
    acting: Acting,
    asked: { readonly account: string; readonly organization: Ref },
  ) => Promise<{ readonly returned: number }>;
  readonly changeLink: (
    acting: Acting,
    asked: { readonly account: string; readonly ref: Ref; readonly remove: boolean },
  ) => Promise<void>;
  readonly setAdministrator: (
    acting: Acting,
    asked: { readonly account: string; readonly administrator: boolean },
  ) => Promise<void>;
  readonly reviewAccess: (acting: Acting, organization?: Ref) => Promise<readonly AccessRow[]>;
}
