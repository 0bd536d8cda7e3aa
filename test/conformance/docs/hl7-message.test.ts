/** The page for those who add an HL7 v2 message: its blocks, pasted into a copy of the server, make it read the message. */
import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sample } from '../../unit/hl7v2/samples.ts';

const TOP = join(import.meta.dirname, '../../..');
const page = readFileSync(join(TOP, 'docs/how-to/add-an-hl7-message.md'), 'utf8');
const [definition = '', added = '', line = ''] = blocksOf('ts');
const [answer = ''] = blocksOf('hl7');

function blocksOf(language: string): readonly string[] {
  return [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, block = '']) => block,
  );
}

/** What the copy runs: the door for messages, without a socket. */
const SCRIPT = `
import { openExchange } from './test/conformance/hl7v2/exchange.ts';
const exchange = await openExchange();
const acknowledgments = [];
for (const message of JSON.parse(process.argv[2])) acknowledgments.push(await exchange.say(message));
const { status } = await exchange.referral('R-2025-00731');
console.log(JSON.stringify({ acknowledgments, status }));
await exchange.close();
`;

/** Copies what the script needs, and pastes the blocks. */
function pasteInto(folder: string): void {
  const helpers = ['world.ts', 'test-database.ts', 'resources.ts', 'conformance/hl7v2/exchange.ts'];
  for (const path of ['src', 'profiles', 'package.json', ...helpers.map((file) => `test/${file}`)])
    cpSync(join(TOP, path), join(folder, path), { recursive: true });
  symlinkSync(join(TOP, 'node_modules'), join(folder, 'node_modules'));
  const messages = join(folder, 'src/hl7v2/messages');
  writeFileSync(join(messages, 'rri-i12.ts'), definition);
  const registry = join(messages, 'registry.ts');
  const before = readFileSync(registry, 'utf8');
  const after = before.replace('import { SIU_MESSAGES }', `${added}$&`).replace('  OSU_O51,\n', `$&${line}`);
  writeFileSync(registry, after);
  writeFileSync(join(folder, 'script.ts'), SCRIPT);
}

test('(house 9a5) a message takes one file and one line, as the page has them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-message-'));
  try {
    pasteInto(folder);
    const messages = JSON.stringify([sample('pcc-55-request'), answer]);
    const { stdout } = await promisify(execFile)(process.execPath, ['script.ts', messages], { cwd: folder });
    const { acknowledgments, status } = JSON.parse(stdout) as {
      readonly acknowledgments: readonly { readonly fate: string; readonly code: string }[];
      readonly status: string;
    };
    expect(acknowledgments).toMatchObject([
      { fate: 'applied', code: 'AA' },
      { fate: 'applied', code: 'AA' },
    ]);
    expect(status).toBe('accepted');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
