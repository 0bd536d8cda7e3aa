/**
 * `fixed[x]` and `pattern[x]` of any datatype
 * (http://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.fixed_x_).
 */

type Tree = Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

/**
 * Whether a value contains everything of the pattern; each member of a pattern's list matches some member of the
 * value's.
 */
export function matchesPattern(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(pattern)) {
    return (
      Array.isArray(value) &&
      pattern.every((part: unknown) => value.some((member: unknown) => matchesPattern(part, member)))
    );
  }
  if (!isTree(pattern)) return pattern === value;
  if (!isTree(value) || Array.isArray(value)) return false;
  return Object.entries(pattern).every(([name, part]) => matchesPattern(part, value[name]));
}

/** Whether the value is exactly this, with its ids and extensions. */
export function isFixed(fixed: unknown, value: unknown): boolean {
  if (!isTree(fixed) || !isTree(value)) return fixed === value;
  if (Array.isArray(fixed) !== Array.isArray(value)) return false;
  const names = Object.keys(fixed);
  return (
    names.length === Object.keys(value).length && names.every((name) => isFixed(fixed[name], value[name]))
  );
}

/** A pattern in words: the codes of a concept, else the profile's value itself. */
export function describePattern(pattern: unknown): string {
  if (!isTree(pattern)) return String(pattern);
  const { coding, system, code } = pattern;
  if (Array.isArray(coding)) return coding.map(describePattern).join(' and ');
  if (typeof code === 'string') return typeof system === 'string' ? `${system}#${code}` : code;
  return JSON.stringify(pattern).slice(0, DESCRIBED_MAX);
}

const DESCRIBED_MAX = 200;
