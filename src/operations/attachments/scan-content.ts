/** Scans what comes in and what leaves by any way (baa-messaging MS12): a content, and each file that is written within it. */
import { createHash } from 'node:crypto';
import { embeddedFiles } from '../../attachments/embedded.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { MalwareScanner, ScanFailure, ScanVerdict } from '../../ports/scanner.ts';
import { malwareWords } from './malware-found.ts';

/** Files within one content. */
const WITHIN_MAX = 200;

/** What the scanner says of some contents together; without a scanner nobody asks, and they pass. */
export async function scanContent(
  scanner: MalwareScanner | undefined,
  ...contents: readonly Uint8Array[]
): Promise<ScanVerdict> {
  if (scanner === undefined) return { verdict: 'clean' };
  let unknown: ScanFailure | undefined;
  for (const content of contents) {
    const within = embeddedFiles(content, WITHIN_MAX);
    // Nobody looks at more: what hides in a heap of files is not known to be harmless.
    if (within === undefined) return { verdict: 'infected', found: 'too-many-files' };
    for (const file of [content, ...within]) {
      const said = await scanOnce(scanner, file);
      if (said.verdict === 'infected') return said;
      if (said.verdict === 'unknown') unknown ??= said.why;
    }
  }
  return unknown === undefined ? { verdict: 'clean' } : { verdict: 'unknown', why: unknown };
}

/** Contents that were clean a short while ago, by their hashes: a retry and a fan-out ask about the same bytes again. */
const clean = new WeakMap<MalwareScanner, Set<string>>();
const REMEMBERED_MAX = 1_000;

async function scanOnce(scanner: MalwareScanner, file: Uint8Array): Promise<ScanVerdict> {
  const known = clean.get(scanner) ?? new Set<string>();
  clean.set(scanner, known);
  const version = await scanner.version();
  const key = `${version?.signatures ?? ''} ${createHash('sha256').update(file).digest('base64')}`;
  if (known.has(key)) return { verdict: 'clean' };
  const said = await scanner.scan(file);
  if (said.verdict !== 'clean') return said;
  if (known.size >= REMEMBERED_MAX) known.clear();
  known.add(key);
  return said;
}

/**
 * Refuses what a client brings, where the scanner finds something in it or does not answer.
 *
 * @throws OperationOutcomeError `attachment-infected`, `busy`
 */
export async function refuseMalware(
  scanner: MalwareScanner | undefined,
  ...contents: readonly Uint8Array[]
): Promise<void> {
  const said = await scanContent(scanner, ...contents);
  if (said.verdict === 'infected')
    throw new OperationOutcomeError('attachment-infected', { diagnostics: `${malwareWords(said.found)}.` });
  if (said.verdict === 'unknown') throw scannerAway();
}

/** Nothing is known of a file: it may be asked for, or sent, again. */
export const scannerAway = (): OperationOutcomeError =>
  new OperationOutcomeError('busy', {
    diagnostics: 'The malware scanner does not answer, and nothing passes it unseen.',
    retryAfter: 30,
  });
