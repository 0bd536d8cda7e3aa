/** The settings of the audit: where it is sent on to, how long it is kept, and what signs its packages. Rows of `settings.ts`. */
import { collector, years } from './setting-shapes.ts';
import { choice, integer, text } from './setting.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

export const AUDIT_SETTINGS = {
  auditFeed: choice(
    ['off', 'syslog', 'fhir', 'ndjson'],
    'Where the audit is sent on to: as DICOM audit messages by syslog over TLS (RFC 5425, IHE ATNA), as AuditEvents to a FHIR server in batches, or as AuditEvents by HTTP, one a line.',
  ),
  auditFeedAddress: text(
    undefined,
    'The collector: syslogs://host:port, or an http or https URL. The server may connect to it wherever it is.',
    { shape: collector },
  ),
  auditFeedCa: text(
    undefined,
    "File with the authorities (PEM) of the collector's certificate. Default: the system's.",
  ),
  auditFeedCert: text(undefined, 'File with the certificate (PEM) that the server shows the collector.'),
  auditFeedKey: text(undefined, 'File with the private key of that certificate (PEM).'),
  auditFeedIntervalMs: integer(
    5 * SECOND,
    [100, 60 * MINUTE],
    'Time between two looks for audit rows to send.',
  ),
  auditFeedTimeoutMs: integer(
    30 * SECOND,
    [SECOND, 10 * MINUTE],
    'Time that the collector has to take one batch.',
  ),
  auditSigningKey: text(undefined, 'Key file of audit packages. Default: beside the data folder.'),
  auditRetentionYears: text(
    'ever',
    'How many years audit rows are kept at least: ever, or 6 and more (45 CFR 164.316(b)(2)(i)). The server itself removes none.',
    { shape: years },
  ),
};
