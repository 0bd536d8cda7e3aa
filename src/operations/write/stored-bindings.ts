/**
 * Bindings to value sets that are stored here and not packaged. What is packaged goes first: nobody changes what is asked of
 * everybody by writing a ValueSet (docs/adr/0018).
 */
import type { IssueDetail } from '../../fhir/issue.ts';
import type { TerminologySource } from '../../resources/terminology/terminology-source.ts';
import { membershipOf } from '../../resources/terminology/membership.ts';
import { PACKAGED } from '../../resources/terminology/packaged.ts';
import type { Around } from '../../resources/validate.ts';
import { loadTerminology, type Seeing } from '../terminology.ts';

type MembershipOf = NonNullable<Around['membershipOf']>;
type Judge = (membershipOf: MembershipOf) => Promise<readonly IssueDetail[]>;

/** Judges by what is packaged; when that does not tell, again by what is stored as well. */
export async function judgeWithStored(seeing: Seeing, judge: Judge): Promise<readonly IssueDetail[]> {
  const unknown = new Set<string>();
  const details = await judge((valueSet, coding) => {
    const membership = tell(PACKAGED, valueSet, coding);
    if (membership === 'unknown') unknown.add(valueSet);
    return membership;
  });
  if (unknown.size === 0) return details;
  const held = await loadTerminology(seeing, { valueSets: [...unknown] });
  return judge((valueSet, coding) => {
    const membership = tell(PACKAGED, valueSet, coding);
    return membership === 'unknown' ? tell(held, valueSet, coding) : membership;
  });
}

function tell(
  held: TerminologySource,
  ...[valueSet, coding]: Parameters<MembershipOf>
): ReturnType<MembershipOf> {
  try {
    return membershipOf(held, valueSet, coding);
  } catch {
    return 'unknown'; // too costly to tell
  }
}
