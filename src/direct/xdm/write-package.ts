/** Writes an XDM package (ITI-32; direct-xdm 7): the same submission is the same bytes, on any machine. */
import type { Submission } from './submission.ts';

/** Who sends the package, as INDEX.HTM and README.TXT tell people. */
export interface PackageAbout {
  /** The name of the organization that sends it. */
  readonly institution: string;
  /** Name and version of the program that made it. */
  readonly application: string;
  /** How to reach the organization; the Direct address of the author where there is nothing else. */
  readonly contact?: string;
  /** The notice of 42 CFR 2.32 and the scope of the consent, a paragraph each, where it is owed (compliance P30). */
  readonly notice?: readonly string[];
}

/**
 * The package as a zip archive.
 *
 * @throws TypeError when the submission is none of 360X: no document, or an id that is no OID
 */
export async function writeXdm(_submission: Submission, _about: PackageAbout): Promise<Uint8Array> {
  throw new TypeError('packages are not written yet');
}
