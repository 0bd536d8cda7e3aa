/**
 * The demonstration: a server on this machine with two organizations, and one referral going round the loop.
 *
 *     npm run demo                            plays a referral, prints both sides' timelines, stays up
 *     npm run demo -- --once                  plays, and ends
 *     npm run demo -- --no-play --port 8080   the same server with nothing played
 *     npm run demo -- --no-play --json        one JSON line on stdout when ready; logs, and what is played, on stderr
 *
 *       --port N        the port of FHIR (default: 0, any free one)
 *       --mllp-port N   the port of HL7 v2 (default: 0, any free one)
 *       --smtp-port N   the port of Direct mail (default: 0, any free one)
 *       --mail-to N     the SMTP port, of this machine, where the initiator takes its Direct mail (default: the mails go into a
 *                       folder, which --json names)
 *       --host H        the address to listen on, of this machine alone (default: 127.0.0.1)
 *       --data-dir DIR  the data folder (default: a new one, which is removed at the end)
 *       --grant WORDS   scopes of this server that the tokens of both organizations get, separated by spaces (default: none), as
 *                       closeloop/compliance
 *       --store URI     keeps the log in MongoDB: mongodb://HOST/?replicaSet=NAME. It gets a database of its own, which is
 *                       dropped at the end; with --data-dir it is closeloop_demo, and stays
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../src/server/config.ts';
import { createLog } from '../src/http/log.ts';
import { onEndSignal } from '../src/server/signals.ts';
import { start } from '../src/server/compose.ts';
import { EXIT, runCommand, wholeNumber, type FlagValues } from './command.ts';
import { demoDatabase } from './demo/database.ts';
import { directReadyOf, prepareDirect, settleDirect, type DemoDirect } from './demo/direct.ts';
import { play } from './demo/play.ts';
import { createDemoPages, type DemoPages } from './demo/pages.ts';
import { ORGANIZATIONS, type Side } from './demo/organizations.ts';
import { demoListening, findPort, prepareWorld, type World } from './demo/world.ts';
import { printBeside, printNext } from './demo/print.ts';

const FLAGS = {
  play: { type: 'boolean', default: true },
  once: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  port: { type: 'string', default: '0' },
  'mllp-port': { type: 'string', default: '0' },
  'smtp-port': { type: 'string', default: '0' },
  'mail-to': { type: 'string' },
  host: { type: 'string', default: '127.0.0.1' },
  'data-dir': { type: 'string' },
  grant: { type: 'string', default: '' },
  store: { type: 'string' },
} as const;

type Asked = FlagValues<typeof FLAGS>;

const PORT_MAX = 65_535;

/** Whether the demonstration is done, so that ending now is no interruption. */
let played = false;

/** The exit code of a shell when Ctrl-C ends a command. */
const INTERRUPTED = 130;

await runCommand(import.meta.filename, {
  flags: FLAGS,
  run: async ({ values }) => {
    const mllpPort = wholeNumber('--mllp-port', values['mllp-port'], 0, PORT_MAX);
    wholeNumber('--port', values.port, 0, PORT_MAX);
    const smtpPort = wholeNumber('--smtp-port', values['smtp-port'], 0, PORT_MAX);
    const folder = values['data-dir'] ?? temporaryFolder();
    const database =
      values.store === undefined ? undefined : demoDatabase(values.store, values['data-dir'] !== undefined);
    const toldToEnd = end();
    const mailTo = values['mail-to'];
    const direct = await prepareDirect(folder, {
      smtpPort,
      mailTo: mailTo === undefined ? undefined : wholeNumber('--mail-to', mailTo, 1, PORT_MAX),
    });
    try {
      const world = await raise(values, { folder, mllpPort, direct }, database?.settings);
      try {
        process.exitCode = await Promise.race([toldToEnd, demonstrate(world, direct, values, folder)]);
      } finally {
        await world.running.stop();
        await database?.drop();
      }
    } finally {
      await direct.office.close();
    }
    // What was being played may still wait for something.
    process.exit();
  },
});

/** A temporary folder that is removed when the process ends. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-demo-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface Place {
  readonly folder: string;
  readonly mllpPort: number;
  readonly direct: DemoDirect;
}

async function raise(
  { host, port, json, grant }: Asked,
  { folder, mllpPort, direct }: Place,
  storeSettings: Readonly<Record<string, string>> = {},
): Promise<World> {
  const place = port === '0' ? String(await findPort()) : port;
  const flags = {
    '--host': host,
    '--port': place,
    // Browsers keep passkeys for names alone, and know this one to be safe without TLS.
    '--public-base-url': `http://localhost:${place}/fhir`,
    '--data-dir': folder,
    '--subscription-allow-list': '127.0.0.1:*,localhost:*',
    '--registration': 'initial-token',
    '--log-level': json ? 'info' : 'warn',
    ...direct.flags,
  };
  const config = readConfig(['--demo', ...Object.entries(flags).flat()], storeSettings);
  const log = createLog(
    config.logLevel,
    (lines) => process.stderr.write(lines),
    () => Date.now(),
  );
  let pages: DemoPages | undefined;
  const running = await start(config, log, {
    listening: [demoListening(mllpPort)],
    pages: (req, res) => pages?.(req, res) ?? false,
  });
  const receivingPorts = { initiator: await findPort(), recipient: await findPort() };
  const scopes = grant.split(' ').filter((word) => word !== '');
  const world = await prepareWorld(running, config, receivingPorts, scopes);
  await settleDirect(running, direct);
  pages = createDemoPages(world);
  return world;
}

/** Resolves with the exit code when a signal ends the process. */
function end(): Promise<number> {
  return new Promise((resolve) => {
    // Closing the terminal ends it, too.
    process.on('SIGHUP', () => process.kill(process.pid, 'SIGTERM'));
    onEndSignal(() => resolve(played ? EXIT.done : INTERRUPTED));
  });
}

/** Plays, and prints how to go on; resolves when there is nothing left to do. */
async function demonstrate(world: World, direct: DemoDirect, asked: Asked, folder: string): Promise<number> {
  if (asked.json) printBeside();
  if (asked.play) await play(world, direct);
  played = true;
  if (asked.once) return EXIT.done;
  if (asked.json) process.stdout.write(`${JSON.stringify(readyOf(world, direct))}\n`);
  else printNext(world, folder);
  return new Promise(() => undefined);
}

function readyOf({ base, running, tokens, users, smart, receivingPorts }: World, direct: DemoDirect): object {
  /** The names of a side in HL7 v2 messages. */
  const linkOf = (side: Side) => {
    const { oid, authority } = ORGANIZATIONS[side];
    return { facility: oid, patientAuthority: authority, receivingPort: receivingPorts[side] };
  };
  return {
    base,
    mllp: running.mllp[0],
    tokens,
    users,
    smart,
    organizations: { initiator: ORGANIZATIONS.initiator.ref, recipient: ORGANIZATIONS.recipient.ref },
    links: { initiator: linkOf('initiator'), recipient: linkOf('recipient') },
    direct: directReadyOf(direct, running.direct),
  };
}
