/**
 * Judges a code in words (http://hl7.org/fhir/R4/valueset-operation-validate-code.html): whether the value set and the
 * system have it, whether it is concrete where it must be, and whether its display is one of its names.
 */
import { foldText } from '../../fhir/fold.ts';
import {
  conceptOf,
  isCodeOf,
  type Concept,
  type TerminologySource,
  type Include,
  type Selection,
  type System,
} from './terminology-source.ts';
import { membershipOf } from './membership.ts';

export interface CodeQuestion {
  readonly system?: string | undefined;
  readonly version?: string | undefined;
  readonly code?: string | undefined;
  readonly display?: string | undefined;
}

export interface CodeVerdict {
  /** Undefined when this server does not have enough to tell. */
  readonly result: boolean | undefined;
  readonly message?: string | undefined;
  /** The display of the code. */
  readonly display?: string | undefined;
}

interface ValidateCodeOptions {
  /** Whether a code that only groups others is accepted. */
  readonly abstract?: boolean;
}

/** Judges a code by a value set. */
export function validateInSet(
  held: TerminologySource,
  selection: Selection,
  asked: CodeQuestion,
  options: ValidateCodeOptions = {},
): CodeVerdict {
  const { code, system, version } = asked;
  if (code === undefined) return { result: false, message: 'There is no code.' };
  const membership = membershipOf(held, selection, { system, code });
  if (membership === 'not-member') return { result: false, message: 'The code is not in the value set.' };
  if (membership === 'unknown')
    return { result: undefined, message: 'What the value set is made of is not held here.' };
  const found = system === undefined ? undefined : held.system(withVersion(system, version));
  if (version !== undefined && found === undefined)
    return { result: undefined, message: 'This version of the code system is not held here.' };
  const concept = found === undefined ? undefined : conceptOf(found, code);
  return judgeConcept(concept, namesIn(selection, asked), asked, options);
}

/** Judges a code by its system alone. */
export function validateInSystem(
  system: System,
  asked: CodeQuestion,
  options: ValidateCodeOptions = {},
): CodeVerdict {
  const { code } = asked;
  if (code === undefined) return { result: false, message: 'There is no code.' };
  if (asked.system !== undefined && asked.system !== system.url)
    return { result: false, message: 'The code is of another code system.' };
  const isCode = isCodeOf(system, code);
  if (isCode === false) return { result: false, message: 'The code system has no such code.' };
  if (isCode === undefined)
    return { result: undefined, message: 'Only a part of the code system is held here.' };
  return judgeConcept(conceptOf(system, code), [], asked, options);
}

const withVersion = (system: string, version: string | undefined): string =>
  version === undefined ? system : `${system}|${version}`;

function judgeConcept(
  concept: Concept | undefined,
  further: readonly string[],
  { display }: CodeQuestion,
  { abstract = false }: ValidateCodeOptions,
): CodeVerdict {
  const names = [...further, ...namesOf(concept)];
  const [shown] = names;
  if (concept?.abstract === true && !abstract)
    return { result: false, message: 'The code only groups others.', display: shown };
  if (display === undefined) return { result: true, display: shown };
  if (names.length === 0)
    return { result: true, message: 'No display of the code is held here, so it was not compared.' };
  const isKnown = names.some((name) => foldText(name) === foldText(display));
  return isKnown
    ? { result: true, display: shown }
    : {
        result: false,
        message: `The display is not one of the code: it is called ${shown}.`,
        display: shown,
      };
}

const namesOf = (concept: Concept | undefined): readonly string[] =>
  concept === undefined
    ? []
    : [
        ...(concept.display === undefined ? [] : [concept.display]),
        ...(concept.designation ?? []).map(({ value }) => value),
      ];

/** The names under which a value set itself lists a code. */
function namesIn({ compose }: Selection, { system, code }: CodeQuestion): readonly string[] {
  return (compose?.include ?? [])
    .filter((part: Include) => system === undefined || part.system === system)
    .flatMap(({ concept = [] }) => concept.filter((one) => one.code === code))
    .flatMap(({ display, designation = [] }) => [
      ...(display === undefined ? [] : [display]),
      ...designation.map(({ value }) => value),
    ]);
}
