/**
 * Accounts (identity 1, 6): who may log in, the states of an account and its moves between them. Nothing of an account is in
 * FHIR; its id is what tokens call `sub` (identity ID-1).
 */
import { createHash } from 'node:crypto';
import type { Ref } from '../fhir/types.ts';

/** A state, and what may be done in it. */
interface StateRow {
  readonly says: string;
  /** How far a login gets: nowhere, to the pages where factors are enrolled, everywhere. */
  readonly login: 'refused' | 'enrolment' | 'full';
}

export const ACCOUNT_STATES = {
  invited: { says: 'a link was given out and not used yet', login: 'refused' },
  enrolling: { says: 'the link was used, the factors are not complete', login: 'enrolment' },
  active: { says: 'the person can log in', login: 'full' },
  suspended: { says: 'nobody can log in until an administrator ends it', login: 'refused' },
  deactivated: { says: 'the end: the account never comes back', login: 'refused' },
} as const satisfies Readonly<Record<string, StateRow>>;

export type AccountState = keyof typeof ACCOUNT_STATES;

/** Whether a text is a state. */
export const isAccountState = (text: string): text is AccountState => Object.hasOwn(ACCOUNT_STATES, text);

interface MoveRow {
  readonly from: readonly AccountState[];
  readonly to: AccountState;
  readonly by: string;
  readonly says: string;
  /** What ends in the same commit: nothing, every sitting and what came of it, the factors as well, all there is. */
  readonly ends: 'nothing' | 'sittings' | 'factors' | 'everything';
}

const ADMINISTRATOR = 'an administrator of the organization, or of the installation';

/** Every move between states (identity ID-13). There is no other. */
export const ACCOUNT_MOVES = {
  'invite-again': {
    from: ['invited', 'enrolling'],
    to: 'invited',
    by: ADMINISTRATOR,
    says: 'another link; the links before it are dead',
    ends: 'factors',
  },
  open: {
    from: ['invited'],
    to: 'enrolling',
    by: 'the person, with the link',
    says: 'the link is used, by a button and not by opening it',
    ends: 'nothing',
  },
  enrol: {
    from: ['enrolling'],
    to: 'active',
    by: 'the person, at the end of enrolment',
    says: 'the factors are complete',
    ends: 'nothing',
  },
  suspend: {
    from: ['active'],
    to: 'suspended',
    by: `${ADMINISTRATOR}; the server, after 90 days without a login`,
    says: 'nobody can log in for the time being',
    ends: 'sittings',
  },
  reactivate: {
    from: ['suspended'],
    to: 'active',
    by: ADMINISTRATOR,
    says: 'the person can log in again, with the factors from before',
    ends: 'nothing',
  },
  reset: {
    from: ['enrolling', 'active'],
    to: 'invited',
    by: `${ADMINISTRATOR}, with step-up`,
    says: 'all factors are gone; the person enrols anew by a link',
    ends: 'factors',
  },
  deactivate: {
    from: ['invited', 'enrolling', 'active', 'suspended'],
    to: 'deactivated',
    by: ADMINISTRATOR,
    says: 'everything ends in this commit; claimed work goes back to the team',
    ends: 'everything',
  },
} as const satisfies Readonly<Record<string, MoveRow>>;

export type AccountMove = keyof typeof ACCOUNT_MOVES;

/** Whether a text is a move. */
export const isAccountMove = (text: string): text is AccountMove => Object.hasOwn(ACCOUNT_MOVES, text);

/** Where a move leads from a state; undefined where it does not exist. */
export function stateAfterMove(state: AccountState, move: AccountMove): AccountState | undefined {
  const { from, to }: MoveRow = ACCOUNT_MOVES[move];
  return from.includes(state) ? to : undefined;
}

/** A resource that is the person, and the organization that keeps it (identity ID-2). */
export interface AccountLink {
  /** `Practitioner/1`, `Patient/1`, `RelatedPerson/1`. */
  readonly ref: Ref;
  /** '' for what the installation keeps. */
  readonly custodian: Ref | '';
}

/** What a link can lead to. */
export const LINKED_TYPES: ReadonlySet<string> = new Set(['Practitioner', 'Patient', 'RelatedPerson']);

/** Links of one account, at most. */
export const ACCOUNT_LINKS_MAX = 50;

export interface UserAccount {
  /** The e-mail address by which the person logs in, as it was written. */
  readonly login: string;
  /** What others call the person. */
  readonly name: string;
  readonly state: AccountState;
  /** Milliseconds since 1970 since when it is in this state. */
  readonly since: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Administrates the installation; roles in organizations are of memberships. */
  readonly administrator: boolean;
  readonly links: readonly AccountLink[];
  /** Why it is in this state, in a word: `dormant`, `compromised`; or as an administrator said. */
  readonly why?: string;
}

const LOGIN_MAX = 254;
const LOGIN = /^[^\s@\p{Cc}\p{Cf}]+@[^\s@\p{Cc}\p{Cf}]+$/u;

/** A login name as it is kept: NFC, without blanks around it; undefined where it is no e-mail address. */
export function readLoginName(text: string): string | undefined {
  const login = text.trim().normalize('NFC');
  return login.length <= LOGIN_MAX && LOGIN.test(login) ? login : undefined;
}

/** What is compared of a login name (identity ID-1): NFC and lower case, hashed, so that no index holds an address. */
export const loginKey = (login: string): string =>
  createHash('sha256')
    .update(login.trim().normalize('NFC').toLowerCase().normalize('NFC'))
    .digest('base64url');

const NAME_MAX = 200;
const CONTROL = /[\p{Cc}]/u;

/** A person's name as it is kept; undefined where there is none, or it is too long. */
export function readPersonName(text: string): string | undefined {
  const name = text.trim().normalize('NFC');
  return name !== '' && name.length <= NAME_MAX && !CONTROL.test(name) ? name : undefined;
}
