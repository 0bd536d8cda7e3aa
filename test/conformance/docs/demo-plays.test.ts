/** The demonstration plays a behavioural-health referral: refused, captured, sent with the notice, withdrawn, withheld. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const TOOL = resolve(import.meta.dirname, '../../../tools/demo.ts');
const TITLE = 'A behavioural-health referral under 42 CFR Part 2\n';

test('(compliance P4, P14, C11) the demonstration shows each step of it', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [TOOL, '--once'], { timeout: 60_000 });
  const [refused = '', captured = '', sent = '', withdrawn = '', withheld = '', ...more] = (
    stdout.split(TITLE)[1] ?? ''
  ).split('\n');
  expect(refused).toMatch(
    /refers its patient: 422 consent-needed · part2-disclosure .* 42 CFR 2\.31\. On file: none\.$/,
  );
  expect(captured).toMatch(/in the same commit: Consent\/\S+, ServiceRequest\/\S+$/);
  expect(sent).toContain('with the notice: "This record which has been disclosed to you is protected');
  expect(withdrawn).toContain('withdraws the consent');
  expect(withheld).toContain('is withheld; what was received stays');
  expect(more.join('')).toBe('');
}, 60_000);
