/** The state of one validation: its findings, and the context that its checks need. */
import type { IssueDetail } from '../../fhir/issue.ts';
import type { Resource } from '../../fhir/types.ts';

/** A fault, by the JSON pointer of its place. */
export interface ValidationFinding {
  readonly code: IssueDetail['code'];
  readonly type: NonNullable<IssueDetail['type']>;
  readonly place: string;
  readonly says: string;
  /** Default: an error. */
  readonly severity?: IssueDetail['severity'];
  /** The rule that is broken. The same breach at the same place is reported once. */
  readonly kind?: string;
}

/** A resource with its place. */
export interface Met {
  readonly resource: Resource;
  readonly place: string;
}

/** A check that only makes sense for a value that is sound in itself. */
interface Later {
  /** The check does not run when there is a finding here or below. */
  readonly within: string;
  readonly check: () => void;
}

export interface ValidationRun {
  readonly found: ValidationFinding[];
  readonly later: Later[];
  /**
   * The resources met, each with the one in which its `#id` references are resolved: a contained resource shares its
   * container's.
   */
  readonly resources: (Met & { readonly container: Met })[];
  /** Every extension, with its place. */
  readonly extensions: { readonly value: unknown; readonly place: string }[];
  /** Every Coding, with its place. */
  readonly codings: { readonly value: unknown; readonly place: string }[];
  /** Elements with an id of their own; the id of a resource is something else. */
  readonly ids: { readonly id: unknown; readonly place: string }[];
  /** The nearest resource that is not contained. */
  container: Met;
}

/** The number of faults after which a validation stops looking; remarks are counted apart. An outcome has fewer. */
export const FOUND_MAX = 100;

export const isError = ({ severity = 'error' }: Pick<ValidationFinding, 'severity'>): boolean =>
  severity === 'error' || severity === 'fatal';

const full = {
  faults: new WeakSet<readonly ValidationFinding[]>(),
  remarks: new WeakSet<readonly ValidationFinding[]>(),
};

/** Adds a finding, unless there are enough of its kind. */
export function keepFinding(found: ValidationFinding[], one: ValidationFinding): void {
  if (found.length > FOUND_MAX && isFull(found, isError(one))) return;
  found.push(one);
}

function isFull(found: readonly ValidationFinding[], asError: boolean): boolean {
  const known = asError ? full.faults : full.remarks;
  if (known.has(found)) return true;
  if (found.filter((each) => isError(each) === asError).length <= FOUND_MAX) return false;
  known.add(found);
  return true;
}

export function addFinding(
  run: ValidationRun,
  place: string,
  says: string,
  type: ValidationFinding['type'] = 'structure',
): void {
  keepFinding(run.found, { code: 'structure-invalid', type, place, says });
}

export function addMissing(run: ValidationRun, place: string, says: string): void {
  keepFinding(run.found, { code: 'field-missing', type: 'required', place, says });
}

/** Runs the checks that had to wait. */
export function runLater({ found, later }: ValidationRun): void {
  if (found.length > FOUND_MAX) return;
  const places = found.map(({ place }) => `${place}/`);
  for (const { within, check } of later) {
    if (found.length > FOUND_MAX) return;
    if (!places.some((place) => place.startsWith(`${within}/`))) check();
  }
}
