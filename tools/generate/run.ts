/**
 * Writes `src/resources/generated/` from the published R4 definitions and from `profiles/`, and `src/identity/generated/`
 * from a published list of common passwords.
 *
 *     npm run generate              writes what has changed
 *     npm run generate -- --check   writes nothing; ends with 1 when a file is stale, missing or left over
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { EXIT, runCommand, Trouble } from '../command.ts';
import { generateFrequentPasswords } from './frequent-passwords.ts';
import { generateCompartments } from './compartments.ts';
import { generateDefinitions } from './profile-files.ts';
import { generateExtensions, generateProfiles } from './profiles.ts';
import { generateStructures } from './structures.ts';
import { generateSummary } from './summary.ts';
import { generateTerminology } from './terminology.ts';
import { generateValueSets } from './value-sets.ts';

/** File name to content, for one part of a generated folder. */
type Generated = Readonly<Record<string, string>>;

const TOP = new URL('../../', import.meta.url);
const FOLDERS = ['src/resources/generated/', 'src/identity/generated/'] as const;
const SEARCH_PARAMETERS = new URL('search-parameters.ts', import.meta.url);

await runCommand(import.meta.filename, {
  flags: { check: { type: 'boolean', default: false } },
  run: async ({ values }) => {
    const made = await make();
    const stale = Object.keys(made).filter((path) => made[path] !== readGenerated(path));
    const there = FOLDERS.flatMap((folder) => filesIn(folder).map((name) => `${folder}${name}`));
    const left = there.filter((path) => !(path in made));
    if (values.check) check([...stale, ...left]);
    else write(made, stale, left);
    return EXIT.done;
  },
});

async function make(): Promise<Generated> {
  const [resources, identity] = FOLDERS;
  return {
    ...within(resources, {
      'compartments.json': generateCompartments(),
      'structures.json': generateStructures(),
      'summary.json': generateSummary(),
      'value-sets.json': generateValueSets(),
      'profiles.json': generateProfiles(),
      ...generateTerminology(),
      'definitions.json': generateDefinitions(),
      'extensions.json': generateExtensions(),
      ...(await generateSearch()),
    }),
    ...within(identity, { 'frequent-passwords.json': generateFrequentPasswords() }),
  };
}

function within(folder: string, files: Generated): Generated {
  return Object.fromEntries(Object.entries(files).map(([name, content]) => [`${folder}${name}`, content]));
}

function filesIn(folder: string): readonly string[] {
  return existsSync(new URL(folder, TOP)) ? readdirSync(new URL(folder, TOP)) : [];
}

/** @throws Trouble naming every file that is not what would be written */
function check(names: readonly string[]): void {
  if (names.length === 0) return;
  const lines = names.map((path) => `stale: ${path}`);
  throw new Trouble([...lines, 'Run npm run generate and commit what it writes.'].join('\n'));
}

function write(made: Generated, stale: readonly string[], left: readonly string[]): void {
  for (const folder of FOLDERS) mkdirSync(new URL(folder, TOP), { recursive: true });
  for (const path of left) rmSync(new URL(path, TOP));
  for (const path of stale) writeFileSync(new URL(path, TOP), made[path] ?? '');
  const bytes = Object.values(made).reduce((sum, content) => sum + Buffer.byteLength(content), 0);
  console.log(`${Object.keys(made).length} files, ${Math.ceil(bytes / 1024)} KiB; ${stale.length} changed`);
}

function readGenerated(path: string): string | undefined {
  const file = new URL(path, TOP);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

async function generateSearch(): Promise<Generated> {
  if (!existsSync(SEARCH_PARAMETERS)) return {};
  const { generateSearchParameters } = await import(SEARCH_PARAMETERS.href);
  const files: Generated = await generateSearchParameters();
  return Object.fromEntries(Object.entries(files).map(([path, content]) => [basename(path), content]));
}
