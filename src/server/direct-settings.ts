/**
 * The settings of Direct mail: which domains are kept here, where mail comes in and goes out, what it may cost and how long
 * a notification is waited for. Rows of `settings.ts`.
 */
import { allowedPlace, listeningPlace, nameServer, relayAddress } from './setting-shapes.ts';
import { choice, integer, list, text } from './setting.ts';

const MIB = 1024 * 1024;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const DIRECT_SETTINGS = {
  directDomains: text(
    undefined,
    'JSON file with the domains whose Direct addresses are kept here, and the way of their mail: the own security agent, or mailboxes at a HISP. Without it the server neither sends nor takes Direct mail.',
  ),
  directKeys: text(
    undefined,
    'Folder with the private keys (PEM, mode 0600) of the Direct addresses and domains of the own security agent.',
  ),
  directListen: text(
    undefined,
    'Address and port where the own security agent takes mail by SMTP, as in 0.0.0.0:25. Without it no mail comes in by SMTP.',
    { shape: listeningPlace },
  ),
  directTlsCert: text(undefined, 'File with the certificate chain (PEM) for STARTTLS. Read again on SIGHUP.'),
  directTlsKey: text(undefined, 'File with the private key of that certificate (PEM). Read again on SIGHUP.'),
  directRelay: text(
    undefined,
    'The relay that takes the mail of the own security agent: smtps://host:port, or smtp://host:port with STARTTLS. The server may connect to it wherever it is.',
    { shape: relayAddress },
  ),
  directRelayTls: choice(
    ['required', 'offered'],
    'Whether the relay at smtp:// must offer STARTTLS, or may also take the mail, which is encrypted itself, without it. A password needs TLS.',
  ),
  directRelayCa: text(
    undefined,
    "File with the authorities (PEM) of the relay's certificate. Default: the system's.",
  ),
  directRelayUser: text(undefined, 'Name of the account at the relay.'),
  directRelayPassword: text(undefined, 'Password of the account at the relay.', { secret: true }),
  directMailBytesMax: integer(
    20 * MIB,
    [64 * 1024, 100 * MIB],
    'Bytes of one mail that is sent, after encryption. What is larger is refused, and a person is asked.',
  ),
  directReceivedBytesMax: integer(32 * MIB, [64 * 1024, 256 * MIB], 'Bytes of one mail that is received.'),
  directHeldBytesMax: integer(
    128 * MIB,
    [MIB, 8 * 1024 * MIB],
    'Bytes of mails that are being received or worked on together, at most half of them, or one mail, from one host; further ones are asked to come again.',
  ),
  directConnectionsMax: integer(100, [1, 10_000], 'SMTP connections at a time.'),
  directConnectionsPerAddressMax: integer(10, [1, 10_000], 'SMTP connections of one address at a time.'),
  directRecipientsMax: integer(50, [1, 1000], 'Recipients of one mail.'),
  directCommandTimeoutMs: integer(
    MINUTE,
    [SECOND, 10 * MINUTE],
    'Time within which an SMTP peer must come to its next mail, recipient or content; then it is cut off.',
  ),
  directDataTimeoutMs: integer(
    5 * MINUTE,
    [SECOND, 60 * MINUTE],
    'Time within which the content of a mail must have arrived.',
  ),
  directPollMs: integer(
    MINUTE,
    [SECOND, HOUR],
    'Time between two looks into a mailbox that announces nothing by itself (IMAP IDLE).',
  ),
  directProcessedMs: integer(
    HOUR,
    [MINUTE, 7 * DAY],
    'How long the notification that a mail was processed is waited for, until a person is asked.',
  ),
  directDispatchedMs: integer(
    DAY,
    [MINUTE, 30 * DAY],
    'How long the notification that a mail reached its destination is waited for, of peers that send it.',
  ),
  directAllowList: list(
    [],
    'Places that are not public where Direct mail may fetch bundles of anchors and lists of revoked certificates, and ask directories for certificates.',
    { shape: allowedPlace },
  ),
  directNameServers: list(
    [],
    "Name servers that are asked for certificates, as in 10.0.0.53 or 10.0.0.53:5353. Default: the system's.",
    { shape: nameServer },
  ),
  directDirectories: choice(
    ['on', 'off'],
    "Whether certificates are also looked for in the LDAP directories that the DNS of a recipient's domain names.",
  ),
  directRevocationGraceMs: integer(
    DAY,
    [0, 30 * DAY],
    'How long a certificate counts as not revoked while its list is missing or too old.',
  ),
};
