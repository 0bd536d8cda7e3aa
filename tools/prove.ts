/**
 * Makes the long runs; `npm test` makes a short one of each.
 *
 *     npm run prove                       lists them
 *     npm run prove -- NAME [NAME …]      runs them in full, and writes their figures to docs/proofs.md
 *     npm run prove -- all --size ci      runs all as far as CI does; writes nothing
 *
 *       --size SIZE   quick, ci or full (default: full)
 *       --seed N      the seed of a former run (default: a new one, which is printed)
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { EXIT, runCommand, UsageError, wholeNumber } from './command.ts';
import { JEST } from './jest.ts';
import { writeFigure } from './prove/page.ts';
import { PROOFS, type Proof, type ProofName, type Size } from './prove/proofs.ts';

const TOP = join(import.meta.dirname, '..');
const SEEDS = 2 ** 31;

await runCommand(import.meta.filename, {
  flags: {
    size: { type: 'string', default: 'full' },
    seed: { type: 'string', default: String(randomInt(SEEDS)) },
  },
  operandsMax: Object.keys(PROOFS).length,
  run: ({ values, operands }) => {
    const seed = wholeNumber('--seed', values.seed, 0, SEEDS);
    const size = sizeOf(values.size);
    if (operands.length === 0) return list();
    const names = operands[0] === 'all' ? Object.keys(PROOFS) : operands;
    const unknown = names.find((name) => !isName(name));
    if (unknown !== undefined) throw new UsageError(`There is no proof "${unknown}".`);
    const failed = names.filter(isName).filter((name) => !prove(name, size, seed));
    if (failed.length > 0) process.stderr.write(`failed: ${failed.join(', ')} (seed ${seed})\n`);
    return failed.length > 0 ? EXIT.trouble : EXIT.done;
  },
});

function isName(text: string): text is ProofName {
  return Object.hasOwn(PROOFS, text);
}

function sizeOf(text: string): Size {
  if (text === 'quick' || text === 'ci' || text === 'full') return text;
  throw new UsageError(`--size is quick, ci or full, not ${text}.`);
}

function list(): number {
  for (const [name, { shows, counts, runs }] of Object.entries<Proof>(PROOFS)) {
    process.stdout.write(
      `${name.padEnd(14)} ${shows}\n${' '.repeat(15)}${runs.quick} ${counts} in npm test, `,
    );
    process.stdout.write(`${runs.ci} in CI, ${runs.full} in full\n`);
  }
  return EXIT.done;
}

/** Runs one; what it took in full is written down. */
function prove(name: ProofName, size: Size, seed: number): boolean {
  const proof: Proof = PROOFS[name];
  process.stderr.write(`${name}: ${proof.runs[size]} ${proof.counts}, seed ${seed}\n`);
  const began = Date.now();
  const { suites = [], env = {} } = proof;
  const files = suites.length === 0 ? [proof.file] : suites.slice(0, proof.runs[size]);
  // Suites are made as long as they are in npm test.
  const sized = { PROOF_SIZE: suites.length === 0 ? size : 'quick', PROOF_SEED: String(seed) };
  const { status } = spawnSync(process.execPath, [...JEST, '-i', ...files.map((file) => `test/${file}`)], {
    cwd: TOP,
    stdio: 'inherit',
    env: { ...process.env, ...sized, ...env },
  });
  const seconds = Math.round((Date.now() - began) / 1000);
  if (status === 0 && size === 'full') writeFigure({ name, seconds, seed, ...whereAndWhen() });
  return status === 0;
}

/** The commit, with a plus when something was changed since. */
function whereAndWhen(): { readonly commit: string; readonly date: string } {
  const git = (...argv: readonly string[]): string =>
    execFileSync('git', argv, { cwd: TOP, encoding: 'utf8' }).trim();
  const isChanged = git('status', '--porcelain', '--', 'src', 'test', 'tools') !== '';
  return {
    commit: git('rev-parse', '--short=10', 'HEAD') + (isChanged ? '+' : ''),
    date: new Date().toISOString().slice(0, 10),
  };
}
