/**
 * Loaded before the server (`--import`), in each of its threads: adds the pragmas of CLOSELOOP_PRAGMAS to every connection
 * that the engine makes durable. So a harness can switch flushing off in a server that has no setting for that.
 */
import { DatabaseSync } from 'node:sqlite';

const pragmas = (process.env['CLOSELOOP_PRAGMAS'] ?? '').split(';').filter((pragma) => pragma !== '');
const DURABLE = /\bsynchronous\s*=\s*FULL\b/i;
// Taken off its class and called on a connection again, below.
// oxlint-disable-next-line typescript/unbound-method
const { exec } = DatabaseSync.prototype;

DatabaseSync.prototype.exec = function (sql: string): void {
  exec.call(this, sql);
  if (DURABLE.test(sql)) for (const pragma of pragmas) exec.call(this, `PRAGMA ${pragma}`);
};
