/**
 * The generated tables of profiles and extensions: what a StructureDefinition asks beyond R4, merged with what the
 * profiles it is built on ask (http://hl7.org/fhir/R4/profiling.html). A rule is a tree along the elements.
 */

export interface ProfileRow {
  /** The resource or datatype that it constrains. */
  readonly type: string;
  readonly version: string;
  readonly rule: ElementRule;
}

export interface ExtensionRow extends ProfileRow {
  /** Where it may stand (http://hl7.org/fhir/R4/defining-extensions.html#context). */
  readonly context: readonly ContextRow[];
  /** FHIRPath on the element that carries it. */
  readonly contextInvariants?: readonly string[];
  /** It changes the meaning of what carries it, and stands in `modifierExtension`. */
  readonly modifier?: true;
}

export interface ContextRow {
  /** `element`: an element id or a datatype; `extension`: within that extension; `fhirpath`: what the expression selects. */
  readonly type: 'element' | 'extension' | 'fhirpath';
  readonly expression: string;
}

/** What is asked of one element, of every value it has. */
export interface ElementRule {
  readonly min?: number;
  readonly max?: number;
  /** Only these. */
  readonly types?: readonly TypeRule[];
  readonly fixed?: unknown;
  readonly pattern?: unknown;
  readonly binding?: BindingRule;
  readonly constraints?: readonly ConstraintRule[];
  readonly maxLength?: number;
  readonly minValue?: unknown;
  readonly maxValue?: unknown;
  readonly mustSupport?: true;
  readonly slicing?: SlicingRule;
  /** In the order of the profile; a slice is asked for this beside what its element is asked for. */
  readonly slices?: Readonly<Record<string, ElementRule>>;
  /** Below it, by name: `code`, `value[x]`. */
  readonly elements?: Readonly<Record<string, ElementRule>>;
}

export interface TypeRule {
  readonly code: string;
  /** Profiles of the value itself, one of which must hold. */
  readonly profiles?: readonly string[];
  /** Of a Reference: the types it may point to, each with the profile that the target must hold, if any. */
  readonly targets?: readonly (readonly [type: string, profile?: string])[];
}

export interface BindingRule {
  readonly strength: 'required' | 'extensible';
  readonly valueSet: string;
}

export interface ConstraintRule {
  readonly key: string;
  readonly severity: 'error' | 'warning';
  readonly says: string;
  readonly expression: string;
}

export interface SlicingRule {
  /** All must hold for a member to be of a slice; none: members are of no slice that could be told. */
  readonly by: readonly Discriminator[];
  readonly rules: 'open' | 'closed' | 'openAtEnd';
  readonly ordered?: true;
}

export interface Discriminator {
  readonly type: 'value' | 'pattern' | 'type' | 'profile' | 'exists';
  readonly path: string;
}
