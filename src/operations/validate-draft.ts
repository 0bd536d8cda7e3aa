/** Structure and profiles of everything a draft writes (http://hl7.org/fhir/R4/validation.html). */
import { OperationOutcomeError, type IssueDetail } from '../fhir/issue.ts';
import type { Body } from '../fhir/body.ts';
import { typeOf } from '../resources/element.ts';
import { judgeResource, type JudgeOptions } from '../resources/validate.ts';
import { levelFor } from '../resources/validation-level.ts';
import { declarationOf, placesIn, type Draft } from './draft.ts';
import type { DeskSettings } from './room.ts';

export async function validateDraft(draft: Draft): Promise<void> {
  const { settings } = draft.room;
  for (const planned of draft.planned.values()) {
    const { ref, after, byRule } = planned;
    if (after === undefined || byRule) continue;
    const judged = await judgeAtLevel(settings, ref, after);
    const details = judged.map((detail) => ({ ...detail, expression: placesIn(planned, detail.expression) }));
    const [first, ...rest] = details.filter(isFault);
    if (first !== undefined) throw OperationOutcomeError.of([first, ...rest]);
    draft.notes.push(...details);
  }
}

export const isFault = ({ severity = 'error' }: IssueDetail): boolean =>
  severity === 'error' || severity === 'fatal';

/** What is wrong with a resource of a served type, at the level that the settings ask of the type. */
export async function judgeAtLevel(
  settings: DeskSettings,
  ref: string,
  { plain, storing }: Body,
  options: JudgeOptions = {},
): Promise<readonly IssueDetail[]> {
  const level = levelFor(settings.validation, typeOf(ref));
  const oneOf = level === 'required' ? (declarationOf(ref).profiles ?? []) : [];
  const judged = await judgeResource(plain, {
    storing,
    level,
    oneOf,
    unknownModifiers: settings.unknownModifierExtensions,
    ...options,
  });
  // Asked of what is sound.
  return judged.some(isFault) ? judged : [...judged, ...(declarationOf(ref).faultsOf?.(plain) ?? [])];
}
