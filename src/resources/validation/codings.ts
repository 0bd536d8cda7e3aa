/**
 * Codes of code systems that this server has completely (http://hl7.org/fhir/R4/terminologies.html): a code that is not
 * among them is an error, wherever it stands. A Coding that names another version is not judged.
 */
import { isCodeOf } from '../terminology/terminology-source.ts';
import { PACKAGED } from '../terminology/packaged.ts';
import { keepFinding, type ValidationRun } from './run.ts';

interface Coding {
  readonly system?: string;
  readonly version?: string;
  readonly code?: string;
}

export interface UnknownCodes {
  /** The severity of an unknown code; default: error. */
  readonly unknownCodes?: 'error' | 'warning';
  /** Codes of the version before, as {@link codesIn} names them: a client that leaves them there gets a warning. */
  readonly stoodCodes?: readonly string[];
}

/**
 * Codes that a guide uses although its own code system lacks them. The server reads them: BSeR's super-state Active, to
 * which its TID 31 and 32 lead (rules 1, G1), and the policy of consents under 42 CFR Part 2, which came into ActCode after
 * R4 (compliance P7).
 */
const READ_ALL_THE_SAME: ReadonlySet<string> = new Set([
  'http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS|5.1',
  'http://terminology.hl7.org/CodeSystem/v3-ActCode|42CFRPart2CD',
]);

/** Finds the unknown codes of a sound resource. */
export function checkCodings(
  run: ValidationRun,
  { unknownCodes = 'error', stoodCodes = [] }: UnknownCodes,
): void {
  const stood = new Set(stoodCodes);
  for (const { value, place } of run.codings) {
    const { system, version, code } = value as Coding; // it is sound
    const held = system === undefined || code === undefined ? undefined : PACKAGED.system(system);
    if (held === undefined || code === undefined) continue;
    if (version !== undefined && version !== held.version) continue;
    if (isCodeOf(held, code) !== false || READ_ALL_THE_SAME.has(`${held.url}|${code}`)) continue;
    const severity = stood.has(nameOf(value as Coding)) ? 'warning' : unknownCodes;
    const says = `${held.url} has no such code`;
    keepFinding(run.found, {
      code: 'structure-invalid',
      type: 'code-invalid',
      severity,
      place: `${place}/code`,
      says,
    });
  }
}

/** The codes of a resource with their systems, wherever they stand. */
export function codesIn(resource: object): readonly string[] {
  const codes: string[] = [];
  const rest: object[] = [resource];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { system, code } = next as Coding; // or another value, which has no such strings
    if (typeof system === 'string' && typeof code === 'string') codes.push(nameOf({ system, code }));
    for (const value of Object.values(next) as unknown[])
      if (typeof value === 'object' && value !== null) rest.push(value);
  }
  return codes;
}

const nameOf = ({ system = '', code = '' }: Coding): string => `${system}|${code}`;
