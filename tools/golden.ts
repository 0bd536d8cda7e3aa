/**
 * A golden run: the sessions of docs/interactions, a list of requests and the messages of the guides, against the
 * demonstration of this checkout. Prints every answer and every delivered message, with ids and times named by their order.
 *
 *     npm run golden > before.txt             before a change of shape
 *     npm run golden > after.txt              after it: the two are equal
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { EXIT, runCommand } from './command.ts';
import { createScribe, type Scribe } from './golden/scribe.ts';
import { openDemonstration, type Demonstration } from './golden/demonstration.ts';
import { playMessages } from './golden/messages.ts';
import { readRequests, sendRequest } from './golden/requests.ts';

const ROOT = resolve(import.meta.dirname, '..');
const PAGES = join(ROOT, 'docs/interactions');
const NEXT_BLOCK = '=== next';

await runCommand(import.meta.filename, {
  flags: {},
  run: async () => {
    const demonstration = await openDemonstration();
    const scribe = createScribe(demonstration);
    try {
      await playPages(demonstration, scribe);
      await playRequests(demonstration, scribe);
      await playMessages(demonstration, scribe);
    } finally {
      await demonstration.close();
    }
    process.stdout.write(scribe.text());
    process.stderr.write(`${scribe.counts()}\n`);
    return EXIT.done;
  },
});

/** A shell pastes the blocks of each page, in the order of the index. */
async function playPages(demonstration: Demonstration, scribe: Scribe): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-golden-'));
  for (const name of readdirSync(ROOT)) symlinkSync(join(ROOT, name), join(folder, name));
  rmSync(join(folder, 'demo.json'), { force: true }); // one that a reader made
  writeFileSync(join(folder, 'demo.json'), JSON.stringify(demonstration.told));
  const index = readFileSync(join(PAGES, 'README.md'), 'utf8');
  const [, preamble = ''] = /```sh\n(json\(\)[\s\S]*?)```/.exec(index) ?? [];
  try {
    for (const [, name = ''] of index.matchAll(/\]\(([a-z0-9-]+\.md)\)/g)) {
      const page = readFileSync(join(PAGES, name), 'utf8');
      const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
      const script = `set -u\n${preamble}\n${blocks.map((block) => `printf '\n%s\n' '${NEXT_BLOCK}'\n${block}`).join('\n')}`;
      const { stdout } = await promisify(execFile)('bash', ['-c', script], {
        cwd: folder,
        maxBuffer: 10 ** 8,
      });
      scribe.chapter(name);
      for (const answer of stdout.split(`${NEXT_BLOCK}\n`).slice(1)) scribe.answer(answer);
      scribe.received(await demonstration.received());
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function playRequests(demonstration: Demonstration, scribe: Scribe): Promise<void> {
  scribe.chapter('requests');
  for (const request of readRequests()) {
    scribe.say(`> ${request.line}`);
    scribe.answer(await sendRequest(demonstration.told, request));
  }
  scribe.received(await demonstration.received());
}
