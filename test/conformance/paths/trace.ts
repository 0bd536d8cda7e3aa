/**
 * Which functions of the project run while a request is answered. V8 counts them (precise coverage, by the inspector of
 * the same process). The writer and the search threads of the store are behind its port and are not counted.
 */
import { Session } from 'node:inspector/promises';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const TOP = join(import.meta.dirname, '../../..');

/** Files below `src`, as paths from there, each with the sources of its functions that ran. */
export type Trace = ReadonlyMap<string, readonly string[]>;

/** Runs the work and gives what ran meanwhile in this process. The body of a module is no function of a request. */
export async function traceOf(work: () => Promise<unknown>): Promise<Trace> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    await work();
    const { result } = await session.post('Profiler.takePreciseCoverage');
    await session.post('Profiler.stopPreciseCoverage');
    return new Map(
      result.flatMap(({ url, functions }) => {
        const path = sourceOf(url);
        if (path === undefined) return [];
        const text = readFileSync(join(TOP, 'src', path), 'utf8');
        const ran = functions.flatMap(({ ranges: [whole] }) =>
          whole !== undefined && whole.count > 0 && !isModule(whole, text)
            ? [text.slice(whole.startOffset, whole.endOffset)]
            : [],
        );
        return ran.length === 0 ? [] : [[path, ran] as const];
      }),
    );
  } finally {
    session.disconnect();
  }
}

function sourceOf(url: string): string | undefined {
  if (!url.startsWith('file:')) return undefined;
  const path = relative(join(TOP, 'src'), fileURLToPath(url)).replaceAll('\\', '/');
  return path.startsWith('..') || !path.endsWith('.ts') ? undefined : path;
}

/** Node blanks out types, so that places in what it runs are places in the source. */
const isModule = ({ startOffset, endOffset }: { startOffset: number; endOffset: number }, text: string) =>
  startOffset === 0 && endOffset >= text.trimEnd().length;
