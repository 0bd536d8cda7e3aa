/** Whether a dateTime lies after another one, as far as both are precise. */
export function isLaterTime(one: string, other: string): boolean {
  if (one.includes('T') && other.includes('T')) return Date.parse(one) > Date.parse(other);
  const digits = Math.min(one.length, other.length, '2025-01-01'.length);
  return one.slice(0, digits) > other.slice(0, digits);
}
