/**
 * The demonstration: a server on this machine with two organizations, and one referral going round the loop.
 *
 *     npm run demo                                       plays a referral, prints both sides' timelines, stays up
 *     npm run demo -- --no-play --port 8080 --data DIR   the same server with nothing played
 *     npm run demo -- --no-play --json                   one JSON line on stdout when ready; logs on stderr
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig } from '../src/config.ts';
import { createLog } from '../src/http/log.ts';
import { start } from '../src/start.ts';
import { play } from './demo/play.ts';
import { demoListening, findPort, ORGANIZATIONS, prepareWorld, type Side } from './demo/world.ts';
import { printNext } from './demo/print.ts';

const { values: asked } = parseArgs({
  options: {
    'no-play': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    port: { type: 'string', default: '0' },
    'mllp-port': { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    data: { type: 'string' },
  },
});

const folder = asked.data ?? mkdtempSync(join(tmpdir(), 'closeloop-demo-'));
const flags = {
  '--host': asked.host,
  '--port': asked.port,
  '--data-dir': folder,
  '--subscription-allow-list': '127.0.0.1:*,localhost:*',
  '--log-level': asked.json ? 'info' : 'warn',
};
const config = readConfig(['--demo', ...Object.entries(flags).flat()], {});
const log = createLog(
  config.logLevel,
  (lines) => process.stderr.write(lines),
  () => Date.now(),
);
const running = await start(config, log, { listening: [demoListening(Number(asked['mllp-port']))] });
const receivingPorts = { initiator: await findPort(), recipient: await findPort() };
const world = await prepareWorld(running, config.administratorScope, receivingPorts);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    running.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
}

/** By what the HL7 v2 messages of a side are known. */
function linkOf(side: Side) {
  const { oid, authority } = ORGANIZATIONS[side];
  return { facility: oid, patientAuthority: authority, receivingPort: receivingPorts[side] };
}

if (!asked['no-play']) await play(world);
if (asked.json) {
  const { base, tokens } = world;
  const ready = {
    base,
    mllp: running.mllp[0],
    tokens,
    organizations: { initiator: ORGANIZATIONS.initiator.ref, recipient: ORGANIZATIONS.recipient.ref },
    links: { initiator: linkOf('initiator'), recipient: linkOf('recipient') },
  };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
} else {
  printNext(world, folder);
}
