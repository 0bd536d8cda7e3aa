/** An attempt whose rail reads what was scanned, and what its error means (baa-messaging MS12). */
import { NoticeMissing, type Receipt } from '../ports/rail.ts';
import { reasonOf } from '../ports/reason.ts';
import type { Snapshot } from '../ports/store.ts';
import { FileNotClean, scannedSnapshot, type ScanTold } from './scanned-view.ts';

/**
 * What was written without its notice has not left, and never leaves by itself (compliance C10, P23); nor does what holds
 * malware. What could not be scanned waits.
 */
export function receiptOfError(error: unknown): Receipt {
  if (error instanceof NoticeMissing) return { outcome: 'withheld', why: reasonOf(error), item: 'incident' };
  if (!(error instanceof FileNotClean)) return { outcome: 'retry', why: reasonOf(error) };
  return error.found === undefined
    ? { outcome: 'retry', why: error.message }
    : { outcome: 'withheld', why: error.message, item: 'malware' };
}

/** What a rail reads; and its receipt, where it met something that may not leave. */
export function scannedAttempt(
  scan: ScanTold | undefined,
  asOf: Snapshot,
): { readonly asOf: Snapshot; readonly judge: (receipt: Receipt) => Receipt } {
  if (scan === undefined) return { asOf, judge: (receipt) => receipt };
  let fault: FileNotClean | undefined;
  return {
    asOf: scannedSnapshot(asOf, scan, (met) => (fault ??= met)),
    // A rail that caught it says something else of it; what was accepted had left without it.
    judge: (receipt) =>
      fault === undefined || receipt.outcome === 'accepted' ? receipt : receiptOfError(fault),
  };
}
