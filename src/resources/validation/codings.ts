/**
 * Codes of code systems that are held whole (http://hl7.org/fhir/R4/terminologies.html): one that is not among them is no
 * code of the system, wherever it stands. A Coding that names another version is not judged.
 */
import { isCodeOf } from '../terminology/held.ts';
import { PACKAGED } from '../terminology/packaged.ts';
import { note, type Run } from './run.ts';

interface Coding {
  readonly system?: string;
  readonly version?: string;
  readonly code?: string;
}

/** Finds the unknown codes of a sound resource. */
export function checkCodings(run: Run, severity: 'error' | 'warning'): void {
  for (const { value, place } of run.codings) {
    const { system, version, code } = value as Coding; // it is sound
    const held = system === undefined || code === undefined ? undefined : PACKAGED.system(system);
    if (held === undefined || code === undefined) continue;
    if (version !== undefined && version !== held.version) continue;
    if (isCodeOf(held, code) !== false) continue;
    const says = `${held.url} has no such code`;
    note(run.found, {
      code: 'structure-invalid',
      type: 'code-invalid',
      severity,
      place: `${place}/code`,
      says,
    });
  }
}
