/** A MongoDB server as a process of its own that can be killed, on one port and one folder: SecantusDB, by its flags. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { MongoClient } from 'mongodb';

export interface DatabaseProcess {
  readonly uri: string;
  /** Starts it again; resolves when it answers. */
  start(): Promise<void>;
  /** Ends it at once. */
  kill(): Promise<void>;
}

const ANSWERS_WITHIN_MS = 60_000;

/** @param program its path */
export async function startDatabase(program: string, folder: string): Promise<DatabaseProcess> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const uri = `mongodb://127.0.0.1:${port}/?replicaSet=secantus`;
  const argv = ['--port', String(port), '--storage-path', folder, '--sync-on-commit', '--log-level', 'ERROR'];
  let running: ChildProcess | undefined;
  const database: DatabaseProcess = {
    uri,
    async start() {
      const began = spawn(program, argv, { stdio: 'ignore' });
      running = began;
      await answers(uri, began);
    },
    async kill() {
      const ended = running;
      if (ended === undefined || ended.exitCode !== null || ended.signalCode !== null) return;
      ended.kill('SIGKILL');
      await once(ended, 'exit');
    },
  };
  await database.start();
  return database;
}

async function answers(uri: string, { exitCode }: ChildProcess): Promise<void> {
  for (const end = Date.now() + ANSWERS_WITHIN_MS; ; await pause(50)) {
    const client = new MongoClient(uri, { serverSelectionTimeoutMS: 1000 });
    try {
      await client.db('admin').command({ ping: 1 });
      return;
    } catch (error) {
      if (Date.now() > end || exitCode !== null) throw error;
    } finally {
      await client.close();
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  server.close();
  await once(server, 'close');
  return port;
}
