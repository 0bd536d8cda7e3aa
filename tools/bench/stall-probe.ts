/**
 * A probe that is loaded into a server before everything else. It reports the longest time for which the event loop has
 * stood still since the last question. It counts the work of the server's thread, not its wait for a processor. It
 * answers on the port STALL_PROBE_PORT.
 */
import { createServer } from 'node:http';
import { isMainThread } from 'node:worker_threads';

const TICK_MS = 1;

// Threads are started with the same arguments.
if (isMainThread) watch();

function watch(): void {
  let last = performance.now();
  let worked = workedMs();
  let longest = 0;
  const look = (): void => {
    const now = performance.now();
    const nowWorked = workedMs();
    longest = Math.max(longest, Math.min(now - last - TICK_MS, nowWorked - worked));
    last = now;
    worked = nowWorked;
  };
  setInterval(look, TICK_MS).unref();
  createServer((_request, response) => {
    look();
    const told = String(longest);
    response.writeHead(200, { 'Content-Length': told.length }).end(told);
    longest = 0;
  })
    .listen(Number(process.env['STALL_PROBE_PORT']), '127.0.0.1')
    .unref();
}

function workedMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
