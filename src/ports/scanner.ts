/** The malware scanner (baa-messaging MS10, MS11): asked about each file before anybody but its author may have it. */

/** Why a file could not be scanned: nothing is known of it then, and it passes nowhere. */
export type ScanFailure = 'unreachable' | 'closed' | 'timeout' | 'error' | 'size' | 'busy' | 'aborted';

/** What the scanner says of one file. */
export type ScanVerdict =
  | { readonly verdict: 'clean' }
  /** `found`: the name of the signature, in letters, digits and `.-_()`. */
  | { readonly verdict: 'infected'; readonly found: string }
  | { readonly verdict: 'unknown'; readonly why: ScanFailure };

/** The scanner as it describes itself. */
export interface ScannerVersion {
  /** Its program and version. */
  readonly engine: string;
  /** The number of its signatures; empty where it has none of its maker. */
  readonly signatures: string;
  /** Milliseconds since 1970 when they were made; undefined where it does not say. */
  readonly signaturesAt: number | undefined;
}

/** What the scanner was asked since the start. */
export interface ScannerTraffic {
  /** Files, by what was said of them. */
  readonly verdicts: Readonly<Record<ScanVerdict['verdict'], number>>;
  /** Scans under way, and files that wait for one. */
  readonly active: number;
  readonly waiting: number;
}

interface ScanBounds {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that it may take; at most, and by default, those of the settings. */
  readonly withinMs?: number | undefined;
}

export interface MalwareScanner {
  /** Asks about one file, on a connection of its own. Never rejects. */
  scan(bytes: Uint8Array, within?: ScanBounds): Promise<ScanVerdict>;
  /** Whether it answers; and what it is, as of some minutes ago at most. Undefined: it does not answer. */
  version(): Promise<ScannerVersion | undefined>;
  traffic(): ScannerTraffic;
}
