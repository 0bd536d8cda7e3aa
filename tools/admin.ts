/**
 * What an administrator does to a stopped server's data folder.
 *
 *     npm run admin -- import FILE [--data-dir DIR …]
 *     npm run admin -- reindex [--data-dir DIR …]
 *     npm run admin -- member add Organization/ID … [--data-dir DIR …]
 *     npm run admin -- register list [--data-dir DIR …]
 *     npm run admin -- register verify SYSTEM VALUE Organization/ID [--move] [--data-dir DIR …]
 *
 * FILE is a Bundle, a JSON list of resources, or NDJSON: the first Organizations, roles and endpoints. Resources with an id
 * keep it. All of it is one commit with one audit row a resource, or none of it.
 *
 * `reindex` takes the search values of everything anew, after an upgrade that says so at its start. It may be stopped and
 * begun again.
 *
 * `member add` gives organizations of the directory an account. `register verify` says whose an identifier is; with --move it
 * may be taken from another organization.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { readConfig, type Config } from '../src/config.ts';
import { createLog } from '../src/http/log.ts';
import { createMetrics } from '../src/http/metrics.ts';
import { OperationOutcomeError } from '../src/fhir/issue.ts';
import { bodyOf, parseJsonValue } from '../src/fhir/json.ts';
import type { Resource } from '../src/fhir/types.ts';
import type { Caller } from '../src/operations/request.ts';
import { prepareParties } from '../src/parties.ts';
import { readListening } from '../src/rails/hl7v2-mllp/index.ts';
import { raiseDesk } from '../src/start-desk.ts';
import { createOutgoing } from '../src/start-outgoing.ts';
import { valuesOf } from '../src/operations/values.ts';
import { openEmbeddedStore } from '../src/stores/embedded/open.ts';
import { reindexFolder } from '../src/stores/embedded/reindex.ts';
import { administerParties } from './admin/parties.ts';
import { EXIT, runCommand, Trouble, UsageError } from './command.ts';

/** Resources of one import: more than a request may have, few enough for one commit. */
const RESOURCES_MAX = 100_000;

/** Organizations that one call adds at most, and the words before them. */
const OPERANDS_MAX = 1002;

/** Versions between two lines about how far a reindexing is. */
const PROGRESS = 10_000;

await runCommand(import.meta.filename, {
  flags: { move: { type: 'boolean', default: false } },
  takesSettings: true,
  operandsMax: OPERANDS_MAX,
  run: async ({ operands, settings, values: { move } }) => {
    const config = () => readConfig(settings, process.env, 'command');
    const [name = '', file, ...more] = operands;
    if (name === 'member' || name === 'register') {
      await administerParties({ words: operands, move, config: config() });
      return EXIT.done;
    }
    if (more[0] !== undefined) throw new UsageError(`"${more[0]}" is more than this command takes.`);
    if (name === 'import' && file !== undefined) await importFile(file, config());
    else if (name === 'reindex' && file === undefined) reindex(config());
    else throw new UsageError('import FILE, reindex, member or register is wanted.');
    return EXIT.done;
  },
});

async function importFile(file: string, config: Config): Promise<void> {
  const resources = readResources(readFileSync(file, 'utf8'));
  try {
    await importAll(resources, config);
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    throw new Trouble(describe(error));
  }
  console.log(`${resources.length} resources imported in one commit`);
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

/** A Bundle's entries, the members of a list, or the lines of NDJSON. */
function readResources(text: string): readonly Resource[] {
  const value = /^\s*\{[^\n]*\}\s*\n\s*\{/.test(text)
    ? text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [parseJsonValue(line)]))
    : parseJsonValue(text);
  const list = Array.isArray(value) ? value : resourcesOf(value as Resource); // an object: anything else has no entries
  const resources = list as readonly Resource[]; // the desk validates each
  if (resources.length === 0) throw new Trouble('There is no resource in the file.');
  if (resources.length > RESOURCES_MAX)
    throw new Trouble(`An import has at most ${RESOURCES_MAX} resources.`);
  return resources;
}

function resourcesOf(value: Resource): readonly unknown[] {
  if (value.resourceType !== 'Bundle') return [value];
  const entries = (value['entry'] ?? []) as readonly { readonly resource?: unknown }[]; // a Bundle's
  return entries.flatMap(({ resource }) => (resource === undefined ? [] : [resource]));
}

async function importAll(resources: readonly Resource[], config: Config): Promise<void> {
  const clock = { now: () => Date.now() };
  const store = await openEmbeddedStore({ folder: config.dataDir, clock });
  const log = createLog('warn', (lines) => process.stderr.write(lines), clock.now);
  const metrics = createMetrics({ status: () => store.status(), inFlight: () => 0, now: clock.now });
  const base = config.publicBaseUrl ?? `http://${config.host}:${config.port}${config.basePath}`;
  // Nothing listens here, but what the links name may stand in the file.
  const listening = config.hl7Links === undefined ? [] : readListening(config.hl7Links);
  await prepareParties({ store, config, clock, log, listening });
  const { perform, rails } = raiseDesk({
    config: { ...config, bundleEntriesMax: RESOURCES_MAX },
    log,
    base,
    store,
    metrics,
    clock,
    listening: [],
    outgoing: createOutgoing(config, listening, clock),
  });
  try {
    await perform({
      interaction: 'transaction',
      query: [],
      queryText: '',
      body: bodyOf(transactionOf(resources)),
      prefer: { return: 'minimal' },
      caller: administrator(),
      requestId: randomUUID(),
      signal: new AbortController().signal,
    });
  } finally {
    await rails.close();
    await store.close();
    log.flush();
  }
}

function transactionOf(resources: readonly Resource[]): Resource {
  const entry = resources.map((resource) => {
    const { resourceType, id } = resource;
    const method = id === undefined ? 'POST' : 'PUT';
    const url = id === undefined ? resourceType : `${resourceType}/${id}`;
    return { resource, request: { method, url } };
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
  };
}
