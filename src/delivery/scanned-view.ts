/**
 * What a rail reads where files are scanned (baa-messaging MS12): a version with a file in which malware is found, or of which
 * nothing is known, is not read at all, so that no rail can send it.
 */
import type { ScanVerdict } from '../ports/scanner.ts';
import type { Snapshot, Version } from '../ports/store.ts';

/** Scans what a version holds. */
export type ScanTold = (
  version: Pick<Version, 'ref' | 'seq' | 'custodian'> & { readonly text: string },
) => Promise<ScanVerdict>;

/** Something that was to leave holds malware, by the name of what was found; or it could not be scanned. */
export class FileNotClean extends Error {
  readonly found: string | undefined;

  constructor(said: Exclude<ScanVerdict, { readonly verdict: 'clean' }>) {
    super(said.verdict === 'infected' ? `malware: ${said.found}` : `scanner: ${said.why}`);
    this.name = 'FileNotClean';
    this.found = said.verdict === 'infected' ? said.found : undefined;
  }
}

/** A snapshot whose reads throw {@link FileNotClean}; `noted` is told of each, for a rail that goes on without. */
export function scannedSnapshot(
  snapshot: Snapshot,
  scan: ScanTold,
  noted: (fault: FileNotClean) => void,
): Snapshot {
  async function check(
    version: Pick<Version, 'ref' | 'seq' | 'custodian' | 'text'> | undefined,
  ): Promise<void> {
    if (version?.text === undefined) return;
    const said = await scan({ ...version, text: version.text });
    if (said.verdict === 'clean') return;
    const fault = new FileNotClean(said);
    noted(fault);
    throw fault;
  }

  return {
    ...snapshot,
    async read(ref, sight) {
      const version = await snapshot.read(ref, sight);
      await check(version);
      return version;
    },
    async vread(ref, seq, sight) {
      const version = await snapshot.vread(ref, seq, sight);
      await check(version);
      return version;
    },
    async history(query, signal) {
      const page = await snapshot.history(query, signal);
      for (const version of page.versions) await check(version);
      return page;
    },
    async search(query, signal) {
      const page = await snapshot.search(query, signal);
      for (const match of page.matches) await check(match);
      return page;
    },
  };
}
