/** The settings of attachments: which scanner looks at files, how long it may take, and what is taken. Rows of `settings.ts`. */
import { scannerPlace } from './setting-shapes.ts';
import { integer, onOff, text } from './setting.ts';

const SECOND = 1000;

export const ATTACHMENT_SETTINGS = {
  clamdAddress: text(
    'none',
    'The malware scanner: host:port of clamd, the path of its socket file, or none. The server may connect to it wherever it is; what is scanned goes there in the clear.',
    {
      shape: scannerPlace,
      unsafe: (value) =>
        value === 'none'
          ? 'no file is scanned for malware; what is attached for vendors and patients stays pending'
          : undefined,
    },
  ),
  scanTimeoutMs: integer(
    30 * SECOND,
    [SECOND, 600 * SECOND],
    'Time that the scan of one file may take. A file that was not scanned in time is pending, and is tried again.',
  ),
  dicomAttachments: onOff(false, 'Whether messages may carry images in DICOM.'),
};
