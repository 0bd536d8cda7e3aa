/** One validation under way: what was found, and what its checks must know of the resource around them. */
import type { IssueDetail } from '../../fhir/issue.ts';
import type { Resource } from '../../fhir/types.ts';

/** Something wrong, by the JSON pointer of its place. */
export interface Found {
  readonly code: IssueDetail['code'];
  readonly type: NonNullable<IssueDetail['type']>;
  readonly place: string;
  readonly says: string;
  /** An error unless said otherwise. */
  readonly severity?: IssueDetail['severity'];
  /** Of which rule it is a breach: the same breach at the same place is told once. */
  readonly kind?: string;
}

/** A resource with the place where it stands. */
export interface Met {
  readonly resource: Resource;
  readonly place: string;
}

/** A check that makes sense only of what is sound in itself. */
interface Later {
  /** It is left out when something was found here or below. */
  readonly within: string;
  readonly check: () => void;
}

export interface Run {
  readonly found: Found[];
  readonly later: Later[];
  /** Resources met, each with the one that its `#id` references are resolved in: what is contained shares its container's. */
  readonly resources: (Met & { readonly container: Met })[];
  /** Every extension, with its place. */
  readonly extensions: { readonly value: unknown; readonly place: string }[];
  /** Every Coding, with its place. */
  readonly codings: { readonly value: unknown; readonly place: string }[];
  /** Elements with an id of their own; of a resource it is another thing. */
  readonly ids: { readonly id: unknown; readonly place: string }[];
  /** The nearest resource that is not contained itself. */
  container: Met;
}

/** Past this many faults, a validation stops looking; remarks are counted by themselves. An outcome tells fewer. */
export const FOUND_MAX = 100;

export const isError = ({ severity = 'error' }: Pick<Found, 'severity'>): boolean =>
  severity === 'error' || severity === 'fatal';

const full = { faults: new WeakSet<readonly Found[]>(), remarks: new WeakSet<readonly Found[]>() };

/** Adds what was found, unless there is enough of its kind. */
export function note(found: Found[], one: Found): void {
  if (found.length > FOUND_MAX && isFull(found, isError(one))) return;
  found.push(one);
}

function isFull(found: readonly Found[], asError: boolean): boolean {
  const known = asError ? full.faults : full.remarks;
  if (known.has(found)) return true;
  if (found.filter((each) => isError(each) === asError).length <= FOUND_MAX) return false;
  known.add(found);
  return true;
}

export function add(run: Run, place: string, says: string, type: Found['type'] = 'structure'): void {
  note(run.found, { code: 'structure-invalid', type, place, says });
}

export function addMissing(run: Run, place: string, says: string): void {
  note(run.found, { code: 'field-missing', type: 'required', place, says });
}

/** Runs the checks that had to wait. */
export function runLater({ found, later }: Run): void {
  if (found.length > FOUND_MAX) return;
  const places = found.map(({ place }) => `${place}/`);
  for (const { within, check } of later) {
    if (found.length > FOUND_MAX) return;
    if (!places.some((place) => place.startsWith(`${within}/`))) check();
  }
}
