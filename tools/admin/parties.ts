/** Members and the register of identifiers, as an administrator of this machine settles them in a stopped server's folder. */
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import type { Config } from '../../src/config.ts';
import { createLog } from '../../src/http/log.ts';
import { OperationOutcomeError } from '../../src/fhir/issue.ts';
import type { Ref } from '../../src/fhir/types.ts';
import { admitMember } from '../../src/operations/members.ts';
import { verifyIdentity } from '../../src/operations/register.ts';
import { prepareParties } from '../../src/parties.ts';
import { readListening } from '../../src/rails/hl7v2-mllp/index.ts';
import { identityOf } from '../../src/resources/parties/identity-systems.ts';
import { rowsIn, type RegisterState } from '../../src/resources/parties/register.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../../src/stores/embedded/open.ts';
import { Trouble, UsageError } from '../command.ts';

export interface Asked {
  /** `member add …`, `register list`, `register verify …`. */
  readonly words: readonly string[];
  readonly move: boolean;
  readonly config: Config;
}

const STATES: readonly RegisterState[] = ['verified', 'asserted', 'expired', 'revoked'];

/** @throws UsageError for words that are no command */
export async function administerParties({ words, move, config }: Asked): Promise<void> {
  const [command, action, ...rest] = words;
  const what = `${command} ${action}`;
  if (what === 'member add' && rest.length > 0) return withStore(config, (store) => addMembers(store, rest));
  if (what === 'register list' && rest.length === 0) return withStore(config, listRegister);
  const [system, value, organization] = rest;
  if (what !== 'register verify' || organization === undefined || rest.length > 3)
    throw new UsageError('member add Organization/ID, register list or register verify is wanted.');
  const identity = identityOf({ system: system ?? '', value: value ?? '' });
  if (identity === undefined) throw new UsageError('A system and a value are wanted.');
  const verification = { identity, organization: refOf(organization), move, examples: config.demo };
  await withStore(config, async (store) => {
    await verifyIdentity({ store, clock, committed: () => undefined }, verification, ADMITTING);
    console.log(`${value} is ${organization}`);
  });
}

const clock = { now: () => Date.now() };

const ADMITTING = {
  agent: { organization: '', client: 'admin', subject: userInfo().username },
  requestId: randomUUID(),
} as const;

function refOf(text: string): Ref {
  if (!/^Organization\/[A-Za-z0-9\-.]{1,64}$/.test(text))
    throw new UsageError(`${text} is no Organization/id.`);
  return text as Ref; // as just checked
}

async function addMembers(store: EmbeddedStore, organizations: readonly string[]): Promise<void> {
  for (const organization of organizations.map(refOf)) {
    const outcome = await admitMember({ store, clock, committed: () => undefined }, organization, ADMITTING);
    console.log(`${organization} ${outcome === 'admitted' ? 'is a member now' : 'was a member before'}`);
  }
}

async function listRegister(store: EmbeddedStore): Promise<void> {
  for (const state of STATES) {
    for (const kind of ['register', 'practitioner-register'] as const) {
      for (const row of await rowsIn(store.snapshot(), kind, state)) {
        const { system, value, holder, how, by, at } = row;
        console.log([state, holder, `${system}|${value}`, how, by, at].join('\t'));
      }
    }
  }
}

/** The folder as a start would find it, and closed again whatever happens. */
async function withStore(config: Config, work: (store: EmbeddedStore) => Promise<void>): Promise<void> {
  const log = createLog('warn', (lines) => process.stderr.write(lines), clock.now);
  const store = await openEmbeddedStore({ folder: config.dataDir, clock });
  try {
    const listening = config.hl7Links === undefined ? [] : readListening(config.hl7Links);
    await prepareParties({ store, config, clock, log, listening });
    await work(store);
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    throw new Trouble(error.issues.map(({ code, diagnostics = '' }) => `${code}: ${diagnostics}`).join('\n'));
  } finally {
    await store.close();
    log.flush();
  }
}
