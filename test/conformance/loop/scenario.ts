/** Scenarios as analysts write them (`test/scenarios/README.md`), read. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Step {
  readonly who: string;
  readonly does: string;
  readonly referral: string;
  readonly order: string;
  readonly visits: string;
  readonly row: string;
  readonly tells: string;
}

export interface Scenario {
  readonly file: string;
  readonly title: string;
  readonly rows: readonly string[];
  readonly steps: readonly Step[];
}

const FOLDER = join(import.meta.dirname, '../../scenarios');

const COLUMNS = ['who', 'does', 'referral', 'order', 'visits', 'row', 'tells'] as const;

export const readScenarios = (): readonly Scenario[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.txt'))
    .toSorted((a, b) => a.localeCompare(b))
    .map((file) => readScenario(file, readFileSync(join(FOLDER, file), 'utf8')));

/** @throws Error naming file and line, for whoever writes scenarios */
export function readScenario(file: string, text: string): Scenario {
  const heads = new Map<string, string>();
  const steps: Step[] = [];
  let columns: readonly string[] | undefined;
  for (const [i, line] of text.split('\n').entries()) {
    const wrong = (says: string): Error => new Error(`${file}:${i + 1}: ${says}: ${line}`);
    if (line.trim() === '' || line.startsWith('#')) continue;
    if (!line.includes('|')) {
      const [, name, value] = /^(title|rows):\s*(.+)$/.exec(line.trim()) ?? [];
      if (name === undefined || value === undefined) throw wrong('neither title nor rows nor a step');
      heads.set(name, value);
      continue;
    }
    const cells = line.split('|').map((cell) => cell.trim());
    if (columns === undefined) {
      if (cells.join() !== COLUMNS.join()) throw wrong(`the columns are ${COLUMNS.join(' | ')}`);
      columns = cells;
      continue;
    }
    if (cells.length !== COLUMNS.length || cells.includes(''))
      throw wrong(`a step has ${COLUMNS.length} columns`);
    const [who = '', does = '', referral = '', order = '', visits = '', row = '', tells = ''] = cells;
    steps.push({ who, does, referral, order, visits, row, tells });
  }
  const title = heads.get('title');
  if (title === undefined) throw new Error(`${file}: no title`);
  return { file, title, rows: heads.get('rows')?.split(/\s+/) ?? [], steps };
}
