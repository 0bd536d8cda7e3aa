/**
 * The generated tables of profiles and extensions: the rules of a StructureDefinition beyond R4, merged with those of
 * the profiles on which it is built (http://hl7.org/fhir/R4/profiling.html). The rules form a tree along the elements.
 */

export interface ProfileRow {
  /** The constrained resource or datatype. */
  readonly type: string;
  readonly version: string;
  readonly rule: ElementRule;
}

export interface ExtensionRow extends ProfileRow {
  /** The contexts of an extension (http://hl7.org/fhir/R4/defining-extensions.html#context). */
  readonly context: readonly ContextRow[];
  /** FHIRPath on the carrier. */
  readonly contextInvariants?: readonly string[];
  /** Whether it changes the meaning of its carrier, and belongs in `modifierExtension`. */
  readonly modifier?: true;
}

export interface ContextRow {
  /**
   * `element`: an element id or a datatype; `extension`: within that extension; `fhirpath`: the elements that the
   * expression selects.
   */
  readonly type: 'element' | 'extension' | 'fhirpath';
  readonly expression: string;
}

/** The rules of one element, for each of its values. */
export interface ElementRule {
  readonly min?: number;
  readonly max?: number;
  /** The only allowed types. */
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
  /** Slices in the order of the profile; a slice has these rules beside those of its element. */
  readonly slices?: Readonly<Record<string, ElementRule>>;
  /** The elements below, by name: `code`, `value[x]`. */
  readonly elements?: Readonly<Record<string, ElementRule>>;
}

export interface TypeRule {
  readonly code: string;
  /** Profiles of the value itself, one of which must hold. */
  readonly profiles?: readonly string[];
  /** For a Reference: the types of its target, each with the profile that the target must meet, if any. */
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
  /** A member belongs to a slice when all hold; without any, members belong to no slice that could be told. */
  readonly by: readonly Discriminator[];
  readonly rules: 'open' | 'closed' | 'openAtEnd';
  readonly ordered?: true;
}

export interface Discriminator {
  readonly type: 'value' | 'pattern' | 'type' | 'profile' | 'exists';
  readonly path: string;
}
