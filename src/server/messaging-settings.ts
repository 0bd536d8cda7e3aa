/** The settings of agreements, and of messages to patients: where they read, and how they learn that there is something. */
import { choice, integer, text } from './setting.ts';
import { url } from './setting-shapes.ts';

export const MESSAGING_SETTINGS = {
  agreementTickMs: integer(
    60_000,
    [1000, 3_600_000],
    'Time between two looks at agreements that begin, end or are to be renewed. What may be told never waits for it.',
  ),
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
