/** Whether a message to a patient is the text of a template, with the names of places as they may be told (baa-messaging MS23). */
import type { Ref, Resource } from '../../fhir/types.ts';
import { isTemplateText, templateIn, type TemplateUse } from '../../messaging/templates.ts';
import type { Draft } from '../write/draft.ts';
import { readPreview } from '../write/preview.ts';
import { readPlaceName } from './place-name.ts';

/** Whether a message says the words of a template, and nothing else. */
export async function isTemplateMessage(draft: Draft, message: Resource): Promise<boolean> {
  const use = templateIn(message);
  return use !== undefined && isTemplateText(message, await renderingIn(draft, use));
}

/** What the words of a template are made with, as things will be after the commit. */
export async function renderingIn(draft: Draft, { slots, language }: TemplateUse) {
  const place =
    slots.place === undefined
      ? undefined
      : await readPlaceName((ref) => readPreview(draft, ref), slots.place as Ref, language);
  return { place, linkBase: portalOf(draft) };
}

/** Where patients sign in. */
export const portalOf = ({ context: { settings } }: Draft): string =>
  settings.patientPortalUrl ?? settings.publicBase;
