/** The figures as a table for the terminal, and as docs/performance.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { isMet, showNumber, showTarget, type Figure } from './figure.ts';

export interface Part {
  readonly name: string;
  readonly figures: readonly Figure[];
}

const MARK = { true: 'met', false: '**missed**', undefined: '' } as const;

const markOf = (figure: Figure): string => MARK[`${isMet(figure)}`];

export const showFigure = (figure: Figure): string =>
  [
    markOf(figure).replaceAll('*', '').padEnd(7),
    `${showNumber(figure.value)} ${figure.unit}`.padStart(12),
    showTarget(figure).padEnd(13),
    `${figure.name}${figure.note === undefined ? '' : ` (${figure.note})`}`,
  ].join('  ');

const PAGE = new URL('../../docs/performance.md', import.meta.url);
/** People write the text from this heading on; the bench keeps it. */
const BY_HAND = '## How to repeat';

/** Replaces the figures of the page, and keeps the text that people wrote. */
export function writePage(parts: readonly Part[], command: string): void {
  writeFileSync(PAGE, pageOf(parts, command, readPage()));
}

/** The page with these figures, and with what people wrote on the page before. */
export const pageOf = (parts: readonly Part[], command: string, before: string): string =>
  `${buildHead(command)}\n${parts.map(buildPart).join('\n')}\n${keptOf(before)}`;

function readPage(): string {
  try {
    return readFileSync(PAGE, 'utf8');
  } catch {
    return '';
  }
}

function keptOf(page: string): string {
  const at = page.indexOf(BY_HAND);
  return at < 0 ? '' : page.slice(at);
}

const buildHead = (command: string): string => `# Performance

Written by \`${command}\` on ${new Date().toISOString().slice(0, 10)}: ${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores, ${Math.round(totalmem() / 1024 ** 3)} GB, ${process.platform}, Node ${process.versions.node}.

The load comes from a process of its own on the same machine, over keep-alive connections, so that server and load share the cores. *Per core* is requests per second of CPU time that the server used, all its threads together. Ratios compare two servers within the same run, in turns. Latencies hold the disk's flush, and whatever else the machine was doing: the first row says how long a flush took. Every request carries a token whose signature was verified, every answer left after its commit or its audit row was on disk.
`;

const buildPart = ({ name, figures }: Part): string => `## ${name}

| | figure | target | |
|---|---:|---|---|
${figures.map(buildRow).join('\n')}
`;

const buildRow = (figure: Figure): string =>
  `| ${figure.name}${figure.note === undefined ? '' : `<br>${figure.note}`} | ${showNumber(figure.value)} ${figure.unit} | ${showTarget(figure)} | ${markOf(figure)} |`.replaceAll(
    /\|(?=[^ \n])/g,
    '\\|',
  );
