/**
 * What a conversion could not carry over, told so that nothing is lost without a word. The source itself is always kept,
 * so a loss is one of the converted form alone.
 */

/** What became of it, by the code of its kind. */
export const LOSS_KINDS = {
  unmapped: 'The other side has no place for it.',
  narrowed: 'It became coarser: a precision, a code.',
  defaulted: 'The other side requires it, and the server filled it in.',
  unresolved: 'It refers to what is not there.',
  'unmapped-system': 'Its code system has no name on the other side.',
  masked: 'It was held back on purpose.',
} as const;

export type LossKind = keyof typeof LOSS_KINDS;

export interface Loss {
  /** From C-CDA to FHIR, or from FHIR to C-CDA. */
  readonly direction: 'in' | 'out';
  readonly kind: LossKind;
  /** An XPath into the document, or a FHIRPath into the resources: where the source stands. */
  readonly at: string;
  /** A sentence for people, without a value of the source, which may name a patient. */
  readonly what: string;
}

/** Losses that one conversion tells; the last one says how many more there were. */
const LOSSES_MAX = 1000;

export interface Losses {
  readonly add: (kind: LossKind, at: string, what: string) => void;
  readonly list: () => readonly Loss[];
}

/** Collects the losses of one conversion; the same loss at the same place is told once. */
export function createLosses(direction: Loss['direction']): Losses {
  const told = new Map<string, Loss>();
  let more = 0;
  return {
    add(kind, at, what) {
      const key = `${kind} ${at} ${what}`;
      if (told.has(key)) return;
      if (told.size >= LOSSES_MAX) more += 1;
      else told.set(key, { direction, kind, at, what });
    },
    list: () => [
      ...told.values(),
      ...(more === 0 ? [] : [{ direction, kind: 'unmapped', at: '/', what: `and ${more} more` } as const]),
    ],
  };
}
