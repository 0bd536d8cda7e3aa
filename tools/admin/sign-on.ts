/** Providers of logins, as an administrator of this machine settles them in a stopped server's store (identity 8). */
import { randomBytes, randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { createProviderAdministration } from '../../src/accounts/provider-administration.ts';
import { createSessions } from '../../src/accounts/sessions.ts';
import { makeProviderKey } from '../../src/http/sign-on/provider-key.ts';
import type { ProviderAdministration, ProviderAsker, ProviderRow } from '../../src/ports/sign-on.ts';
import type { Config } from '../../src/server/config.ts';
import { openKey } from '../../src/server/key-file.ts';
import { clock } from '../../src/server/time.ts';
import { UsageError } from '../command.ts';
import { readProviderFile } from './provider-file.ts';
import { withStore } from './with-store.ts';

interface SignOnWords {
  /** What stands behind `sign-on`. */
  readonly words: readonly string[];
  readonly config: Config;
  readonly print: (line: string) => void;
}

const ASKER: ProviderAsker = {
  agent: { organization: '', client: 'admin', subject: userInfo().username },
  requestId: randomUUID(),
  over: 'installation',
};

const USAGE = 'sign-on list, sign-on put FILE or sign-on remove PROVIDER is expected.';

/** @throws UsageError for words that are no command, Trouble with what is wrong with a provider */
export async function administerSignOn({ words, config, print }: SignOnWords): Promise<void> {
  const [action, operand, ...more] = words;
  if (more.length > 0 || (action === 'list') !== (operand === undefined)) throw new UsageError(USAGE);
  await withStore(config, async (store) => {
    const providers = createProviderAdministration({
      store,
      sessions: createSessions({ store, clock, random: randomBytes, settings: config }),
      seal: async () => (await openKey(config, store, process.env)).seal,
      makeKey: makeProviderKey,
    });
    await perform(providers, action, operand ?? '', print);
  });
}

async function perform(
  providers: ProviderAdministration,
  action: string | undefined,
  operand: string,
  print: (line: string) => void,
): Promise<void> {
  if (action === 'list') {
    for (const row of await providers.list(ASKER)) print(lineOf(row));
    return;
  }
  if (action === 'put') {
    print(lineOf(await providers.put(ASKER, readProviderFile(operand))));
    return;
  }
  if (action !== 'remove') throw new UsageError(USAGE);
  await providers.remove(ASKER, operand);
  print(`${operand} is removed`);
}

const lineOf = ({
  key,
  name,
  status,
  issuer,
  clientId,
  organizations,
  credential,
  proof,
}: ProviderRow): string =>
  [key, name, status, issuer, clientId, credential, `factor by ${proof.kind}`, ...organizations].join('  ');
