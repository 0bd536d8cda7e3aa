/**
 * Slicing (http://hl7.org/fhir/R4/profiling.html#slicing): discriminators tell members of a list, or types of a choice,
 * apart; each slice has its own count and rules. A slice may be sliced again.
 */
import { faultsOfCandidate, isMember } from './discriminate.ts';
import { describePattern } from './match.ts';
import type { Node } from './node.ts';
import { addFault, addRemark, ruleBelow, type Check, type ProfileVerdict } from './profile-check.ts';
import type { ElementRule, SlicingRule } from './profile-row.ts';

type Slices = readonly (readonly [name: string, rule: ElementRule])[];

/** The slice of a member: the first to which it surely belongs, or those to which it may belong. */
interface Member {
  readonly node: Node;
  readonly slice: string | undefined;
  readonly perhaps: readonly string[];
}

/** Checks the values of an element by its slices. */
export function checkSlices(check: Check, rule: ElementRule, place: string, nodes: readonly Node[]): void {
  const { slicing = UNSAID, slices } = rule;
  if (slices === undefined && slicing.rules === 'open') return;
  const named: Slices = Object.entries(slices ?? {});
  const members = nodes.map((node) => assign(check, slicing, named, node));
  for (const [name, slice] of named) checkSlice(check, slicing, name, slice, place, members);
  checkStrays(check, slicing, members);
  if (slicing.ordered === true) checkOrder(check, named, members);
}

const UNSAID: SlicingRule = { by: [], rules: 'open' };

function assign(check: Check, slicing: SlicingRule, slices: Slices, node: Node): Member {
  const perhaps: string[] = [];
  for (const [name, slice] of slices) {
    const verdict: ProfileVerdict = isMember(check, slicing, slice, node);
    if (verdict === 'yes') return { node, slice: name, perhaps: [] };
    if (verdict === 'maybe') perhaps.push(name);
  }
  return { node, slice: undefined, perhaps };
}

function checkSlice(
  check: Check,
  slicing: SlicingRule,
  name: string,
  rule: ElementRule,
  place: string,
  members: readonly Member[],
): void {
  const nodes = members.filter(({ slice }) => slice === name).map(({ node }) => node);
  const perhaps = members.filter((member) => member.perhaps.includes(name)).length;
  const { min = 0, max = Infinity } = rule;
  const [kind, one] = [`slice ${name}`, oneOf(check, slicing, name, rule)];
  if (nodes.length + perhaps < min) {
    addFault(check, place, kind, `${check.name} needs ${min === 1 ? one : `at least ${min} of ${one}`}`);
    const strays = members.filter(({ slice }) => slice === undefined).map(({ node }) => node);
    check.found.push(...faultsOfCandidate(check, slicing, rule, strays));
  } else if (nodes.length < min)
    addRemark(check, place, kind, `whether ${one} is there could not be told (${check.name})`);
  if (nodes.length > max)
    addFault(
      check,
      place,
      kind,
      max === 0 ? `${check.name} does not allow ${one}` : `${check.name} allows at most ${max} of ${one}`,
    );
  if (
    nodes.length + perhaps === 0 &&
    rule.mustSupport === true &&
    min === 0 &&
    max > 0 &&
    check.around.thorough === true
  )
    addRemark(
      check,
      place,
      `must-support ${name}`,
      `${check.name} wants systems to support ${one}; it is not there`,
    );
  for (const node of nodes) check.checkValue(check, rule, node);
  checkSlices(check, rule, place, nodes);
}

/** The description of a slice, for a person. */
function oneOf(check: Check, { by }: SlicingRule, name: string, rule: ElementRule): string {
  for (const { type, path } of by) {
    const told = type === 'value' || type === 'pattern' ? valueAt(check, rule, path) : undefined;
    if (told !== undefined)
      return path === 'url'
        ? `the extension ${describePattern(told)}`
        : `one whose ${path} is ${describePattern(told)}`;
  }
  return `one as slice ${name}`;
}

function valueAt(check: Check, rule: ElementRule, path: string): unknown {
  let at: ElementRule | undefined = rule;
  for (const part of path === '$this' ? [] : path.split('.'))
    at = at === undefined ? undefined : ruleBelow(check.around, at, part);
  return at?.fixed ?? at?.pattern;
}

/** Members of no slice are forbidden, or allowed only at the end. */
function checkStrays(check: Check, { rules }: SlicingRule, members: readonly Member[]): void {
  if (rules === 'open') return;
  const last = members.findLastIndex(({ slice }) => slice !== undefined);
  for (const [index, { node, slice, perhaps }] of members.entries()) {
    if (slice !== undefined || perhaps.length > 0) continue;
    if (rules === 'closed')
      addFault(check, node.place, 'closed', `${check.name} allows no other than its slices`);
    else if (index < last)
      addFault(check, node.place, 'end', `${check.name} allows others only after its slices`);
  }
}

function checkOrder(check: Check, slices: Slices, members: readonly Member[]): void {
  let reached = 0;
  for (const { node, slice } of members) {
    if (slice === undefined) continue;
    const at = slices.findIndex(([name]) => name === slice);
    if (at < reached)
      return addFault(
        check,
        node.place,
        'order',
        `${check.name} wants slices in their order; ${slice} comes earlier`,
      );
    reached = at;
  }
}
