/** The generated table of profiles: what a profile asks of a resource beyond R4. */

export interface ProfileRow {
  readonly type: string;
  readonly version: string;
  readonly rules: readonly ProfileRule[];
}

/** What is asked of one element. */
export interface ProfileRule {
  /** Below the resource, or below the members of `within`: `statusReason.text`, `output.value[x]`. */
  readonly path: string;
  /** Only these members are counted. */
  readonly slice?: Slice;
  /** The rule is about every one of these members. */
  readonly within?: Slice;
  readonly min?: number;
  readonly max?: number;
  /** The value has at least this. */
  readonly pattern?: unknown;
  /** `Reference(Patient,Group)`, as in the table of structures. */
  readonly types?: readonly string[];
}

/** Members of a list that are known by the value of one of their elements. */
export interface Slice {
  readonly name: string;
  readonly list: string;
  readonly by: string;
  readonly pattern: unknown;
}
