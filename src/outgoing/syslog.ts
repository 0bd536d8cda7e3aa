/**
 * Sends audit messages as syslog over TLS: RFC 5424 messages, framed by RFC 5425. Syslog has no acknowledgment, so each
 * batch has a connection of its own, and counts as taken when the other side, having read to its end, closes it as well.
 */
import type { Socket } from 'node:net';
import type { AuditCollector } from '../ports/audit-feed.ts';
import { ConnectionFailed } from '../ports/outgoing.ts';
import { failureOf, type ConnectOptions, type Guard } from './guard.ts';

interface SyslogSettings {
  /** `syslogs://host:port` */
  readonly address: string;
  readonly tls: NonNullable<ConnectOptions['tls']>;
  /** The machine that speaks, by its name or address. */
  readonly hostname: string;
  readonly processId: number;
}

/** Facility 10 (security), severity 5 (notice); and 4 (warning), 3 (error) for what failed. */
const PRIORITY: Readonly<Record<string, number>> = { '0': 85, '4': 84, '8': 83, '12': 82 };

export function createSyslogCollector(guard: Guard, settings: SyslogSettings): AuditCollector {
  return {
    async send(rendered, signal) {
      const destination = { purpose: 'audit-feed', address: settings.address } as const;
      const socket = await guard.connect(destination, { signal, tls: settings.tls });
      await deliver(socket, Buffer.concat(rendered.map((text) => frame(text, settings))), signal);
    },
    close: async () => undefined,
  };
}

/** Time in which a collector that closes before our end is noticed: it did not read to the end. */
const SETTLE_MS = 100;

/** Writes everything, says that it is the end, and waits for the other side's own end. */
function deliver(socket: Socket, bytes: Buffer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let isEnding = false;
    let hasEnded = false;
    let settling: NodeJS.Timeout | undefined;
    const abort = (): void => void socket.destroy(new ConnectionFailed('timeout'));
    signal.addEventListener('abort', abort, { once: true });
    socket.once('end', () => {
      if (isEnding) hasEnded = true;
      else socket.destroy(new ConnectionFailed('refused'));
    });
    socket.once('error', (error) => reject(new ConnectionFailed(failureOf(error))));
    socket.once('close', () => {
      clearTimeout(settling);
      signal.removeEventListener('abort', abort);
      if (hasEnded && socket.writableFinished) resolve();
      else reject(new ConnectionFailed('refused'));
    });
    socket.resume();
    if (signal.aborted) return abort();
    socket.write(bytes, () => {
      settling = setTimeout(() => {
        isEnding = true;
        socket.end();
      }, SETTLE_MS);
    });
  });
}

const BOM = '\ufeff';

/** One message with its length before it (RFC 5425, 4.3). */
function frame(
  text: string,
  { hostname, processId }: Pick<SyslogSettings, 'hostname' | 'processId'>,
): Buffer {
  const outcome = / EventOutcomeIndicator="(\d+)"/.exec(text)?.[1] ?? '0';
  const at = / EventDateTime="([^"]+)"/.exec(text)?.[1] ?? '-';
  const header = `<${PRIORITY[outcome] ?? 85}>1 ${at} ${word(hostname, 255)} closeloop ${processId} DICOM+RFC3881 -`;
  const message = Buffer.from(`${header} ${BOM}${text}`, 'utf8');
  return Buffer.concat([Buffer.from(`${message.length} `, 'latin1'), message]);
}

/** Printable ASCII without spaces (RFC 5424, 6). */
const word = (text: string, most: number): string =>
  text.replaceAll(/[^\u0021-\u007e]/g, '').slice(0, most) || '-';
