/**
 * The table of the elements of a member's or listed party that only an administrator writes (directory DR20). Every way
 * to write reads it. The party itself writes all other elements.
 */
import type { Resource } from '../../fhir/types.ts';
import { typeOf, valuesAt } from '../element.ts';
import { canonicalJson } from './canonical.ts';
import { SAME_LEGAL_ENTITY } from './entity.ts';
import { typesBesideKinds } from './kinds.ts';

interface ProtectedElement {
  readonly type: string;
  readonly path: string;
  /** The values at the path that are protected here; default: all of them. */
  readonly values?: (resource: Resource) => readonly unknown[];
  /** A change that the organization may make itself. */
  readonly allows?: (before: unknown, after: unknown) => boolean;
}

const CL = 'https://closeloop.dev/fhir/StructureDefinition/';

// prettier-ignore
const PROTECTED_ELEMENTS: readonly ProtectedElement[] = [
  { type: 'Organization',     path: 'name' },
  { type: 'Organization',     path: 'type', values: typesBesideKinds }, // kinds: party-kinds.ts
  { type: 'Organization',     path: 'partOf' },
  { type: 'Organization',     path: 'active', allows: (_before, after) => after === false },
  { type: 'Organization',     path: 'meta.security' },
  { type: 'Organization',     path: `extension(${SAME_LEGAL_ENTITY})` },
  { type: 'Organization',     path: `extension(${CL}same-ohca)` },
  { type: 'PractitionerRole', path: 'organization' },
  ...['identifier', 'active', 'name', 'telecom', 'address', 'gender', 'birthDate', 'photo', 'qualification', 'communication', 'extension', 'meta.security']
    .map((path) => ({ type: 'Practitioner', path })),
];

/**
 * The first protected element that a write changes. Lists are compared as sets, and an absent element like an empty
 * one.
 */
export function changedElement(ref: string, before: Resource, after: Resource): string | undefined {
  const changed = PROTECTED_ELEMENTS.filter(({ type }) => type === typeOf(ref)).find(
    ({ path, allows, values }) => {
      const read = values ?? ((resource: Resource) => valuesOf(resource, path));
      const [old, now] = [read(before), read(after)];
      return canonicalJson(old) !== canonicalJson(now) && allows?.(old[0], now[0]) !== true;
    },
  );
  return changed && `${changed.type}.${changed.path.replace(/\((.*)\)/, `.where(url='$1')`)}`;
}

function valuesOf(resource: Resource, path: string): readonly unknown[] {
  const url = /^extension\((.*)\)$/.exec(path)?.[1];
  if (url === undefined) return valuesAt(resource, path);
  return valuesAt(resource, 'extension').filter((one) => (one as { url?: unknown }).url === url);
}
