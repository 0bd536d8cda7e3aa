/** The elements of a summary (http://hl7.org/fhir/R4/search.html#summary), from R4's element definitions. */
import summaries from './generated/summary.json' with { type: 'json' };

interface SummaryElements {
  /** The elements that `_summary=true` shows. */
  readonly summary: ReadonlySet<string>;
  /** The elements that are always shown, so that a part of a resource is still valid. */
  readonly mandatory: ReadonlySet<string>;
  /** Paths inside the summary that are not part of it: `content.attachment.data`. */
  readonly hidden: readonly (readonly string[])[];
}

const rows: Readonly<Record<string, readonly string[]>> = summaries;
const known = new Map<string, SummaryElements>();

export function summaryElements(type: string): SummaryElements {
  const remembered = known.get(type);
  if (remembered !== undefined) return remembered;
  const elements = Object.hasOwn(rows, type) ? (rows[type] ?? []) : [];
  const read: SummaryElements = {
    summary: new Set(elements.filter((name) => !/^[+-]/.test(name)).map(unmarked)),
    hidden: elements.filter((name) => name.startsWith('-')).map((name) => name.slice(1).split('.')),
    mandatory: new Set(elements.filter((name) => /^[!+]/.test(name)).map(unmarked)),
  };
  known.set(type, read);
  return read;
}

const unmarked = (name: string): string => name.replace(/^[!+]/, '');
