/**
 * Discriminators (http://hl7.org/fhir/R4/profiling.html#discriminator): whether a value belongs to a slice. The check
 * follows a path from the value, and the same path through the rules of the slice. Paths are FHIRPath as far as R4
 * allows it here.
 */
import { codingsOf, membershipOfAny } from './bound-codes.ts';
import { isFixed, matchesPattern } from './match.ts';
import { childNodesOf, isOfType, type Node } from './node.ts';
import {
  allOf,
  anyVerdict,
  apart,
  isError,
  profileRow,
  ruleBelow,
  type Check,
  type Stand,
  type ProfileVerdict,
} from './profile-check.ts';
import type { Discriminator, ElementRule, SlicingRule } from './profile-row.ts';
import { shownType } from './references.ts';
import type { ValidationFinding } from './run.ts';
import { conforms, isTarget, judge, judgeValue, targetOf } from './target-check.ts';
import { containerAt } from './targets.ts';

/** Whether a value belongs to a slice. Without discriminators it does when it meets the rules of the slice. */
export function isMember(check: Check, { by }: SlicingRule, slice: ElementRule, node: Node): ProfileVerdict {
  if (by.length === 0) return isAsAsked(check, slice, node);
  return allOf(by.map(({ type, path }) => follow(check, type, node, slice, stepsOf(path))));
}

type Kind = Discriminator['type'];

const paths = new Map<string, readonly string[]>();

/** The steps of a path: `$this.resolve().code` is `resolve()`, `code`. Dots in a URL do not separate steps. */
function stepsOf(path: string): readonly string[] {
  const steps =
    paths.get(path) ?? (path.match(/[\w$-]+(?:\([^)]*\))?/g) ?? []).filter((step) => step !== '$this');
  paths.set(path, steps);
  return steps;
}

