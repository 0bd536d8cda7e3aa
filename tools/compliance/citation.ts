/** A paragraph of law, and how the server keeps it; `docs/compliance.md` is generated from these. */

/** A rule of ours, as the names of tests cite it: `compliance L2`, `audit-compliance AU20`, `identity ID-36`. */
export type RuleId =
  `${'compliance' | 'audit-compliance' | 'baa-messaging' | 'harmony' | 'identity' | 'smart'} ${string}`;

export interface Citation {
  /** `45 CFR 164.506(c)(2)`. */
  readonly law: string;
  /** What the server does. */
  readonly does: string;
  /** The rules whose tests show it; each has one at least. */
  readonly rules: readonly RuleId[];
  /** A request or command that proves it on a running server; undefined where only a test can. */
  readonly query?: string;
}

export interface CitationChapter {
  readonly title: string;
  readonly citations: readonly Citation[];
}
