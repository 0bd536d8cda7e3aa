/** The README is a promise: its examples are run as they stand, in their order, by the shell a reader would use. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect } from '@jest/globals';
import { judged } from '../../judges.ts';

const root = resolve(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'closeloop-readme-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Blocks of the chapter in which a reader plays a referral, without the one that installs. */
function examples(): readonly string[] {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [, chapter = ''] = /## Five minutes to a closed loop\n([\s\S]*?)\n## /.exec(readme) ?? [];
  const blocks = [...chapter.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  return blocks.filter((block) => !block.includes('npm ci'));
}

judged(
  'curl',
  'the examples of the README play a referral',
  async () => {
    for (const part of ['src', 'tools', 'package.json', 'profiles', 'examples']) {
      cpSync(join(root, part), join(folder, part), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const blocks = examples();
    expect(blocks.length).toBeGreaterThan(4);
    // Any free port: another server may have the one of the README.
    const script = blocks
      .map((block) => `echo "=== block"\n${block.replace('--port 8080', '--port 0')}`)
      .join('\n');
    const { stdout } = await promisify(execFile)(
      'bash',
      ['-c', `set -e; trap 'kill %1 2>/dev/null' EXIT\n${script}`],
      { cwd: folder, timeout: 60_000, maxBuffer: 10 ** 7 },
    );
    const [, , sent = '', accepted = '', refused = '', seen = '', told = '', judged = '', ...engines] =
      stdout.split('=== block\n');
    const [acknowledged = '', heard = '', mailed = '', , letters = ''] = engines;
    expect(sent).toContain('transaction-response');
    expect(sent).toContain('"location":"ServiceRequest/');
    expect(JSON.parse(accepted)).toMatchObject({
      status: 'accepted',
      businessStatus: { coding: [{ code: '3.0' }] },
    });
    expect(JSON.parse(refused)).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [{ details: { coding: [{ code: 'not-your-move' }] } }],
    });
    expect(seen).toContain('"type":"history"');
    expect(seen).toContain('send-acceptance');
    expect(told).toContain('timeline-step');
    expect(told).toContain('<Task xmlns="http://hl7.org/fhir">');
    expect(JSON.parse(judged)).toHaveProperty('issue.0.severity', 'error');
    expect(acknowledged).toContain('MSA|AA|DEMO-000001');
    expect(heard).toMatch(/^MSH\|.*\|OSU\^O51\^OSU_O51\|/m);
    expect(heard).toContain('ORC|OK|R-2026-00731^^2.999.360.1.15^ISO|||IP');
    expect(mailed).toContain('R-2026-00800 is mailed to intake@direct.riverside.example.org, and taken');
    expect(letters).toMatch(/: processed of </);
    expect(letters).toMatch(/: dispatched of </);
    expect(letters).toMatch(/: OSU\^O51\S* ORC\|OK\|R-2026-00800/);
  },
  90_000,
);
