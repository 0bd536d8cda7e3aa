/** Forms of consents as they are published (compliance C14): a form makes every statement that its kind asks for. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { consentFormOf, statementsLacking } from '../../policies/consent/forms.ts';
import { typeOf } from '../../resources/element.ts';
import { placesIn, type Draft, type Planned } from './draft.ts';

/** @throws OperationOutcomeError `consent-incomplete`, naming the statements */
export function checkForms({ planned }: Draft): void {
  for (const one of planned.values()) if (typeOf(one.ref) === 'Questionnaire') checkForm(one);
}

/** A draft of a form may be incomplete. */
function checkForm(planned: Planned): void {
  const { after } = planned;
  if (after?.plain['status'] !== 'active') return;
  const form = consentFormOf(after.plain);
  if (form === undefined) return;
  const lacking = statementsLacking(form);
  if (lacking?.length === 0) return;
  throw new OperationOutcomeError('consent-incomplete', {
    diagnostics:
      lacking === undefined
        ? 'The form does not say which kind of consent it is for.'
        : `A form of the kind ${form.kind} lacks the statements: ${lacking.join(', ')}.`,
    expression: placesIn(planned, ['Questionnaire.extension']),
  });
}
