/**
 * Administers the data folder of a stopped server.
 *
 *     npm run admin -- import FILE [--custodian Organization/ID] [--data-dir DIR …]
 *     npm run admin -- reindex [--data-dir DIR …]
 *     npm run admin -- member add Organization/ID … [--data-dir DIR …]
 *     npm run admin -- member remove Organization/ID [--successor Organization/ID] [--data-dir DIR …]
 *     npm run admin -- register list [--data-dir DIR …]
 *     npm run admin -- register verify SYSTEM VALUE Organization/ID [--move] [--entity-type 1|2] [--data-dir DIR …]
 *     npm run admin -- register expire SYSTEM VALUE [--data-dir DIR …]
 *     npm run admin -- register replace SYSTEM VALUE NEW-VALUE [--data-dir DIR …]
 *
 * FILE is a Bundle, a JSON list of resources, or NDJSON. It holds the first Organizations, roles and endpoints, and
 * referrals that run already, in their present state. A resource keeps its id; one without an id gets an id made from its
 * content, so that importing the same file again changes nothing. The import is one commit with one audit row for each
 * resource; when a resource is refused, nothing is written.
 *
 * A clinical resource names its custodian by the extension https://closeloop.dev/fhir/StructureDefinition/custodian in
 * meta; `--custodian` names it for the others. A clinical resource that the store has already stays as it is.
 *
 * `reindex` computes the search values of all versions anew. Run it after an upgrade whose log asks for it; you may stop
 * it and run it again.
 *
 * `member add` gives organizations of the directory an account. `member remove` takes it away; the successor acts from
 * then on in the open referrals that the organization has sent. `register verify` records whose an identifier is; --move
 * takes it from another organization. A Practitioner/ID has a register of its own. `register expire` ends an identifier:
 * it addresses nobody. `register replace` replaces one; the old identifier leads to the new one's holder for a year.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename } from 'node:path';
import { readConfig, type Config } from '../src/server/config.ts';
import { createLog } from '../src/http/log.ts';
import { createMetrics } from '../src/http/metrics.ts';
import { parseETags } from '../src/fhir/etag.ts';
import { OperationOutcomeError } from '../src/fhir/issue.ts';
import { bodyOf } from '../src/fhir/json.ts';
import type { Resource } from '../src/fhir/types.ts';
import { WITHOUT_LOGIN, type Caller } from '../src/operations/request.ts';
import { prepareParties } from '../src/server/parties.ts';
import { clock, timers } from '../src/server/time.ts';
import { readListening } from '../src/rails/hl7v2-mllp/index.ts';
import { valuesAt } from '../src/resources/element.ts';
import { composeEngine } from '../src/server/compose-engine.ts';
import { createOutgoing } from '../src/server/compose-outgoing.ts';
import { valuesOf } from '../src/operations/values.ts';
import { openStore } from '../src/stores/index.ts';
import { reindexFolder } from '../src/stores/embedded/folder/reindex.ts';
import { readImport, RESOURCES_MAX, type Sourced } from './admin/import-file.ts';
import { administerParties } from './admin/parties.ts';
import { EXIT, runCommand, Trouble, UsageError } from './command.ts';

/** Organizations that one call adds at most, and the words before them. */
const OPERANDS_MAX = 1002;

/** Versions between two lines about how far a reindexing is. */
const PROGRESS = 10_000;

await runCommand(import.meta.filename, {
  flags: {
    custodian: { type: 'string' },
    move: { type: 'boolean', default: false },
    'entity-type': { type: 'string' },
    successor: { type: 'string' },
  },
  takesSettings: true,
  operandsMax: OPERANDS_MAX,
  run: async ({ operands, settings, values: { custodian, move, 'entity-type': entityType, successor } }) => {
    const config = () => readConfig(settings, process.env, 'command');
    const [name = '', file, ...more] = operands;
    if (name === 'member' || name === 'register') {
      await administerParties({ words: operands, move, entityType, successor, config: config() });
      return EXIT.done;
    }
    if (more[0] !== undefined) throw new UsageError(`"${more[0]}" is one argument too many.`);
    if (name === 'import' && file !== undefined) await importFile(file, readCustodian(custodian), config());
    else if (name === 'reindex' && file === undefined) reindex(config());
    else throw new UsageError('import FILE, reindex, member or register is expected.');
    return EXIT.done;
  },
});

function readCustodian(text: string | undefined): string | undefined {
  if (text === undefined || /^Organization\/[A-Za-z0-9.-]{1,64}$/.test(text)) return text;
  throw new UsageError('--custodian is a reference, as in Organization/elm-street.');
}

async function importFile(file: string, custodian: string | undefined, config: Config): Promise<void> {
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

function reindex({ dataDir: folder }: Config): void {
  const onStep = (versions: number): void => {
    if (versions % PROGRESS === 0) console.error(`${versions} versions`);
  };
  console.log(`${reindexFolder({ folder, valuesOf, onStep })} versions reindexed`);
}

function describe({ issues }: OperationOutcomeError): string {
  const lines = issues.map(
    ({ code, diagnostics = '', expression = [] }) => `${code}: ${diagnostics} ${expression.join(' ')}`,
  );
  return [...lines, 'Nothing was imported.'].join('\n');
}

/** @returns how many of the resources have a new version */
async function importAll(entries: readonly Sourced[], config: Config): Promise<number> {
  const store = await openStore({ folder: config.dataDir, clock });
  const log = createLog(
    'warn',
    (lines) => process.stderr.write(lines),
    () => clock.now(),
  );
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
