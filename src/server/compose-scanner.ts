/** The roof over the malware scanner: the one that the settings name, by the guard of outgoing connections. */
import type { Guard } from '../outgoing/guard.ts';
import type { Destination } from '../ports/outgoing.ts';
import type { MalwareScanner } from '../ports/scanner.ts';
import { createMalwareScanner } from '../scanning/index.ts';
import type { Config } from './config.ts';

/** A scanner by TCP as a destination of the guard. */
export const scannerAt = (clamdAddress: string): Destination => ({
  purpose: 'malware-scanner',
  address: `clamd://${clamdAddress}`,
});

/** The scanner of the settings; undefined where they name none. */
export function composeScanner(
  { clamdAddress, scanTimeoutMs: timeoutMs }: Pick<Config, 'clamdAddress' | 'scanTimeoutMs'>,
  guard: Pick<Guard, 'connect'>,
  warn: (why: string) => void,
): MalwareScanner | undefined {
  if (clamdAddress === 'none') return undefined;
  const place = clamdAddress.startsWith('/')
    ? { path: clamdAddress }
    : { connect: (signal: AbortSignal) => guard.connect(scannerAt(clamdAddress), { signal }) };
  return createMalwareScanner({ place, timeoutMs, warn });
}
