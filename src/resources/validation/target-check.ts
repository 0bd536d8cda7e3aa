/** Checks profiles of values and of the targets of references: each is judged by its own rules, once. */
import type { Node } from './node.ts';
import {
  addFault,
  addRemark,
  anyVerdict,
  isError,
  profileRow,
  type Check,
  type Stand,
  type ProfileVerdict,
} from './profile-check.ts';
import type { TypeRule } from './profile-row.ts';
import type { ValidationFinding } from './run.ts';
import { resolveTarget } from './targets.ts';

/** The faults of a resource by a profile, wherever it stands; undefined when the profile is not known. */
export function judge(check: Check, stand: Stand, profile: string): readonly ValidationFinding[] | undefined {
  const row = profileRow(check.around, profile);
  if (row === undefined) return undefined;
  const { resource, place } = stand;
  const type = resource.resourceType;
  if (type !== row.type)
    return [
      {
        code: 'profile-invalid',
        type: 'invariant',
        place,
        says: `${lastPartOf(profile)} is for ${row.type}`,
      },
    ];
  const before = check.known.get(resource);
  // A resource that is already being judged, because of a circle, counts as sound here; its faults are reported where
  // the judgement began.
  if (before?.has(profile) === true) return before.get(profile) ?? [];
  const judged = before ?? new Map<string, readonly ValidationFinding[] | undefined>();
  check.known.set(resource, judged.set(profile, undefined));
  const inner: Check = { ...check, stand, name: lastPartOf(profile), found: [] };
  inner.checkValue(inner, row.rule, { value: resource, place, type });
  judged.set(profile, inner.found);
  return inner.found;
}

/** The last part of a canonical. */
export const lastPartOf = (canonical: string): string => canonical.slice(canonical.lastIndexOf('/') + 1);

/** Whether a resource meets a profile. */
export function conforms(check: Check, stand: Stand, profile: string): ProfileVerdict {
  const found = judge(check, stand, profile);
  return found === undefined ? 'maybe' : found.some(isError) ? 'no' : 'yes';
}

/** One of the profiles of a value's type must hold. The faults by an only profile are reported at their places. */
export function checkValueProfiles(check: Check, types: readonly TypeRule[], node: Node): void {
  const profiles = types.flatMap((each) => each.profiles ?? []);
  const judged = profiles.map((profile) => judgeValue(check, node, profile));
  if (judged.some((found) => found === undefined || !found.some(isError))) {
    const sound = judged.find((found) => found !== undefined && !found.some(isError));
    return void check.found.push(...(sound ?? []));
  }
  const [only, ...others] = judged;
  if (others.length === 0) return void check.found.push(...(only ?? []));
  addFault(
    check,
    node.place,
    'profile',
    `expected one of ${profiles.map(lastPartOf).join(', ')} (${check.name})`,
  );
}

/** A datatype, an extension, or a resource inside another. */
export function judgeValue(
  check: Check,
  node: Node,
  profile: string,
): readonly ValidationFinding[] | undefined {
  const { value, place, type } = node;
  const row = profileRow(check.around, profile);
  if (row === undefined || value === undefined) return undefined;
  if (isResource(value)) return judge(check, { ...check.stand, resource: value, place }, profile);
  if (row.type !== type) return undefined;
  const inner: Check = { ...check, name: lastPartOf(profile), found: [] };
  inner.checkValue(inner, row.rule, node);
  return inner.found;
}

const isResource = (value: unknown): value is Stand['resource'] =>
  typeof value === 'object' && value !== null && 'resourceType' in value;

type Targets = NonNullable<TypeRule['targets']>;

/** The target of a reference must meet one of the profiles for its type, if the target is at hand. */
export function checkTargetProfiles(check: Check, targets: Targets, node: Node): void {
  if (targets.every(([, profile]) => profile === undefined)) return;
  const target = targetOf(check, node);
  if (target === undefined) return remarkUnresolved(check, node);
  const profiles = profilesFor(targets, target);
  if (profiles === undefined) return;
  const judged = profiles.map((profile) => judge(check, target, profile));
  if (judged.some((found) => found === undefined || !found.some(isError))) return;
  const first = judged.flat().find((found) => found !== undefined && isError(found));
  const where =
    first === undefined ? '' : ` at ${target.resource.resourceType}${dotted(first.place, target.place)}`;
  addFault(
    check,
    node.place,
    'target-profile',
    `refers to a ${target.resource.resourceType} that is not as ${profiles.map(lastPartOf).join(' or ')} asks${where} (${check.name})`,
  );
}

/** The profiles that a target of this type may meet; undefined when any target of this type will do. */
function profilesFor(targets: Targets, { resource }: Stand): readonly string[] | undefined {
  const fitting = targets.filter(([type]) => type === resource.resourceType || type === 'Resource');
  const profiles = fitting.flatMap(([, profile]) => profile ?? []);
  return profiles.length === 0 || profiles.length < fitting.length ? undefined : profiles;
}

/** `/name/0/family` below the target is `.name.family`. */
const dotted = (place: string, from: string): string =>
  place
    .slice(from.length)
    .split('/')
    .filter((part) => part !== '' && !/^\d+$/.test(part))
    .map((part) => `.${part}`)
    .join('');

/** The target of a Reference, when it is at hand. */
export function targetOf(check: Check, { value, place }: Node): Stand | undefined {
  const { reference } = (value ?? {}) as { readonly reference?: string }; // a sound Reference
  return reference === undefined ? undefined : resolveTarget(check, place, reference);
}

function remarkUnresolved(check: Check, { place }: Node): void {
  if (check.around.thorough !== true) return;
  addRemark(
    check,
    place,
    'target-profile',
    `what it refers to is not at hand, so its profile was not checked (${check.name})`,
  );
}

/** Whether the target of a reference is allowed: by its type alone, or also by its profile. */
export function isTarget(
  check: Check,
  targets: Targets,
  node: Node,
  by: 'type' | 'profile',
  shown: string | undefined,
): ProfileVerdict {
  const target = targetOf(check, node);
  const type = target?.resource.resourceType ?? shown;
  if (type === undefined) return 'maybe';
  const fitting = targets.filter(([each]) => each === type || each === 'Resource');
  if (by === 'type') return fitting.length > 0 ? 'yes' : 'no';
  return anyVerdict(
    fitting.map(([, profile]) => {
      if (profile === undefined) return 'yes';
      return target === undefined ? 'maybe' : conforms(check, target, profile);
    }),
  );
}
