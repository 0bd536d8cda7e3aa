/**
 * Validates a resource: R4's structure on every write, and the profiles that it claims
 * (http://hl7.org/fhir/R4/validation.html; D7, rules 5.3, docs/adr/0017).
 */
import type { IssueDetail } from '../fhir/issue.ts';
import type { Resource } from '../fhir/types.ts';
import { checkStructure } from './validation/check.ts';
import { evaluatorOf } from './validation/evaluator.ts';
import { toExpression } from './validation/expression.ts';
import { checkLiterals } from './validation/literals.ts';
import { checkCodings, type UnknownCodes } from './validation/codings.ts';
import { checkExtensions } from './validation/extensions.ts';
import type { Membership } from './terminology/membership.ts';
import type { Around } from './validation/profile-check.ts';
import { checkProfiles, hasProfile } from './validation/profile.ts';
import { isError, type ValidationFinding, type ValidationRun } from './validation/run.ts';
import type { Level } from './validation-level.ts';
import { loadFhirPath } from './fhirpath.ts';

export type { Around } from './validation/profile-check.ts';

export interface ValidateOptions extends Around, UnknownCodes {
  /** `claimed` (the default): also by the profiles in `meta.profile` that this server knows. `none`: by no profiles. */
  readonly profiles?: 'claimed' | 'none';
  /** The level; default `claimed`. */
  readonly level?: Level;
  /** Profiles of which one must hold, claimed or not. */
  readonly oneOf?: readonly string[];
  /** The tree that keeps literals, if the resource has any: validation judges by it how numbers are written. */
  readonly storing?: Resource;
  /** Canonicals by which validation also judges the resource, whatever it claims. */
  readonly against?: readonly string[];
}

/**
 * The faults of a resource; empty when it has none. Only details of severity `error` (or none given) forbid the write:
 * an unknown claimed profile is `information`. Validation looks at profiles when the structure is sound. Rules that
 * need the FHIRPath engine or packaged terminology are checked once these are loaded: see {@link judgeResource}.
 */
export function validateResource(resource: Resource, options: ValidateOptions = {}): readonly IssueDetail[] {
  const { profiles = 'claimed', level = profiles === 'none' ? 'structural' : profiles } = options;
  const run = checkStructure(resource);
  const { storing = resource } = options;
  if (storing !== resource) checkLiterals(run, storing);
  const found = level === 'off' ? run.found.filter(isForm) : complete(run, resource, level, options);
  return found.map((each) => describe(resource, each));
}

/**
 * Faults of level `off`, which make a resource unreadable: a value of another JSON type, an element that R4 does not
 * have.
 */
const isForm = ({ type }: ValidationFinding): boolean => type === 'structure';

function complete(
  run: ValidationRun,
  resource: Resource,
  level: Level,
  options: ValidateOptions,
): readonly ValidationFinding[] {
  const around: Around = { ...loaded, ...options };
  const { against = [], oneOf = [] } = options;
  if (run.found.length === 0) {
    checkExtensions(run, resource, around);
    if (level !== 'structural') checkCodings(run, options);
  }
  if (run.found.some(isError)) return run.found;
  const claims = level === 'structural' ? { resources: [] } : run;
  return [...run.found, ...checkProfiles(claims, resource, around, { against, oneOf })];
}

function describe(resource: Resource, { code, type, severity, place, says }: ValidationFinding): IssueDetail {
  const expression = toExpression(resource, place);
  return { code, type, severity, expression: [expression], diagnostics: `${expression}: ${says}` };
}

/** Whether this server has a profile, by its canonical with or without a version. */
export const isKnownProfile = (canonical: string): boolean => hasProfile({}, canonical);

// — parts that are loaded at first use

/** The parts that answer once they are loaded. */
let loaded: Pick<Around, 'evaluate' | 'locate' | 'membershipOf'> = {};

type CostlyCheck = 'fhirpath' | 'terminology';

/** Stored resources by reference, within the caller's sight; an absent one may be invisible. */
export type LookUp = (references: readonly string[]) => Promise<ReadonlyMap<string, Resource>>;

export interface JudgeOptions extends Omit<ValidateOptions, 'resolve'> {
  /** Looks up the targets of references; without it, validation does not judge absent targets. */
  readonly lookUp?: LookUp;
}

/** The number of rounds of looking up targets of references, and of the targets' references in turn. */
const ROUNDS_MAX = 3;
/** The number of references that one judgement looks up. */
const FETCHED_MAX = 100;

/** Like {@link validateResource}, with everything loaded and looked up. */
export async function judgeResource(
  resource: Resource,
  { lookUp, ...options }: JudgeOptions = {},
): Promise<readonly IssueDetail[]> {
  const at = new Map<string, Resource | undefined>();
  for (let round = 0; ; round += 1) {
    const [asked, wanted] = [new Set<CostlyCheck>(), new Set<string>()];
    const resolve = (reference: string): Resource | undefined => {
      if (lookUp !== undefined && !at.has(reference)) wanted.add(reference);
      return at.get(reference);
    };
    const details = validateResource(resource, { ...listening(asked), ...loaded, ...options, resolve });
    const more = [...wanted].slice(0, FETCHED_MAX - at.size);
    if (asked.size === 0 && (more.length === 0 || round >= ROUNDS_MAX)) return details;
    if (asked.size > 0) await load(asked);
    if (lookUp !== undefined && more.length > 0) await addTargets(at, more, lookUp);
  }
}

async function addTargets(
  at: Map<string, Resource | undefined>,
  references: readonly string[],
  lookUp: LookUp,
): Promise<void> {
  const found = await lookUp(references);
  for (const reference of references) at.set(reference, found.get(reference));
}

/** An evaluator that answers nothing and records the questions. */
function listening(asked: Set<CostlyCheck>): Pick<Around, 'evaluate' | 'locate' | 'membershipOf'> {
  const hear = (about: CostlyCheck) => (): undefined => void asked.add(about);
  return {
    evaluate: hear('fhirpath'),
    locate: hear('fhirpath'),
    membershipOf: () => {
      asked.add('terminology');
      return 'unknown';
    },
  };
}

async function load(asked: ReadonlySet<CostlyCheck>): Promise<void> {
  if (asked.has('fhirpath')) loaded = { ...loaded, ...evaluatorOf(await loadFhirPath()) };
  if (asked.has('terminology')) loaded = { ...loaded, membershipOf: await loadMembership() };
}

async function loadMembership(): Promise<NonNullable<Around['membershipOf']>> {
  const [{ PACKAGED }, { membershipOf }] = await Promise.all([
    import('./terminology/packaged.ts'),
    import('./terminology/membership.ts'),
  ]);
  return (valueSet, coding): Membership => {
    try {
      return membershipOf(PACKAGED, valueSet, coding);
    } catch {
      return 'unknown'; // too costly to tell
    }
  };
}
