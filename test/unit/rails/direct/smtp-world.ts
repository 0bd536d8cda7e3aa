/** SMTP on loopback, spoken by hand: every byte as a test writes it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Timers } from '../../../../src/ports/clock.ts';
import type { StayBounds } from '../../../../src/rails/direct/smtp-stay.ts';
import {
  openSmtpPort,
  type ArrivedMail,
  type SmtpPort,
  type SmtpPortSettings,
} from '../../../../src/rails/direct/smtp-port.ts';

export const SETTINGS: SmtpPortSettings = {
  tlsMinVersion: '1.3',
  receivedBytesMax: 1_000_000,
  heldBytesMax: 3_000_000,
  connectionsMax: 20,
  connectionsPerAddressMax: 10,
  recipientsMax: 3,
  commandTimeoutMs: 5000,
  dataTimeoutMs: 5000,
  drainMs: 200,
};

export const realTimers: Timers = {
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

export interface TestPort extends SmtpPort {
  readonly arrived: ArrivedMail[];
  readonly events: string[];
}

interface PortOptions {
  readonly settings?: Partial<SmtpPortSettings>;
  readonly stay?: StayBounds;
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** What becomes of mails; default: on disk. */
  readonly take?: (mail: ArrivedMail) => Promise<boolean>;
  readonly knows?: (address: string) => Promise<boolean>;
}

export const LOCAL = 'intake@direct.tarn.example.org';

export async function openPort({
  settings,
  certificate,
  take,
  knows,
  stay,
}: PortOptions = {}): Promise<TestPort> {
  const arrived: ArrivedMail[] = [];
  const events: string[] = [];
  const port = await openSmtpPort(
    { host: '127.0.0.1', port: 0 },
    {
      settings: { ...SETTINGS, ...settings },
      certificate,
      ...(stay !== undefined && { stay }),
      name: 'direct.tarn.example.org',
      timers: realTimers,
      knows: knows ?? (async (address) => address === LOCAL),
      take: async (mail) => {
        arrived.push(mail);
        return take === undefined ? true : take(mail);
      },
      count: (event) => void events.push(event),
    },
  );
  return { ...port, arrived, events };
}

export interface Talk {
  readonly socket: Socket;
  /** Writes, and resolves with the next whole reply; '' when the connection ended. */
  say(line: string): Promise<string>;
  reply(): Promise<string>;
}

/** A connection after the greeting, from an address of this machine; `say` adds the end of the line. */
export async function talkTo(port: number, by = '127.0.0.1'): Promise<Talk> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: by });
  let buffered = '';
  let ended = false;
  let wake = (): void => undefined;
  socket.on('data', (chunk) => {
    buffered += chunk.toString('latin1');
    wake();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    ended = true;
    wake();
  });
  const reply = async (): Promise<string> => {
    for (;;) {
      const whole = /^(?:\d{3}-.*\r\n)*\d{3} .*\r\n/.exec(buffered)?.[0];
      if (whole !== undefined) {
        buffered = buffered.slice(whole.length);
        return whole;
      }
      if (ended) return '';
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  await reply();
  return {
    socket,
    reply,
    say: (line) => {
      socket.write(`${line}\r\n`);
      return reply();
    },
  };
}

/** A certificate for `localhost` and 127.0.0.1, by its own authority. */
export function makeCertificate(): { readonly cert: string; readonly key: string } {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-tls-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  const options = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync(
    'openssl',
    ['req', '-x509', ...options, '-subj', '/CN=localhost', '-addext', names, '-keyout', key, '-out', cert],
    { stdio: 'ignore' },
  );
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}
