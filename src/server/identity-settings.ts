/** The settings of identity: who signs in, by what, and where its secrets are sealed. Rows of `settings.ts`. */
import { integer, text } from './setting.ts';

const MINUTE = 60_000;

export const IDENTITY_SETTINGS = {
  keyFile: text(
    undefined,
    'File with the key (32 bytes, or their base64) that opens the secrets in the store. Nobody but its owner may read it, and it belongs on another disk than the data. Default: a file that the server makes below $XDG_STATE_HOME or ~/.local/state; with MongoDB there is no default.',
  ),
  sessionIdleMs: integer(
    15 * MINUTE,
    [MINUTE, 30 * MINUTE],
    'Time without a request of its person after which a session locks; at a shared device 5 minutes at most.',
  ),
};
