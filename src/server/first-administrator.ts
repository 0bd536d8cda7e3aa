/**
 * The first start of a real installation: nobody has an account, so who runs the server gets a link on its console by which
 * the first administrator enrols (identity ID-16). The link is no line of the log.
 */
import type { AccountParts } from '../accounts/acting.ts';
import { accountsAfter } from '../accounts/accounts.ts';
import { inviteFirst } from '../accounts/invite.ts';
import { moveAccount } from '../accounts/life.ts';
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { IssuedInvitation } from '../ports/accounts.ts';
import { SERVER_AGENT } from '../ports/audit.ts';
import type { Config } from './config.ts';

const STARTED = { agent: SERVER_AGENT, requestId: 'start' } as const;
const BY = { ...STARTED, account: undefined, over: 'installation' } as const;

interface FirstStart {
  readonly parts: AccountParts;
  readonly settings: Pick<Config, 'demo' | 'authorizationServer' | 'issuer' | 'issuersFile' | 'issuerPath'>;
  /** The public base address. */
  readonly base: string;
  /** Writes to the console. */
  readonly print: (text: string) => void;
}

/** Whether people log in here and nowhere else, so that there must be a first one. */
const asksForFirst = ({ demo, authorizationServer, issuer, issuersFile }: FirstStart['settings']): boolean =>
  authorizationServer === 'on' && !demo && issuer === undefined && issuersFile === undefined;

/** Prints a link where nobody has an account, or where the first one was never enrolled. */
export async function greetFirstAdministrator({ parts, settings, base, print }: FirstStart): Promise<void> {
  if (!asksForFirst(settings)) return;
  const invitation = await inviteWhereNobodyIs(parts, loginAt(base));
  if (invitation === undefined) return;
  print(invitationText(linkBase(base, settings), loginAt(base), invitation));
}

const loginAt = (base: string): string => `administrator@${new URL(base).hostname.replaceAll(/[[\]]/g, '')}`;

async function inviteWhereNobodyIs(
  parts: AccountParts,
  login: string,
): Promise<IssuedInvitation | undefined> {
  const [first, ...others] = await accountsAfter(parts.store.snapshot());
  try {
    if (first === undefined)
      return (await inviteFirst(parts, STARTED, { login, name: 'Administrator' })).invitation;
    const isUnused = first.administrator && ['invited', 'enrolling'].includes(first.state);
    if (!isUnused || others.length > 0) return undefined;
    return (await moveAccount(parts, BY, { account: first.id, move: 'invite-again' })).invitation;
  } catch (error) {
    // Another node of the same store was first.
    if (error instanceof OperationOutcomeError) return undefined;
    throw error;
  }
}

/** The address of the authorization server. */
export const linkBase = (base: string, { issuerPath }: Pick<Config, 'issuerPath'>): string =>
  new URL(issuerPath, base).href;

/**
 * What is printed for whoever enrols: the link, the code and until when.
 *
 * @param base the address of the authorization server
 */
export function invitationText(base: string, login: string, invitation: IssuedInvitation): string {
  const { secret, code, expiresAt } = invitation;
  return [
    '',
    `The account ${login} is to be enrolled, once, before ${new Date(expiresAt).toISOString()}:`,
    '',
    `  ${base}/invitation/${secret}`,
    ...(code === undefined ? [] : ['', `  The page asks for this code: ${code}`]),
    '',
    '',
  ].join('\n');
}
