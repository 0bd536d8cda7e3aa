/** Doctor's look at the malware scanner: whether there is one, whether it answers, and how old its signatures are. */
import { createGuard } from '../../src/outgoing/guard.ts';
import type { Finding } from '../../src/ports/store.ts';
import { allowPlace, parsePlace } from '../../src/resources/outgoing-address.ts';
import { composeScanner, scannerAt } from '../../src/server/compose-scanner.ts';
import type { Config } from '../../src/server/config.ts';

const DAY_MS = 86_400_000;
/** Signatures come every day; a scanner that has had none for so long is not fed. */
const OLD_DAYS = 3;

export async function examineScanner(config: Config): Promise<readonly Finding[]> {
  const { clamdAddress } = config;
  const place = parsePlace(scannerAt(clamdAddress));
  const guard = createGuard({
    allowed: place === undefined ? [] : [allowPlace(place)],
    plainToPublic: false,
    connectTimeoutMs: config.hl7ConnectTimeoutMs,
  });
  const scanner = composeScanner(config, guard, () => undefined);
  if (scanner === undefined)
    return [
      {
        ok: true,
        warning: true,
        says: 'no file is scanned for malware (clamdAddress is none) → run clamd, and name it',
      },
    ];
  const version = await scanner.version();
  if (version === undefined)
    return [{ ok: false, says: `clamd does not answer at ${clamdAddress} → start it, or set clamdAddress` }];
  const { engine, signatures, signaturesAt } = version;
  if (signaturesAt === undefined)
    return [{ ok: true, warning: true, says: `${engine} has no signatures of its maker → run freshclam` }];
  const days = Math.floor((Date.now() - signaturesAt) / DAY_MS);
  const says = `${engine} with signatures ${signatures}, ${days} days old`;
  return days < OLD_DAYS
    ? [{ ok: true, says }]
    : [{ ok: true, warning: true, says: `${says} → run freshclam` }];
}
