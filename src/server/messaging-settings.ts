/** The settings of messages to patients: where they read, and how they learn that there is something to read. */
import { choice, text } from './setting.ts';
import { url } from './setting-shapes.ts';

export const MESSAGING_SETTINGS = {
  patientInbox: choice(
    ['open', 'closed'],
    'Whether patients may write messages to organizations here. An organization may close its own by the extension patient-inbox.',
  ),
  patientPortalUrl: text(
    undefined,
    'Where patients sign in to read messages: the only address that a link in a text to a patient may lead to. Default: publicBaseUrl.',
    { shape: url },
  ),
};
