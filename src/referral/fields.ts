/**
 * The fields of a referral Task that may still change once the initiator has sent it, and who may change them (rules
 * 1.4).
 */
import { isDeepStrictEqual } from 'node:util';
import type { CodeableConcept, Ref, Reference, Resource } from '../fhir/types.ts';
import { refuse, type Refusal } from './ruling.ts';
import { isFulfill, readState } from './state.ts';
import type { Party } from './transitions.ts';

interface FieldChange {
  /** The Task before the write; undefined when the write creates it. */
  readonly before: Resource | undefined;
  /** The Task as written. */
  readonly after: Resource;
  readonly actors: ReadonlySet<Party>;
  /** The organizations that the owner stands for before and after the write; undefined where it stands for none. */
  readonly ownerBefore: Ref | undefined;
  readonly ownerAfter: Ref | undefined;
  /** `ServiceRequest.subject` of the Task's focus; undefined where the focus has none that the server can read. */
  readonly subject: Reference | undefined;
}

interface FieldRule {
  readonly element: string;
  readonly rule: string;
  readonly issue: 'field-frozen' | 'referral-rule';
  /**
   * The stage from which the rule holds. A frozen field is checked from the first write after the referral was sent.
   */
  readonly from: 'creation' | 'sending' | 'after-sending';
  readonly holds: (change: FieldChange) => boolean;
}

const frozen = (element: string, isSame: (before: unknown, after: unknown) => boolean): FieldRule => ({
  element,
  rule: `Task.${element} is frozen once the referral has been sent.`,
  issue: 'field-frozen',
  from: 'after-sending',
  holds: ({ before, after }) => isSame(before?.[element], after[element]),
});

export const FIELD_RULES: readonly FieldRule[] = [
  frozen('requester', isSameReference),
  frozen('focus', isSameReference),
  frozen('for', (before, after) => before === undefined || isSameReference(before, after)),
  frozen('code', isSameCode),
  frozen('intent', isDeepStrictEqual),
  {
    element: 'owner',
    rule: 'Once the referral has been sent, Task.owner changes only to a role or service of the same organization.',
    issue: 'field-frozen',
    from: 'after-sending',
    holds: isNarrowed,
  },
  {
    element: 'output',
    rule: 'Only the Referral Recipient adds to Task.output; nobody changes or removes an output.',
    issue: 'field-frozen',
    from: 'creation',
    holds: ({ before, after, actors }) => {
      const { added, removed } = compareOutput(before, after);
      return removed === 0 && (added === 0 || actors.has('referralRecipient'));
    },
  },
  {
    element: 'for',
    rule: 'Task.for equals the subject of the ServiceRequest.',
    issue: 'referral-rule',
    from: 'sending',
    holds: ({ after, subject }) =>
      subject === undefined || after['for'] === undefined || isSameReference(subject, after['for']),
  },
];

/** The first kind of rule that a write breaks, with every field that breaks it; undefined when all hold. */
export function checkFields(change: FieldChange): Refusal | undefined {
  const stage = stageOf(change);
  const broken = FIELD_RULES.filter(({ from, holds }) => STAGES.indexOf(from) <= stage && !holds(change));
  const issue = broken[0]?.issue;
  if (issue === undefined) return undefined;
  const alike = broken.filter((rule) => rule.issue === issue);
  const says = alike.map(({ rule }) => rule).join(' ');
  return refuse(
    issue,
    says,
    alike.map(({ element }) => `Task.${element}`),
  );
}

/** Whether a write adds a `Task.output`: the evidence of an interim note or an outcome. */
export const addsOutput = (before: Resource | undefined, after: Resource): boolean =>
  compareOutput(before, after).added > 0;

const STAGES: readonly FieldRule['from'][] = ['creation', 'sending', 'after-sending'];

function stageOf({ before, after }: FieldChange): number {
  if (readState(after) === 'draft') return STAGES.indexOf('creation');
  const sent = before !== undefined && readState(before) !== 'draft';
  return STAGES.indexOf(sent ? 'after-sending' : 'sending');
}

/** Outputs of `after` that `before` lacks, and of `before` that `after` lacks; each counts once, in any order. */
function compareOutput(before: Resource | undefined, after: Resource): { added: number; removed: number } {
  const left = [...listOf(before?.['output'])];
  const added = listOf(after['output']).filter((output) => {
    const at = left.findIndex((other) => isDeepStrictEqual(other, output));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return { added: added.length, removed: left.length };
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/**
 * Whether two references have the same target: the same literal without its version, else the same identifier. Another
 * display is no change.
 */
export function isSameReference(before: unknown, after: unknown): boolean {
  const [a, b] = [before as Reference | undefined, after as Reference | undefined]; // validated structure
  if (a?.reference !== undefined || b?.reference !== undefined) return unversioned(a) === unversioned(b);
  return isDeepStrictEqual(a?.identifier, b?.identifier) && (a === undefined) === (b === undefined);
}

const unversioned = (reference: Reference | undefined): string | undefined =>
  reference?.reference?.replace(/\/_history\/[^/]+$/, '');

/**
 * Whether two codes are the same. A Task without a code counts as `fulfill` (STU1), so adding that code later is no
 * change.
 */
function isSameCode(before: unknown, after: unknown): boolean {
  if (before === undefined && after !== undefined) return isFulfill(after as CodeableConcept); // validated structure
  return isDeepStrictEqual(before, after);
}

/**
 * Whether the owner stays within the same organization: the same owner, or a role or service in place of its
 * organization, never an organization in place of its role or service.
 */
function isNarrowed({ before, after, ownerBefore, ownerAfter }: FieldChange): boolean {
  if (isSameReference(before?.['owner'], after['owner'])) return true;
  if (ownerBefore === undefined || ownerBefore !== ownerAfter) return false;
  return !isOrganization(after['owner']) || isOrganization(before?.['owner']);
}

const isOrganization = (owner: unknown): boolean =>
  /(?:^|\/)Organization\//.test((owner as Reference | undefined)?.reference ?? ''); // validated structure
