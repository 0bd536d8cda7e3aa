/** Reads an XDM package that anybody may have made (ITI-32; direct-xdm 7, 360x 5). */
import { packageFault, type PackageFault } from './faults.ts';
import type { ReceivedSubmission } from './submission.ts';

export interface PackageLimits {
  /** Of the archive. */
  readonly bytes: number;
  /** Of everything in it, expanded. */
  readonly expandedBytes: number;
  /** Files and folders. */
  readonly entries: number;
  /** Of METADATA.XML. */
  readonly metadataBytes: number;
}

/** What 360X and we take (360x 5). */
export const PACKAGE_LIMITS: PackageLimits = {
  bytes: 20_000_000,
  expandedBytes: 200_000_000,
  entries: 200,
  metadataBytes: 4_000_000,
};

/**
 * A package, and what its sender could do better: sentences without anything of a patient. Or a fault; one that weighs
 * `quarantine` comes with what was read, for people to look at, never to be applied.
 */
export type PackageReading =
  | {
      readonly kind: 'package';
      readonly submission: ReceivedSubmission;
      readonly remarks: readonly string[];
    }
  | { readonly kind: 'fault'; readonly fault: PackageFault; readonly submission?: ReceivedSubmission };

/** Reads a package. It never rejects, whatever the bytes are. */
export async function readXdm(
  _bytes: Uint8Array,
  _limits: PackageLimits = PACKAGE_LIMITS,
): Promise<PackageReading> {
  return { kind: 'fault', fault: packageFault('not-a-package') };
}
