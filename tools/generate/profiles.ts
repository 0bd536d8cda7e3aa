/**
 * The rules of the profiles in `profiles/`, one row per constrained element, those of the profiles they are built on
 * included. `src/resources/validation/profile.ts` reads them; `profiles/SOURCES.md` says what is left out.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { ProfileRow, ProfileRule, Slice } from '../../src/resources/validation/profile-row.ts';
import {
  readStructures,
  writeTable,
  type ElementDefinition,
  type StructureDefinition,
} from './definitions.ts';

const FOLDER = new URL('../../profiles/', import.meta.url);

export function generateProfiles(): string {
  const profiles = new Map(readProfiles().map((profile) => [profile.url, profile]));
  const rows = [...profiles.values()].map((profile) => [profile.url, buildRow(profile, profiles)] as const);
  return writeTable(new Map(rows.toSorted(([a], [b]) => (a < b ? -1 : 1))));
}

type Profiles = ReadonlyMap<string, StructureDefinition>;

function readProfiles(): readonly StructureDefinition[] {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.json'),
  );
  const found = files.toSorted().map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')));
  return found.filter(({ resourceType }) => resourceType === 'StructureDefinition');
}

function buildRow(profile: StructureDefinition, profiles: Profiles): ProfileRow {
  const elements = mergeElements(profile, profiles);
  const rules = [...elements.values()].flatMap((element) => ruleOf(element, elements, profiles));
  return { type: profile.type, version: profile.version ?? '', rules };
}

/** Elements by id; what a profile says of one goes before what the profile it is built on says. */
function mergeElements(profile: StructureDefinition, profiles: Profiles): Map<string, ElementDefinition> {
  const base = profiles.get(profile.baseDefinition ?? '');
  const merged = base === undefined ? new Map<string, ElementDefinition>() : mergeElements(base, profiles);
  for (const element of profile.differential?.element ?? []) {
    const id = element.id ?? element.path;
    merged.set(id, { ...merged.get(id), ...element });
  }
  return merged;
}

type Elements = ReadonlyMap<string, ElementDefinition>;

/** The rule of an element; none when it says nothing that is checked. */
function ruleOf(element: ElementDefinition, elements: Elements, profiles: Profiles): readonly ProfileRule[] {
  const id = element.id ?? element.path;
  const sliceId = /^[^:]*:[^.]*/.exec(id)?.[0];
  const slice = sliceId === undefined ? undefined : sliceOf(sliceId, elements);
  if (sliceId !== undefined && slice === undefined) return [];
  const within = slice !== undefined && id !== sliceId;
  const types = typesOf(element, profiles);
  const rule: ProfileRule = {
    path: within ? id.slice((sliceId?.length ?? 0) + 1) : element.path.slice(element.path.indexOf('.') + 1),
    ...(slice !== undefined && { [within ? 'within' : 'slice']: slice }),
    ...(element.min !== undefined && element.min > 0 && { min: element.min }),
    ...(element.max !== undefined && element.max !== '*' && { max: Number(element.max) }),
    ...(patternOf(element) !== undefined && { pattern: patternOf(element) }),
    ...(types !== undefined && { types }),
  };
  const { min, max, pattern } = rule;
  // What tells the members of a slice apart is true of them.
  const isKnown =
    [min, max, pattern, types].every((each) => each === undefined) || rule.path === rule.within?.by;
  return isKnown ? [] : [rule];
}

/** How members of a slice are known: by the pattern of the element that tells them apart. */
function sliceOf(id: string, elements: Elements): Slice | undefined {
  const list = elements.get(id.slice(0, id.indexOf(':')));
  const discriminator = list?.slicing?.discriminator?.[0];
  if (discriminator?.type !== 'value') return undefined;
  const pattern = patternOf(elements.get(`${id}.${discriminator.path}`));
  if (pattern === undefined) throw new Error(`${id} has no pattern for ${discriminator.path}`);
  return {
    name: id.slice(id.indexOf(':') + 1),
    list: id.slice(id.indexOf('.') + 1, id.indexOf(':')),
    by: discriminator.path,
    pattern,
  };
}

function patternOf(element: ElementDefinition | undefined): unknown {
  return Object.entries(element ?? {}).find(([name]) => /^(?:pattern|fixed)[A-Z]/.test(name))?.[1];
}

function typesOf({ type }: ElementDefinition, profiles: Profiles): readonly string[] | undefined {
  if (type === undefined || type.some(({ code }) => code === 'Extension')) return undefined;
  return type.map(({ code, targetProfile = [] }) => {
    const targets = targetProfile.map((profile) => targetType(profile, profiles));
    return targets.length === 0 ? code : `${code}(${[...new Set(targets)].toSorted().join(',')})`;
  });
}

/** Profiles of targets that are not kept here. */
const PROFILED: Readonly<Record<string, string>> = {
  'http://hl7.org/fhir/us/bser/StructureDefinition/bser-patient': 'Patient',
  'http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-ReferralFeedbackDocumentBundle': 'Bundle',
};
const US_CORE = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-';

/** The resource type that a profile is for. */
function targetType(profile: string, profiles: Profiles): string {
  const known = profiles.get(profile)?.type ?? PROFILED[profile];
  if (known !== undefined) return known;
  // US Core names its profiles by the type in small letters.
  const name = profile.startsWith(US_CORE)
    ? profile.slice(US_CORE.length)
    : profile.slice(profile.lastIndexOf('/') + 1);
  const found = readStructures('profiles-resources').find(
    ({ type }) => type.toLowerCase() === name.toLowerCase(),
  );
  if (found === undefined) throw new Error(`${profile}: of which type is it?`);
  return found.type;
}
