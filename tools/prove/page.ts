/** docs/proofs.md: what each long run shows, and its last figures. A row is written when its proof has passed in full. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { PROOFS, type Proof, type ProofName } from './proofs.ts';

export interface Figure {
  readonly name: ProofName;
  readonly seconds: number;
  readonly seed: number;
  readonly commit: string;
  readonly date: string;
}

const PAGE = new URL('../../docs/proofs.md', import.meta.url);

const HEAD = `# Proofs

This page lists the runs that are too long for \`npm test\`, which makes a short one of each, or none where that would still be long. \`npm run prove\` lists them; \`npm run prove -- NAME\` makes one in full and writes its row here; \`--seed\` repeats a run. CI goes as far as the column *in CI*, with the same seed every time; a full run takes a new seed. Runs on MongoDB need a server in \`MONGODB_URI\`, the weakest one in \`MONGODB_WEAK_URI\`, and in \`MONGODB_SERVER\` the program of one that they may kill: \`.ci/servers\` shows how to get them.

| proof | shows | in npm test | in CI | in full | last in full |
| --- | --- | ---: | ---: | ---: | --- |
`;

/** The page with these last figures; a proof without one says so. */
export function pageOf(last: ReadonlyMap<string, string>): string {
  const rows = Object.entries<Proof>(PROOFS).map(([name, { shows, counts, runs, file }]) =>
    [
      `[${name}](../test/${file})`,
      shows,
      runs.quick,
      runs.ci,
      `${runs.full} ${counts}`,
      last.get(name) ?? 'not yet',
    ].join(' | '),
  );
  return HEAD + rows.map((row) => `| ${row} |\n`).join('');
}

/** The last column of each row of a page. */
export function figuresIn(page: string): ReadonlyMap<string, string> {
  const rows = [...page.matchAll(/^\| \[([\w-]+)\].* \| ([^|]*) \|$/gm)];
  return new Map(rows.map(([, name = '', figure = '']) => [name, figure]));
}

export function writeFigure({ name, seconds, seed, commit, date }: Figure): void {
  const before = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '';
  const figure = `${date}: passed in ${seconds} s, seed ${seed}, commit ${commit}`;
  writeFileSync(PAGE, pageOf(new Map([...figuresIn(before), [name, figure]])));
}
