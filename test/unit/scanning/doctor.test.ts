/** Doctor's look at the malware scanner (baa-messaging MS10, MS11). */
import { afterEach, expect, test } from '@jest/globals';
import { readConfig } from '../../../src/server/config.ts';
import { examineScanner } from '../../../tools/doctor/scanner.ts';
import { openFakeClamd, type FakeClamd } from '../../malware-scanners.ts';

const closing: FakeClamd[] = [];
afterEach(async () => {
  for (const clamd of closing.splice(0)) await clamd.close();
});

const DAY_MS = 86_400_000;

/** What clamd says of signatures that were made so long ago. */
function versionOf(days: number): string {
  const made = new Date(Date.now() - days * DAY_MS - 60_000).toUTCString();
  const [, day, month, year, time] = made.split(' ');
  return `ClamAV 1.4.3/27772/${made.slice(0, 3)} ${month} ${day} ${time} ${year}`;
}

async function findingsOf(version: string): ReturnType<typeof examineScanner> {
  const clamd = await openFakeClamd();
  closing.push(clamd);
  clamd.describe(version);
  return examineScanner(readConfig(['--clamd-address', clamd.address], {}, 'command'));
}

test('a scanner with new signatures is well', async () => {
  await expect(findingsOf(versionOf(0))).resolves.toEqual([
    { ok: true, says: 'ClamAV 1.4.3 with signatures 27772, 0 days old' },
  ]);
  await expect(findingsOf(versionOf(2))).resolves.toMatchObject([{ ok: true }]);
});

test('signatures that are three days old, or that nobody made, are a warning', async () => {
  await expect(findingsOf(versionOf(3))).resolves.toEqual([
    {
      ok: true,
      warning: true,
      says: 'ClamAV 1.4.3 with signatures 27772, 3 days old → run freshclam',
    },
  ]);
  await expect(findingsOf('ClamAV 1.4.3')).resolves.toMatchObject([
    { warning: true, says: 'ClamAV 1.4.3 has no signatures of its maker → run freshclam' },
  ]);
});

test('a scanner that does not answer is a trouble', async () => {
  const clamd = await openFakeClamd();
  await clamd.close();
  const config = readConfig(['--clamd-address', clamd.address], {}, 'command');
  await expect(examineScanner(config)).resolves.toMatchObject([{ ok: false }]);
});

test('no scanner is said', async () => {
  await expect(examineScanner(readConfig([], {}, 'command'))).resolves.toEqual([
    {
      ok: true,
      warning: true,
      says: 'no file is scanned for malware (clamdAddress is none) → run clamd, and name it',
    },
  ]);
});
