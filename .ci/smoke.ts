/**
 * Starts the demo as a user would, empty and on a free port, reads the one line it prints, asks for its capabilities
 * without and for a Task with a token, and stops it. Ends with 0 when all of that went well.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const READY_MS = 60_000;
const STOP_MS = 20_000;

const demo = spawn('npm', ['run', '--silent', 'demo', '--', '--no-play', '--port', '0', '--json'], {
  stdio: ['ignore', 'pipe', 'inherit'],
  detached: true,
});
const ended = once(demo, 'exit');
// Whatever happens here, nothing is left running.
process.on('exit', () => {
  if (demo.exitCode === null && demo.pid !== undefined) process.kill(-demo.pid, 'SIGKILL');
});

const lines: string[] = [];
const output = createInterface({ input: demo.stdout });
output.on('line', (line) => lines.push(line));
await Promise.race([
  once(output, 'line', { signal: AbortSignal.timeout(READY_MS) }),
  ended.then(([code]) => assert.fail(`the demo ended with ${code} before it was ready`)),
]);

const { base, tokens, direct } = JSON.parse(lines[0] ?? '');
assert.ok(direct.smtp.port > 0);
assert.match(direct.certificates.initiator.privateKey, /^-----BEGIN PRIVATE KEY-----/);
const metadata = await fetch(`${base}/metadata`);
assert.equal(metadata.status, 200);
assert.equal((await metadata.json()).resourceType, 'CapabilityStatement');

const refused = await fetch(`${base}/Task`);
assert.equal(refused.status, 401);
const tasks = await fetch(`${base}/Task`, { headers: { authorization: `Bearer ${tokens.initiator}` } });
assert.equal(tasks.status, 200);
assert.equal((await tasks.json()).total ?? 0, 0);

if (demo.pid !== undefined) process.kill(demo.pid, 'SIGTERM');
const timer = setTimeout(() => assert.fail(`the demo did not stop within ${STOP_MS} ms`), STOP_MS);
await ended;
clearTimeout(timer);
assert.equal(lines.length, 1, 'the demo prints one line on stdout and no other');
