/** Audit packages that are made while their asker does something else (FHIR's asynchronous pattern; audit-compliance AU15). */
import type { Ref } from '../fhir/types.ts';

/** What a package is asked for. */
export interface PackageQuery {
  readonly organization: Ref;
  /** Milliseconds since 1970, both inclusive. */
  readonly from: number;
  readonly to: number;
  readonly patient?: Ref;
  /** A ServiceRequest or a Task. */
  readonly referral?: Ref;
}

export interface PackagedFile {
  readonly name: string;
  readonly bytes: number;
  readonly rows: number;
  readonly sha256: string;
}

export type PackageState =
  | { readonly state: 'working' }
  | { readonly state: 'failed' }
  | { readonly state: 'done'; readonly files: readonly PackagedFile[]; readonly until: number };

/** Packages are seen by the organization that asked for them alone; they go after a day, and when the server stops. */
export interface AuditPackages {
  /** Begins one; undefined when the organization has one at work or keeps too many, or too many are. @returns its id */
  begin(query: PackageQuery, askedBy: string): string | undefined;
  stateOf(id: string, organization: Ref): PackageState | undefined;
  /** Ends and removes it; false when there is none. */
  cancel(id: string, organization: Ref): Promise<boolean>;
  /** A part of a file, which ends with the file; undefined when there is no such file. */
  read(id: string, organization: Ref, name: string, offset: number): Promise<Buffer | undefined>;
}
