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
}

/** A resource met on the way, with the one that its `#id` references are resolved in. */
export interface Met {
  readonly resource: Resource;
  readonly place: string;
  readonly container: Resource;
}

export interface Run {
  readonly found: Found[];
  /** Checks that make sense only of what is sound in itself: they run when nothing was found. */
  readonly later: (() => void)[];
  /** Resources met: the one validated, contained ones, those in entries. */
  readonly resources: Met[];
  /** The resource whose `contained` a `#id` names: the nearest that is not contained itself. */
  container: Resource;
}

/** Past this many, a validation stops looking. */
export const FOUND_MAX = 100;

export function add(run: Run, place: string, says: string, type: Found['type'] = 'structure'): void {
  run.found.push({ code: 'structure-invalid', type, place, says });
}

export function addMissing(run: Run, place: string, says: string): void {
  run.found.push({ code: 'field-missing', type: 'required', place, says });
}
