/** Whether a message to a patient is the text of a template, with the names of places as they may be told (baa-messaging MS23). */
import type { Ref, Resource } from '../../fhir/types.ts';
import {
  isTemplateText,
  TEMPLATE_EXTENSION,
  templateIn,
  templateText,
  type TemplateUse,
} from '../../messaging/templates.ts';
import { valuesAt } from '../../resources/element.ts';
import type { Draft } from '../write/draft.ts';
import { readPreview } from '../write/preview.ts';
import { linkSaysMore, readPlaceName } from './place-name.ts';

/** Whether a message says the words of a template, and nothing else. */
export async function isTemplateMessage(draft: Draft, message: Resource): Promise<boolean> {
  const use = templateIn(message);
  return use !== undefined && isTemplateText(message, await renderingIn(draft, use));
}

/** Why a message that names a template is not one; undefined where it is, or names none. */
export async function templateFaultIn(draft: Draft, message: Resource): Promise<string | undefined> {
  if (!valuesAt(message, 'extension.url').includes(TEMPLATE_EXTENSION)) return undefined;
  const use = templateIn(message);
  if (use === undefined)
    return 'The extension message-template names no template of this server with its language and exactly its slots.';
  const rendering = await renderingIn(draft, use);
  if (isTemplateText(message, rendering)) return undefined;
  const text = templateText(use, rendering);
  return text === undefined
    ? 'A slot of the template is missing, or is not of its form.'
    : `The message names a template and is not it: one payload.contentString with exactly these words, and nothing beside them: ${text}`;
}

/** What the words of a template are made with, as things will be after the commit. */
export async function renderingIn(draft: Draft, { slots, language }: TemplateUse) {
  const place =
    slots.place === undefined
      ? undefined
      : await readPlaceName((ref) => readPreview(draft, ref), slots.place as Ref, language);
  const isFree = slots.link !== undefined && linkSaysMore(slots.link);
  // Below no address there is no link.
  return { place, linkBase: isFree ? '' : portalOf(draft) };
}

/** Where patients sign in. */
export const portalOf = ({ context: { settings } }: Draft): string =>
  settings.patientPortalUrl ?? settings.publicBase;
