/**
 * The concepts above and below a concept (http://hl7.org/fhir/R4/codesystem.html#hierarchy), for `is-a`, `:below`,
 * `:above`.
 */
import { conceptOf, codeKey, type TerminologySource, type System } from './terminology-source.ts';

/**
 * The codes below a code, itself first, in the order of the system. Undefined when this server does not have the
 * system, or the system does not have the code: then nothing is known.
 */
export function descendantsOf(
  held: TerminologySource,
  system: string,
  code: string,
): readonly string[] | undefined {
  const found = held.system(system);
  return found === undefined ? undefined : within(found, code, descend(found));
}

/**
 * The codes above a code, itself first. Undefined when this server does not have the system, or the system does not
 * have the code.
 */
export function ancestorsOf(
  held: TerminologySource,
  system: string,
  code: string,
): readonly string[] | undefined {
  const found = held.system(system);
  return found === undefined || conceptOf(found, code) === undefined ? undefined : ancestorsIn(found, code);
}

/** The codes below a code of a system, itself first; empty when the system does not have it. */
export const descendantsIn = (system: System, code: string): readonly string[] =>
  within(system, code, descend(system)) ?? [];

/** The codes above a code of a system, itself first; empty when the system does not have it. */
export const ancestorsIn = (system: System, code: string): readonly string[] =>
  within(system, code, (each) => conceptOf(system, each)?.parents) ?? [];

/** Whether one concept is the other or below it. */
export function isSubsumedBy(system: System, code: string, top: string): boolean {
  return ancestorsIn(system, code).some((each) => codeKey(system, each) === codeKey(system, top));
}

type Step = (code: string) => readonly string[] | undefined;

function within(system: System, code: string, step: Step): readonly string[] | undefined {
  const start = conceptOf(system, code);
  if (start === undefined) return undefined;
  const met = new Map([[codeKey(system, start.code), start.code]]);
  // Iteration over a Map also visits members added during it. A code that was met is not added again, so circles end.
  for (const each of met.values()) {
    for (const next of step(each) ?? [])
      if (!met.has(codeKey(system, next))) met.set(codeKey(system, next), next);
  }
  return [...met.values()];
}

const children = new WeakMap<System, ReadonlyMap<string, readonly string[]>>();

/** The codes right below a code of a system. */
export function descend(system: System): Step {
  const known = children.get(system) ?? listChildren(system);
  children.set(system, known);
  return (code) => known.get(codeKey(system, code));
}

function listChildren(system: System): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { code, parents } of system.concepts.values()) {
    for (const parent of parents) {
      const key = codeKey(system, parent);
      const list = found.get(key);
      if (list === undefined) found.set(key, [code]);
      else list.push(code);
    }
  }
  return found;
}
