/** A list as one text, whatever the order of its members and of their keys, to tell whether anything changed. */
export const canonicalJson = (list: readonly unknown[]): string => list.map(textOf).toSorted().join('\n');

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
