/** Structure and profiles of everything a draft writes (http://hl7.org/fhir/R4/validation.html). */
import { OperationOutcomeError, type IssueDetail } from '../../fhir/issue.ts';
import type { Body } from '../../fhir/body.ts';
import { encodeInTurns } from '../../fhir/json-encode.ts';
import type { Resource } from '../../fhir/types.ts';
import { typeOf } from '../../resources/element.ts';
import { codesIn } from '../../resources/validation/codings.ts';
import { judgeResource, type JudgeOptions } from '../../resources/validate.ts';
import { levelFor } from '../../resources/validation-level.ts';
import { declarationOf, placesIn, type Draft, type Planned } from './draft.ts';
import { LARGE, type Heavy } from '../heavy.ts';
import type { OperationSettings } from '../context.ts';
import { createTurns } from '../turns.ts';
import { rememberValues } from '../values.ts';

export async function validateDraft(draft: Draft): Promise<void> {
  const turns = createTurns();
  for (const planned of draft.planned.values()) {
    const { after, origin } = planned;
    if (after === undefined || origin === 'server') continue;
    const judged = await judgePlanned(draft, planned, after);
    const turn = turns.after(after.size ?? 0);
    if (turn !== undefined) await turn;
    if (judged.length === 0) continue;
    const details = judged.map((detail) => ({ ...detail, expression: placesIn(planned, detail.expression) }));
    const [first, ...rest] = details.filter(isFault);
    if (first !== undefined) throw OperationOutcomeError.of([first, ...rest]);
    draft.notes.push(...details);
  }
}

/** A large resource is judged elsewhere, where its search values are taken as well. */
async function judgePlanned(
  { context, caller, byMessage }: Draft,
  { ref, before }: Planned,
  after: Body,
): Promise<readonly IssueDetail[]> {
  const { settings, heavy } = context;
  const judgeIt = (options: JudgeOptions): Promise<readonly IssueDetail[]> =>
    (after.size ?? 0) < LARGE
      ? judgeAtLevel(settings, ref, after, options)
      : judgeElsewhere(settings, heavy, caller.client, ref, after, options);
  const judged = await judgeIt({ unknownCodes: byMessage ? 'warning' : 'error' });
  if (before === undefined || !judged.some((one) => isFault(one) && one.type === 'code-invalid'))
    return judged;
  return judgeIt({ stoodCodes: codesIn(before) });
}

/** As {@link judgeAtLevel}, for a large resource; what it refers to is not looked up. */
export async function judgeElsewhere(
  settings: OperationSettings,
  heavy: Heavy,
  whose: string,
  ref: string,
  { plain, storing }: Body,
  options: Omit<JudgeOptions, 'lookUp' | 'storing' | 'membershipOf'> = {},
): Promise<readonly IssueDetail[]> {
  const asked = { ...askedOf(settings, ref), ...options };
  const text = await encodeInTurns(storing, createTurns().after);
  const { details, values } = await heavy(whose, 'examine', text, asked);
  rememberValues(plain, values);
  return andFaultsOf(ref, plain, details);
}

export const isFault = ({ severity = 'error' }: IssueDetail): boolean =>
  severity === 'error' || severity === 'fatal';

/** What is wrong with a resource of a served type, at the level that the settings ask of the type. */
export async function judgeAtLevel(
  settings: OperationSettings,
  ref: string,
  { plain, storing }: Body,
  options: JudgeOptions = {},
): Promise<readonly IssueDetail[]> {
  return andFaultsOf(
    ref,
    plain,
    await judgeResource(plain, { storing, ...askedOf(settings, ref), ...options }),
  );
}

/** What the type's own declaration asks is asked of what is sound. */
const andFaultsOf = (ref: string, plain: Resource, judged: readonly IssueDetail[]): readonly IssueDetail[] =>
  judged.some(isFault) ? judged : [...judged, ...(declarationOf(ref).faultsOf?.(plain) ?? [])];

function askedOf(
  settings: OperationSettings,
  ref: string,
): Pick<JudgeOptions, 'level' | 'oneOf' | 'unknownModifiers'> {
  const level = levelFor(settings.validation, typeOf(ref));
  const oneOf = level === 'required' ? (declarationOf(ref).profiles ?? []) : [];
  return { level, oneOf, unknownModifiers: settings.unknownModifierExtensions };
}
