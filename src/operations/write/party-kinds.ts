/**
 * Guards the kinds of party (compliance D1). An administrator sets them. An organization may add to its own record that it
 * is a Part 2 program (42 CFR 2.11), because that only protects more; nobody promotes itself to anything else.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { note } from '../../referral/ruling.ts';
import { typeOf } from '../../resources/element.ts';
import {
  administratorsKinds,
  kindCodesIn,
  namesKind,
  OWN_KIND,
  withOwnKindsMarked,
} from '../../resources/parties/kinds.ts';
import { isProgramUnit, mayBeUnit, PART2_PROGRAM } from '../../resources/parties/program-unit.ts';
import { standingOf } from '../../resources/parties/standing.ts';
import { placesIn, replan, type Draft, type Planned } from './draft.ts';

/**
 * Checks what a caller who is no administrator makes of an Organization's kinds, and marks what the organization says of
 * itself.
 *
 * @throws OperationOutcomeError `party-kind-protected`
 */
export function guardKinds(draft: Draft, planned: Planned): void {
  const { ref, before, after } = planned;
  if (mayBeUnit(ref)) guardFlag(planned);
  if (typeOf(ref) !== 'Organization' || after === undefined) return;
  if (!namesKind(before) && !namesKind(after.plain)) return;
  const [old, now] = [new Set(kindCodesIn(before)), new Set(kindCodesIn(after.plain))];
  const added = [...now].filter((code) => !old.has(code));
  const taken = [...old].filter((code) => !now.has(code));
  const isOwnRecord = before !== undefined && standingOf(before) !== 'private';
  const mayAdd = added.every((code) => isOwnRecord && code === OWN_KIND);
  if (!mayAdd || (isOwnRecord && taken.length > 0)) {
    throw new OperationOutcomeError('party-kind-protected', {
      diagnostics: 'An administrator sets what kind of party an organization is.',
      expression: placesIn(planned, ['Organization.type']),
    });
  }
  if (!isOwnRecord) return;
  replan(draft, ref, (tree) => withOwnKindsMarked(tree, administratorsKinds(before)));
  if (added.length === 0) return;
  draft.notes.push({
    ...note(
      'information',
      `The server marks the kind ${OWN_KIND} as the organization’s own word (userSelected).`,
      [],
    ),
    expression: placesIn(planned, ['Organization.type']),
  });
}

/** A unit that is a program by itself (compliance P1) stays one until an administrator says otherwise. */
function guardFlag(planned: Planned): void {
  const { ref, before, after } = planned;
  if (!isProgramUnit(before) || isProgramUnit(after?.plain)) return;
  const path = `${typeOf(ref)}.extension.where(url='${PART2_PROGRAM}')`;
  throw new OperationOutcomeError('party-kind-protected', {
    diagnostics: 'An administrator says that a unit is a program of 42 CFR Part 2 no more.',
    expression: placesIn(planned, [path]),
  });
}
