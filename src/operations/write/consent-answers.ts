/**
 * Answers of a registered consent form (compliance K7): signed and complete, they make the Consent in the same commit; else a
 * person is asked, once for each response. The answers are stored either way.
 */
import { findConsentAbout } from '../../delivery/consent-about.ts';
import { findActors, withNotedActors } from '../../delivery/denials.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { bodyOf } from '../../fhir/json.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { buildConsent } from '../../policies/consent/captured.ts';
import { lacksOf } from '../../policies/consent/elements.ts';
import { EVERYTHING } from '../../ports/query.ts';
import { localRef, typeOf } from '../../resources/element.ts';
import { findForm } from '../extended/consent/find-form.ts';
import { provenanceOf } from '../extended/consent/capture-resources.ts';
import { readCapture, type Capture } from '../extended/consent/read-capture.ts';
import type { Input } from '../extended/operation.ts';
import { planWorkItem } from '../work-item.ts';
import { planNew, type Draft, type Planned } from './draft.ts';
import { partyWorldIn } from './rule-context.ts';
import { isFault, judgeAtLevel } from './validate-draft.ts';

/** Plans a Consent for each response that has just been completed, or a work item. */
export async function fileAnswers(draft: Draft): Promise<void> {
  for (const planned of draft.planned.values()) {
    const asked = isCompleted(planned) ? await answeredForm(draft, planned) : undefined;
    if (asked !== undefined) await fileOne(draft, planned.ref, asked);
  }
}

const DONE: ReadonlySet<unknown> = new Set(['completed', 'amended']);

const isCompleted = ({ ref, before, after, origin }: Planned): boolean =>
  typeOf(ref) === 'QuestionnaireResponse' &&
  origin === 'client' &&
  DONE.has(after?.plain['status']) &&
  !DONE.has(before?.['status']);

interface AnsweredForm {
  readonly input: Input;
  readonly patient: Ref;
  readonly keeper: Ref;
}

/** The form, where the organization that keeps the patient registered it. A capture files its own answers. */
async function answeredForm(draft: Draft, { ref, after }: Planned): Promise<AnsweredForm | undefined> {
  const questionnaire = after?.plain['questionnaire'];
  const patient = localRef(after?.plain['subject']);
  const keeper = draft.caller.organization;
  if (after === undefined || typeof questionnaire !== 'string' || patient === undefined) return undefined;
  if (keeper === undefined || (await keeperOf(draft, patient)) !== keeper) return undefined;
  if (isCaptured(draft, ref)) return undefined;
  const form = await findForm(draft.context, draft.snapshot, keeper, questionnaire);
  if (form?.kind === undefined) return undefined;
  const input: Input = new Map([
    ['kind', [{ value: form.kind }]],
    ['form', [{ value: questionnaire }]],
    ['questionnaireResponse', [{ resource: after }]],
  ]);
  return { input, patient, keeper };
}

async function keeperOf({ planned, snapshot, caller }: Draft, patient: Ref): Promise<Ref | '' | undefined> {
  const now = planned.get(patient);
  if (now !== undefined && now.before === undefined) return caller.organization;
  return (await snapshot.read(patient, EVERYTHING))?.custodian;
}

const isCaptured = ({ planned }: Draft, ref: Ref): boolean =>
  [...planned.values()].some(
    (one) =>
      typeOf(one.ref) === 'DocumentReference' &&
      JSON.stringify(one.after?.plain['context'] ?? {}).includes(`"${ref}"`),
  );

async function fileOne(draft: Draft, response: Ref, asked: AnsweredForm): Promise<void> {
  const capture = await captureOf(draft, asked);
  if (typeof capture === 'string') return ask(draft, response, asked, capture);
  const consent: Ref = `Consent/${draft.context.newId()}`;
  const resource = buildConsent(capture.captured, response);
  const lacks = await lacksIn(draft, consent, resource);
  if (lacks !== undefined) return ask(draft, response, asked, lacks);
  planNew(draft, consent, resource);
  const { caller, now, context } = draft;
  const proof =
    capture.signature === undefined
      ? ({ kind: 'paper' } as const)
      : ({ kind: 'signature', signature: capture.signature } as const);
  const recorded = { capture, proof, caller, publicBase: context.settings.publicBase, now };
  planNew(draft, `Provenance/${context.newId()}`, provenanceOf(recorded, [consent]));
}

/** What the answers capture; in words, why they make no Consent. */
async function captureOf(
  { context, snapshot }: Draft,
  { input, patient, keeper }: AnsweredForm,
): Promise<Capture | string> {
  try {
    const capture = await readCapture(context, snapshot, input, patient, keeper);
    return capture.signature === undefined && capture.paper === undefined ? 'signature' : capture;
  } catch (error) {
    if (error instanceof OperationOutcomeError) return 'answers that can be read';
    throw error;
  }
}

async function lacksIn(draft: Draft, ref: Ref, consent: Resource): Promise<string | undefined> {
  const world = partyWorldIn(draft);
  const actors = await findActors([withNotedActors(consent)], world);
  const lacks = lacksOf(consent, await findConsentAbout(consent, actors, world));
  if (lacks.length > 0) return lacks.map(({ says, id }) => `${says} (${id})`).join(', ');
  const judged = await judgeAtLevel(draft.context.settings, ref, bodyOf(consent));
  return judged.some(isFault) ? 'answers that make a valid Consent' : undefined;
}

function ask(draft: Draft, response: Ref, { keeper }: AnsweredForm, lacking: string): void {
  const { ref, ...planned } = planWorkItem(draft.context.newId(), {
    kind: 'consent-needed',
    says: `The answers of a consent form make no Consent; they lack: ${lacking}.`,
    focus: response,
    authoredOn: draft.now,
    owner: keeper,
  });
  draft.planned.set(ref, { ref, ...planned });
}
