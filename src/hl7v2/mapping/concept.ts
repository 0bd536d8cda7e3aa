/**
 * CWE and CE (HL7 v2.5.1, 2.A.13, 2.A.3) ⇄ CodeableConcept. Two codings fit into the type; the text beside a code is
 * CWE.9, the original text. In fields that people read (a reason), CWE.2 always holds the text.
 */
import type { CodeableConcept, Coding } from '../../fhir/types.ts';
import type { Cwe } from '../datatypes.ts';
import { codingSystemOf, isKnownCodingSystem, systemOfCodingSystem } from './codes.ts';
import { filled, some, toFhirString } from './plain.ts';

/** A coded value; undefined when it is empty. Local codes belong to `facility`. */
export function readConcept(cwe: Cwe | undefined, facility: string): CodeableConcept | undefined {
  if (cwe === undefined) return undefined;
  const coding = some([readCoding(first(cwe), facility), readCoding(alternate(cwe), facility)]);
  const words =
    toFhirString(cwe.originalText) ??
    (coding?.[0]?.display === undefined || cwe.identifier === undefined ? toFhirString(cwe.text) : undefined);
  const text = toFhirString([words, ...strangersOf(cwe)].filter((part) => part !== undefined).join(' '));
  return coding === undefined && text === undefined ? undefined : filled({ coding, text });
}

/** Codes of unknown systems, as words: `(K12, EPIC)`. */
export const strangersOf = (cwe: Cwe): readonly string[] =>
  [first(cwe), alternate(cwe)].flatMap((triplet) => {
    const code = toFhirString(triplet.code);
    const system = toFhirString(triplet.system);
    return code === undefined || system === undefined || isKnownCodingSystem(system)
      ? []
      : [`(${code}, ${system})`];
  });

/** Like {@link readConcept}, but with text whenever there are words: a reason that people read. */
export function readReason(cwe: Cwe | undefined, facility: string): CodeableConcept | undefined {
  const concept = readConcept(cwe, facility);
  const text = concept?.text ?? concept?.coding?.map(({ display, code }) => display ?? code)[0];
  return concept === undefined ? undefined : filled({ ...concept, text });
}

/** A concept with up to two codings. */
export function writeConcept(concept: CodeableConcept | undefined): Cwe | undefined {
  if (concept === undefined) return undefined;
  const [one, other] = concept.coding ?? [];
  if (one?.code === undefined) return { text: concept.text ?? one?.display };
  return {
    ...writeFirst(one),
    ...writeAlternate(other),
    originalText: concept.text,
  };
}

/** A concept with its words in CWE.2, whatever its codings display. */
export function writeReason(concept: CodeableConcept | undefined): Cwe | undefined {
  if (concept === undefined) return undefined;
  const words = concept.text ?? concept.coding?.find(({ display }) => display !== undefined)?.display;
  return { ...writeConcept(concept), text: words, originalText: undefined };
}

/** One coding in the alternate triplet: CWE.4 to CWE.6. */
export const writeAlternate = (coding: Coding | undefined): Cwe => ({
  alternateIdentifier: coding?.code,
  alternateText: coding?.display,
  nameOfAlternateCodingSystem: codingSystemOf(coding?.system),
  alternateCodingSystemVersionId: coding?.version,
});

/** CWE.4 to CWE.6 as a coding. */
export const readAlternate = (cwe: Cwe, facility: string): Coding | undefined =>
  readCoding(alternate(cwe), facility);

const writeFirst = (coding: Coding): Cwe => ({
  identifier: coding.code,
  text: coding.display,
  nameOfCodingSystem: codingSystemOf(coding.system),
  codingSystemVersionId: coding.version,
});

interface Triplet {
  readonly code: string | undefined;
  readonly display: string | undefined;
  readonly system: string | undefined;
  readonly version: string | undefined;
}

const first = (cwe: Cwe): Triplet => ({
  code: cwe.identifier,
  display: cwe.text,
  system: cwe.nameOfCodingSystem,
  version: cwe.codingSystemVersionId,
});

const alternate = (cwe: Cwe): Triplet => ({
  code: cwe.alternateIdentifier,
  display: cwe.alternateText,
  system: cwe.nameOfAlternateCodingSystem,
  version: cwe.alternateCodingSystemVersionId,
});

/** A FHIR code without leading, trailing or double spaces. */
function readCoding({ code, display, system, version }: Triplet, facility: string): Coding | undefined {
  const plain = toFhirString(code)?.replaceAll(/\s+/g, ' ');
  const named = toFhirString(system);
  if (plain === undefined || (named !== undefined && !isKnownCodingSystem(named))) return undefined;
  return filled({
    system: systemOfCodingSystem(named, facility),
    version: toFhirString(version),
    code: plain,
    display: toFhirString(display),
  });
}
