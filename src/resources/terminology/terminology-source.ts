/**
 * The terminology that answers a question: the packaged part, and the part loaded for the question, which overrides it
 * (http://hl7.org/fhir/R4/terminology-service.html, docs/adr/0018). No lookup happens while answering.
 */
import type { CodeSystem, ValueSet } from '../../fhir/types.ts';

/** One concept of a code system. */
export interface Concept {
  readonly code: string;
  readonly display?: string | undefined;
  readonly definition?: string | undefined;
  /** Codes of the concept's parents. */
  readonly parents: readonly string[];
  /** Whether it only groups others. */
  readonly abstract?: true | undefined;
  /** Whether it is no longer used. */
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
  /** `part`: a code that is not among the concepts may still be valid (fragments, examples). */
  readonly content: 'complete' | 'part' | 'grammar';
  readonly caseSensitive: boolean;
  /** Concepts in the order of the system, by {@link codeKey} the code. Empty for a grammar. */
  readonly concepts: ReadonlyMap<string, Concept>;
  /**
   * Properties that concepts may have beside those that every system has; undefined when this server does not keep
   * them.
   */
  readonly properties?: ReadonlySet<string> | undefined;
  /** For a grammar: whether a code is well-formed. */
  readonly accepts?: ((code: string) => boolean) | undefined;
}

export type Compose = NonNullable<ValueSet['compose']>;
export type Include = Compose['include'][number];

/** A value set: its identity and its composition. */
export interface Selection {
  readonly url?: string | undefined;
  readonly version?: string | undefined;
  readonly name?: string | undefined;
  readonly title?: string | undefined;
  readonly compose?: Compose | undefined;
  /** The members of a value set that was stored as an expansion, without a composition. */
  readonly expansion?: ValueSet['expansion'] | undefined;
}

/** The packaged and the loaded terminology. Canonicals may have a version: `url|version`. */
export interface TerminologySource {
  readonly valueSet: (canonical: string) => Selection | undefined;
  readonly system: (canonical: string) => System | undefined;
}

/**
 * A code in a question. Without a system, only the value set says which system is meant (an element of type `code`).
 */
export interface Coded {
  readonly system?: string | undefined;
  readonly code: string;
}

/** The key of a code within its system. */
export const codeKey = ({ caseSensitive }: Pick<System, 'caseSensitive'>, code: string): string =>
  caseSensitive ? code : code.toLowerCase();

/** The concept of a code. */
export const conceptOf = (system: System, code: string): Concept | undefined =>
  system.concepts.get(codeKey(system, code));

/** Whether a code belongs to a system; undefined when this server does not have enough of the system to tell. */
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

/** The entry for a canonical; only that version when the canonical names one. */
export function answersTo(
  held: { readonly version?: string | undefined },
  { version }: { readonly version?: string },
): boolean {
  return version === undefined || version === held.version;
}
