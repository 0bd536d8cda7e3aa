/**
 * `chain.ndjson` of a package (audit-compliance AU18): every commit of the period in order, so that the chain can be
 * computed; the texts of those rows alone that the organization may have whole.
 */

/** A commit of the log. */
interface ChainedCommit {
  readonly seq: number;
  readonly at: number;
  readonly members: string;
  readonly hash: string;
}

/** What the chain has of the members of a commit. */
interface ChainParts {
  /** Members of the second form in their two parts; undefined for a commit of an earlier release. */
  readonly split: { readonly head: string; readonly tail: string } | undefined;
  readonly link: string;
}

/** Which rows of a commit go into the package. */
export interface ShownRows {
  /** Texts of those that may be had whole, by their positions. */
  readonly texts: ReadonlyMap<number, string>;
  /** These are all rows of the commit. */
  readonly all: boolean;
  /** Some row is in the package, whole or in part. */
  readonly some: boolean;
}

export function chainLine(
  { seq, at, members, hash }: ChainedCommit,
  previous: string,
  { split, link }: ChainParts,
  { texts, all, some }: ShownRows,
): string {
  const place = { seq, at, previous, hash };
  const rows = texts.size > 0 ? { rows: Object.fromEntries(texts) } : {};
  if (split !== undefined) return json(some ? { ...place, ...split, ...rows } : { ...place, link });
  return json(all && some ? { ...place, members, ...rows } : { ...place, ...rows });
}

const json = (line: object): string => `${JSON.stringify(line)}\n`;