/** Follows a path from a value, and through the slice's rule for it. */
function follow(
  check: Check,
  kind: Kind,
  node: Node,
  rule: ElementRule,
  steps: readonly string[],
): ProfileVerdict {
  const [step, ...rest] = steps;
  if (step === undefined) return test(check, kind, node, rule);
  const whole = kind === 'value' || kind === 'pattern' ? byWhole(rule, node) : undefined;
  if (whole !== undefined) return whole;
  if (step === 'resolve()') return followReference(check, kind, node, rule, rest);
  const of = /^(?:ofType|as)\((?<type>\w+)\)$/.exec(step)?.groups?.['type'];
  if (of !== undefined) return node.type === of ? follow(check, kind, node, rule, rest) : 'no';
  const url = /^extension\(['"](?<url>.*)['"]\)$/.exec(step)?.groups?.['url'];
  const name = url === undefined ? step : 'extension';
  const [values, below] = [
    childNodesOf(node, name).filter((value) => isNamed(value, url)),
    ruleFor(check, rule, name, url),
  ];
  if (kind === 'exists' && rest.length === 0) return exists(values, below);
  if (below === undefined) return 'yes'; // the slice has no rule for it, so it distinguishes nothing
  if (values.length === 0) return (below.min ?? 0) === 0 && below.max === 0 ? 'yes' : 'no';
  return anyVerdict(values.map((value) => follow(check, kind, value, below, rest)));
}

const isNamed = ({ value }: Node, url: string | undefined): boolean =>
  url === undefined || (value as { url?: unknown } | undefined)?.url === url; // an extension

function ruleFor(
  check: Check,
  rule: ElementRule,
  name: string,
  url: string | undefined,
): ElementRule | undefined {
  const below = ruleBelow(check.around, rule, name);
  if (url === undefined) return below;
  return Object.values(below?.slices ?? {}).find((slice) => slice.elements?.['url']?.fixed === url);
}

/** A value that the slice fixes higher up is also fixed at the end of the path. */
function byWhole({ fixed, pattern }: ElementRule, { value }: Node): ProfileVerdict | undefined {
  if (fixed !== undefined) return isFixed(fixed, value) ? 'yes' : 'no';
  if (pattern !== undefined) return matchesPattern(pattern, value) ? 'yes' : 'no';
  return undefined;
}

function exists(values: readonly Node[], rule: ElementRule | undefined): ProfileVerdict {
  if (rule === undefined) return 'yes';
  return values.length > 0 === (rule.max !== 0) ? 'yes' : 'no';
}

function followReference(
  check: Check,
  kind: Kind,
  node: Node,
  rule: ElementRule,
  rest: readonly string[],
): ProfileVerdict {
  const targets = (rule.types ?? []).flatMap((type) => type.targets ?? []);
  if (rest.length === 0 && (kind === 'type' || kind === 'profile'))
    return targets.length === 0 ? 'yes' : isTarget(check, targets, node, kind, typeShown(check, node));
  const target = targetOf(check, node);
  if (target === undefined) return targets.length > 0 && kind === 'exists' ? 'no' : 'maybe';
  const { resource, place } = target;
  const inner: Check = { ...check, stand: target };
  const rules = targets.flatMap(([type, profile]) =>
    type === resource.resourceType ? [profileRow(check.around, profile ?? '')?.rule ?? {}] : [],
  );
  const found: Node = { value: resource, place, type: resource.resourceType };
  return anyVerdict(rules.map((each) => follow(inner, kind, found, each, rest)));
}

function typeShown(check: Check, { value, place }: Node): string | undefined {
  return typeof value === 'object' && value !== null
    ? shownType(containerAt(check.stand.root, place), value)
    : undefined;
}

/** The condition at the end of a path, by the kind of the discriminator. */
function test(check: Check, kind: Kind, node: Node, rule: ElementRule): ProfileVerdict {
  switch (kind) {
    case 'type':
      return rule.types === undefined || rule.types.some(({ code }) => isOfType(node.type, code))
        ? 'yes'
        : 'no';
    case 'profile':
      return hasProfile(check, node, rule);
    case 'exists':
      return rule.max === 0 ? 'no' : 'yes';
    default:
      return byWhole(rule, node) ?? byCodes(check, node, rule) ?? isAsAsked(check, rule, node);
  }
}

function byCodes(check: Check, node: Node, { binding }: ElementRule): ProfileVerdict | undefined {
  if (binding?.strength !== 'required') return undefined;
  const found = membershipOfAny(check, binding.valueSet, codingsOf(node));
  return found === 'member' ? 'yes' : found === 'unknown' ? 'maybe' : 'no';
}

function hasProfile(check: Check, node: Node, rule: ElementRule): ProfileVerdict {
  const fitting = (rule.types ?? []).filter(({ code }) => isOfType(node.type, code));
  if (rule.types !== undefined && fitting.length === 0) return 'no';
  const profiles = fitting.flatMap((type) => type.profiles ?? []);
  if (profiles.length === 0) return 'yes';
  return anyVerdict(profiles.map((profile) => holds(check, node, profile)));
}

function holds(check: Check, node: Node, profile: string): ProfileVerdict {
  const { value, place } = node;
  if (typeof value === 'object' && value !== null && 'resourceType' in value)
    return conforms(
      check,
      { ...check.stand, resource: value as typeof check.stand.resource, place },
      profile,
    ); // it says its type
  const found = judgeValue(check, node, profile);
  return found === undefined ? 'maybe' : found.some(isError) ? 'no' : 'yes';
}

/** Whether a value breaks no part of a rule. */
function isAsAsked(check: Check, rule: ElementRule, node: Node): ProfileVerdict {
  const inner = apart(check);
  inner.checkValue(inner, rule, node);
  return inner.found.some(isError) ? 'no' : 'yes';
}

/**
 * Why values do not belong to a slice that is named by a profile: the rules that the values of the right type break.
 * Only for the first such value, which most likely was meant to be the missing slice.
 */
export function faultsOfCandidate(
  check: Check,
  { by }: SlicingRule,
  slice: ElementRule,
  nodes: readonly Node[],
): readonly ValidationFinding[] {
  const path = by.find(({ type }) => type === 'profile')?.path;
  if (path === undefined) return [];
  for (const node of nodes) {
    const found = faultsAlong(check, node, slice, stepsOf(path)).filter(isError);
    if (found.length > 0) return found;
  }
  return [];
}

function faultsAlong(
  check: Check,
  node: Node,
  rule: ElementRule,
  steps: readonly string[],
): readonly ValidationFinding[] {
  const [step, ...rest] = steps;
  if (step === undefined || step === 'resolve()') {
    const found: Stand | undefined = step === undefined ? standOf(check, node) : targetOf(check, node);
    const type = found?.resource.resourceType;
    const profiles = (rule.types ?? []).flatMap(({ profiles: own = [], targets = [] }) => [
      ...own,
      ...targets.flatMap(([, profile]) => profile ?? []),
    ]);
    const profile = profiles.find((each) => profileRow(check.around, each)?.type === type);
    // A value outside the judged resource has no place in it.
    return found === undefined || profile === undefined || found.root !== check.stand.root
      ? []
      : (judge(check, found, profile) ?? []);
  }
  const below = ruleBelow(check.around, rule, step);
  return below === undefined
    ? []
    : childNodesOf(node, step).flatMap((child) => faultsAlong(check, child, below, rest));
}

function standOf(check: Check, { value, place }: Node): Stand | undefined {
  return typeof value === 'object' && value !== null && 'resourceType' in value
    ? { ...check.stand, resource: value as Stand['resource'], place } // it says its type
    : undefined;
}
