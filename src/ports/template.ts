/** Texts that are stored with the number and the time of their commit in them. */

/**
 * A stored text whose `seq` and `at` are not known before the commit: pieces of text with the commit's `seq` or `at`
 * between them. `pieces` has one more member than `holes`. The engine fills the holes with {@link stampText} (rules 3.1).
 * A long part may be handed over as ASCII bytes in shared memory: they fill a hole as well.
 */
export interface StampTemplate {
  readonly pieces: readonly string[];
  readonly holes: readonly ('seq' | 'at' | Uint8Array)[];
}

/** The one function that turns a template into stored text. `at` is an instant in UTC with milliseconds. */
export function stampText({ pieces, holes }: StampTemplate, seq: number, at: string): string {
  let text = pieces[0] ?? '';
  for (let i = 0; i < holes.length; i += 1) {
    const hole = holes[i];
    const filled =
      hole === 'seq'
        ? String(seq)
        : hole === 'at' || hole === undefined
          ? at
          : Buffer.from(hole.buffer, hole.byteOffset, hole.byteLength).toString('latin1');
    text += filled + (pieces[i + 1] ?? '');
  }
  return text;
}
