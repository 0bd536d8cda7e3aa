/** The settings of large content. Rows of `settings.ts`. */
import { integer } from './setting.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

export const FILE_SETTINGS = {
  attachmentBytesMax: integer(
    10 * MIB,
    [128 * KIB, 2048 * MIB],
    'Bytes of content that is sent to Binary in its own type, after decompression.',
  ),
  uploadBytesPerOrganizationMax: integer(
    128 * MIB,
    [128 * KIB, 65_536 * MIB],
    'Bytes of such content of one organization that come in at a time, whichever its clients; more get 429.',
  ),
};
