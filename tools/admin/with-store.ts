/** The store of a stopped server, opened for one command as a start would find it. */
import { OperationOutcomeError } from '../../src/fhir/issue.ts';
import { createLog, type Log } from '../../src/http/log.ts';
import { readListening } from '../../src/rails/hl7v2-mllp/index.ts';
import { openConfiguredStore } from '../../src/server/compose-store.ts';
import type { Config } from '../../src/server/config.ts';
import { prepareParties } from '../../src/server/parties.ts';
import { clock } from '../../src/server/time.ts';
import type { ServerStore } from '../../src/stores/index.ts';
import { needStore } from '../../src/stores/embedded/folder/folder.ts';
import { Trouble } from '../command.ts';

interface StoreNeeds {
  /** The data folder is made where it is not there yet. Default: no. */
  readonly mayBeNew?: boolean;
  /** Members and register are brought up to this program first, as at a start. Default: no. */
  readonly withParties?: boolean;
}

/**
 * Works on the store of the settings, and closes it whatever happens.
 *
 * @throws Trouble with the codes of a refusal
 */
export async function withStore(
  config: Config,
  work: (store: ServerStore, log: Log) => Promise<void>,
  { mayBeNew = false, withParties = false }: StoreNeeds = {},
): Promise<void> {
  if (config.store === 'embedded' && !mayBeNew) needStore(config.dataDir);
  const log = createLog(
    'warn',
    (lines) => process.stderr.write(lines),
    () => clock.now(),
  );
  const store = await openConfiguredStore(config, {}, { log });
  try {
    if (withParties) {
      const listening = config.hl7Links === undefined ? [] : readListening(config.hl7Links);
      await prepareParties({ store, config, clock, log, listening });
    }
    await work(store, log);
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    throw new Trouble(error.issues.map(({ code, diagnostics = '' }) => `${code}: ${diagnostics}`).join('\n'));
  } finally {
    await store.close();
    log.flush();
  }
}
