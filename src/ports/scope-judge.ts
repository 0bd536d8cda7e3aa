/** What an engine asks about scopes that narrow a type, of versions whose values its indexes may not have any more. */
import type { Ref } from '../fhir/types.ts';
import type { Clause, SearchValue } from './query.ts';

/** A version, by what a clause looks at. */
interface JudgedVersion {
  readonly ref: Ref;
  readonly type: string;
  readonly values: readonly SearchValue[];
  /** Whether it is in the directory. */
  readonly everyone: boolean;
  /** The organization that keeps it; '' for the server itself. */
  readonly keeper: Ref | '';
}

export interface ScopeJudge {
  /** The search values that a write of this text has. */
  readonly valuesIn: (text: string) => readonly SearchValue[];
  /** Whether a version satisfies a clause that looks at nothing but the version. */
  readonly satisfies: (clause: Clause, version: JudgedVersion) => boolean;
}
