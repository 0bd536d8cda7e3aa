/** Imports a file into the data folder of a stopped server, in one commit. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename } from 'node:path';
import type { Config } from '../../src/server/config.ts';
import { createLog } from '../../src/http/log.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { parseETags } from '../../src/fhir/etag.ts';
import { OperationOutcomeError } from '../../src/fhir/issue.ts';
import { bodyOf } from '../../src/fhir/json.ts';
import type { Resource } from '../../src/fhir/types.ts';
import { WITHOUT_LOGIN, type Caller } from '../../src/operations/request.ts';
import { prepareParties } from '../../src/server/parties.ts';
import { clock, timers } from '../../src/server/time.ts';
import { readListening } from '../../src/rails/hl7v2-mllp/index.ts';
import { valuesAt } from '../../src/resources/element.ts';
import { composeEngine } from '../../src/server/compose-engine.ts';
import { createOutgoing } from '../../src/server/compose-outgoing.ts';
import { openConfiguredStore } from '../../src/server/compose-store.ts';
import { readImport, RESOURCES_MAX, type Sourced } from './import-file.ts';
import { Trouble } from '../command.ts';

/** @throws Trouble with the refusals, when a resource is refused */
export async function importFile(file: string, custodian: string | undefined, config: Config): Promise<void> {
  const entries = readImport(readFileSync(file, 'utf8'), basename(file), custodian);
  try {
    console.log(tell(entries.length, await importAll(entries, config)));
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    throw new Trouble(describe(error));
  }
}

/** A file that came before, whole or in part, is not said to be imported again. */
function tell(all: number, written: number): string {
  if (written === all) return `${all} resources imported in one commit`;
  if (written === 0) return `Nothing changed: all ${all} resources are here already`;
  return `${written} of ${all} resources imported in one commit; the others are here already, and stay as they are`;
}

function describe({ issues }: OperationOutcomeError): string {
  const lines = issues.map(
    ({ code, diagnostics = '', expression = [] }) => `${code}: ${diagnostics} ${expression.join(' ')}`,
  );
  return [...lines, 'Nothing was imported.'].join('\n');
}

/** @returns how many of the resources have a new version */
async function importAll(entries: readonly Sourced[], config: Config): Promise<number> {
  const log = createLog(
    'warn',
    (lines) => process.stderr.write(lines),
    () => clock.now(),
  );
  const store = await openConfiguredStore(config, {}, { log });
  const metrics = createMetrics({ status: () => store.status(), inFlight: () => 0, now: () => clock.now() });
  const base = config.publicBaseUrl ?? `http://${config.host}:${config.port}${config.basePath}`;
  // Nothing listens here, but what the links name may stand in the file.
  const listening = config.hl7Links === undefined ? [] : readListening(config.hl7Links);
  await prepareParties({ store, config, clock, log, listening });
  const { perform, rails } = composeEngine({
    config: { ...config, bundleEntriesMax: RESOURCES_MAX },
    log,
    base,
    store,
    metrics,
    clock,
    timers,
    listening: [],
    outgoing: createOutgoing(config, listening, clock),
  });
  try {
    const { seq } = store.status();
    const { text = '{}' } = await perform({
      interaction: 'transaction',
      query: [],
      queryText: '',
      body: bodyOf(transactionOf(entries)),
      importing: true,
      prefer: { return: 'minimal' },
      caller: administrator(),
      requestId: randomUUID(),
      signal: new AbortController().signal,
    });
    const etags = valuesAt(JSON.parse(text), 'entry.response.etag').map(String);
    return etags.filter((etag) => Number(parseETags(etag)?.[0]) > seq).length;
  } finally {
    await rails.close();
    await store.close();
    log.flush();
  }
}

function transactionOf(entries: readonly Sourced[]): Resource {
  const entry = entries.map(({ resource, fullUrl }) => {
    const { resourceType, id = '' } = resource;
    const request = { method: 'PUT', url: `${resourceType}/${id}` };
    return { ...(fullUrl !== undefined && { fullUrl }), resource, request };
  });
  return { resourceType: 'Bundle', type: 'transaction', entry };
}

/** The audit names who ran the command on this machine. */
function administrator(): Caller {
  return {
    organization: undefined,
    administrator: true,
    scopes: [],
    patient: undefined,
    client: 'admin',
    subject: userInfo().username,
    user: undefined,
    address: undefined,
    onBehalfOf: undefined,
    ...WITHOUT_LOGIN,
  };
}
