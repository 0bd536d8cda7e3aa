/**
 * The first start of a real installation: nobody administers it, so who runs the server gets a link on its console by which
 * the first administrator enrols (identity ID-16). The link is no line of the log.
 */
import type { AccountParts } from '../accounts/acting.ts';
import { systemAdministrators } from '../accounts/accounts.ts';
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

/** Prints a link while no administrator of the installation has enrolled. */
export async function greetFirstAdministrator({ parts, settings, base, print }: FirstStart): Promise<void> {
  if (!asksForFirst(settings)) return;
  const login = loginAt(base);
  const found = await inviteWhereNobodyIs(parts, login);
  if (typeof found === 'string') print(waitingText(found));
  else if (found !== undefined) print(invitationText(linkBase(base, settings), login, found));
}

const loginAt = (base: string): string => `administrator@${new URL(base).hostname.replaceAll(/[[\]]/g, '')}`;

/** A link; or whoever was invited by a command, whose link stays good; undefined: there is an administrator. */
async function inviteWhereNobodyIs(
  parts: AccountParts,
  login: string,
): Promise<IssuedInvitation | string | undefined> {
  const administrators = await systemAdministrators(parts.store.snapshot());
  const [first] = administrators.toSorted((one, other) => one.createdAt - other.createdAt);
  try {
    if (first === undefined)
      return (await inviteFirst(parts, STARTED, { login, name: 'Administrator' })).invitation;
    // Who else was invited makes no difference: without an administrator nobody can help them.
    if (administrators.some(({ state }) => state !== 'invited' && state !== 'enrolling')) return undefined;
    if (first.login !== login) return first.login;
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

const waitingText = (login: string): string =>
  [
    '',
    `Nobody administers this installation yet: ${login} was invited and has not set up the account.`,
    'For another link, stop the server and run:',
    '',
    `  npm run admin -- users invite-again ${login}`,
    '',
    '',
  ].join('\n');

/**
 * What is printed for whoever enrols: the link, the code and until when.
 *
 * @param base the address of the authorization server
 */
export function invitationText(base: string, login: string, invitation: IssuedInvitation): string {
  const { secret, code, expiresAt } = invitation;
  return [
    '',
    `To set up the account ${login}, open this link before ${new Date(expiresAt).toISOString()}. It works once:`,
    '',
    `  ${base}/invitation/${secret}`,
    ...(code === undefined ? [] : ['', `  The page asks for this code: ${code}`]),
    '',
    '',
  ].join('\n');
}
