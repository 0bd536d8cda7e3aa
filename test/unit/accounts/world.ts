/** A whole engine with its store, a clock that stands until a test moves it, and what changes accounts work with. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { AccountParts } from '../../../src/accounts/acting.ts';
import type { AccountAdministration, Acting, InviteAsked, Invited } from '../../../src/ports/accounts.ts';
import { createAccountAdministration } from '../../../src/accounts/administration.ts';
import { inviteUser } from '../../../src/accounts/invite.ts';
import { openInvitation } from '../../../src/accounts/invitations.ts';
import { enrolled } from '../../../src/accounts/life.ts';
import type { IssueCode } from '../../../src/fhir/issue.ts';
import { OperationOutcomeError } from '../../../src/fhir/issue.ts';
import type { Role } from '../../../src/identity/roles.ts';
import { auditedCommit } from '../../../src/ports/commit.ts';
import { AUDIT_ROW } from '../../audit-row.ts';
import type { RecordWrite } from '../../../src/ports/record.ts';
import { administrator, openWorld, type World } from '../../world.ts';

const START = Date.UTC(2026, 5, 1, 9);

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

const CLINICIAN: readonly Role[] = ['clinician'];

export interface AccountWorld {
  readonly world: World;
  readonly parts: AccountParts;
  /** So many milliseconds pass. */
  readonly pass: (ms: number) => void;
  readonly now: () => number;
  /** Invites into an organization. */
  readonly invite: (login: string, more?: MoreAsked) => Promise<Invited>;
  /** Invites and enrols: an active account. */
  readonly active: (login: string, more?: MoreAsked) => Promise<string>;
  /** Writes records as other parts of the server do. */
  readonly put: (...records: readonly RecordWrite[]) => Promise<void>;
}

/** What is asked for beside the login: roles in Organization/`at`, by default of a clinician in Organization/a. */
type MoreAsked = Partial<InviteAsked> & { readonly roles?: readonly Role[]; readonly at?: string };

/** An administrator of the installation, or of an organization. */
export const by = (over: string, account?: string): Acting => ({
  agent: {
    organization: over === 'installation' ? '' : `Organization/${over}`,
    client: 'test',
    subject: account ?? 'test',
  },
  requestId: 'request-1',
  account,
  over: over === 'installation' ? 'installation' : `Organization/${over}`,
});

export async function openAccountWorld(...organizations: readonly string[]): Promise<AccountWorld> {
  let at = START;
  const clock = { now: () => at };
  // The store is opened with the engine.
  const accounts = new Proxy({} as AccountAdministration, {
    // by its methods
    get: (_, name: keyof AccountAdministration) => createAccountAdministration(parts)[name],
  });
  const world = await openWorld({
    store: { clock },
    engine: { clock, accounts },
  });
  await world.seedDirectory(...organizations);
  for (const id of organizations) {
    const { status } = await world.ask(administrator, 'POST', `Organization/${id}/$admit`);
    if (status !== 200) throw new Error(`${id} is not admitted: ${status}`);
  }
  const parts: AccountParts = {
    store: world.store,
    clock,
    newId: randomUUID,
    random: randomBytes,
    selectRecipients: async () => [],
    committed: () => undefined,
    soleAdministrator: false,
  };
  const invite: AccountWorld['invite'] = (login, { roles = CLINICIAN, at: where = 'a', ...more } = {}) =>
    inviteUser(parts, by('installation'), {
      login,
      name: 'Somebody',
      membership: { organization: `Organization/${where}`, roles },
      ...more,
    });
  const put: AccountWorld['put'] = async (...records) => {
    await world.store.commit(auditedCommit([AUDIT_ROW], { records }));
  };
  return {
    world,
    parts,
    now: () => at,
    pass: (ms) => void (at += ms),
    invite,
    async active(login, more) {
      const { account, invitation } = await invite(login, more);
      const { secret = '', code = '' } = invitation ?? {};
      const opened = await openInvitation(parts, { secret, code, requestId: 'r' });
      if (!opened.ok) throw new Error(opened.code);
      await enrol(parts, account);
      return account;
    },
    put,
  };
}

/** The end of enrolment, as whoever commits the last factor brings it about. */
export async function enrol({ store, clock }: AccountParts, account: string): Promise<void> {
  const { record, entry } = await enrolled(store.snapshot(), account, by('installation'), clock.now());
  await store.commit(auditedCommit([entry], { records: [record] }));
}

/** The code of a refusal; undefined where there was none. */
export async function codeOf(asked: Promise<unknown>): Promise<IssueCode | undefined> {
  try {
    await asked;
    return undefined;
  } catch (error) {
    if (error instanceof OperationOutcomeError) return error.code;
    throw error;
  }
}
