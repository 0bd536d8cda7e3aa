/**
 * The terminology that a question is answered from: what is packaged, and what was loaded for the question and goes before
 * it (http://hl7.org/fhir/R4/terminology-service.html, docs/adr/0018). Nothing is looked up elsewhere while answering.
 */
import type { CodeSystem, ValueSet } from '../../fhir/types.ts';

/** One concept of a code system. */
export interface Concept {
  readonly code: string;
  readonly display?: string | undefined;
  readonly definition?: string | undefined;
  /** Codes of the concepts right above it. */
  readonly parents: readonly string[];
  /** It groups others and is not used itself. */
  readonly abstract?: true | undefined;
  /** It is no longer used. */
  readonly inactive?: true | undefined;
  readonly designation?: readonly Designation[] | undefined;
  readonly property?: readonly Property[] | undefined;
}

export type Designation = NonNullable<ListedConcept['designation']>[number];
export type Property = NonNullable<NonNullable<CodeSystem['concept']>[number]['property']>[number];
type ListedConcept = NonNullable<Include['concept']>[number];

export interface System {
  readonly url: string;
  readonly version?: string | undefined;
  readonly name?: string | undefined;
  readonly title?: string | undefined;
  /** `part`: a code that is not among the concepts may still be one (fragments, examples). */
  readonly content: 'complete' | 'part' | 'grammar';
  readonly caseSensitive: boolean;
  /** In the order of the system, by {@link keyOf} the code. Empty for a grammar. */
  readonly concepts: ReadonlyMap<string, Concept>;
  /** Properties that concepts may have beside those every system has; undefined when they are not kept. */
  readonly properties?: ReadonlySet<string> | undefined;
  /** Of a grammar: whether a code is well-formed. */
  readonly accepts?: ((code: string) => boolean) | undefined;
}

export type Compose = NonNullable<ValueSet['compose']>;
export type Include = Compose['include'][number];

/** A value set as it is asked: what it is called, and how it is made. */
export interface Selection {
  readonly url?: string | undefined;
  readonly version?: string | undefined;
  readonly name?: string | undefined;
  readonly title?: string | undefined;
  readonly compose?: Compose | undefined;
  /** Of a value set that is not composed but was stored as it was once expanded. */
  readonly expansion?: ValueSet['expansion'] | undefined;
}

/** What is packaged and what was loaded. Canonicals may carry a version: `url|version`. */
export interface Held {
  readonly valueSet: (canonical: string) => Selection | undefined;
  readonly system: (canonical: string) => System | undefined;
}

/** A code as it is asked. Without a system, the value set alone says which one is meant (an element of type `code`). */
export interface Coded {
  readonly system?: string | undefined;
  readonly code: string;
}

/** The name under which a system keeps a code. */
export const keyOf = ({ caseSensitive }: Pick<System, 'caseSensitive'>, code: string): string =>
  caseSensitive ? code : code.toLowerCase();

/** The concept of a code. */
export const conceptOf = (system: System, code: string): Concept | undefined =>
  system.concepts.get(keyOf(system, code));

/** Whether a code is one of a system; undefined when what is held of the system does not tell. */
export function isCodeOf(system: System, code: string): boolean | undefined {
  if (system.accepts !== undefined) return system.accepts(code);
  if (conceptOf(system, code) !== undefined) return true;
  return system.content === 'complete' ? false : undefined;
}

/** The parts of a canonical. */
export function splitCanonical(canonical: string): { readonly url: string; readonly version?: string } {
  const bar = canonical.indexOf('|');
  return bar < 0 ? { url: canonical } : { url: canonical.slice(0, bar), version: canonical.slice(bar + 1) };
}

/** What answers to a canonical: of one version when it names one. */
export function answersTo(
  held: { readonly version?: string | undefined },
  { version }: { readonly version?: string },
): boolean {
  return version === undefined || version === held.version;
}
