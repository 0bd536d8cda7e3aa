/** The settings of messages to patients: where patients read, and how they learn that there is something to read. */
import { mailAddress, relayAddress, url } from './setting-shapes.ts';
import { choice, integer, text } from './setting.ts';

const CARRIER = [
  'operator, or Organization/ and its id',
  (given: string) => /^(?:operator|Organization\/[A-Za-z0-9.-]{1,64})$/.test(given),
] as const;

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
  tellIntervalMs: integer(
    15_000,
    [100, 60 * 60 * 1000],
    'Time between two looks for what patients are to be told now.',
  ),
  mailRelay: text(
    undefined,
    'The relay that takes texts to patients as ordinary mail: smtps://host:port, or smtp://host:port with STARTTLS. The server may connect to it wherever it is. Without it no mail leaves for patients.',
    { shape: relayAddress },
  ),
  mailRelayTls: choice(
    ['required', 'offered'],
    'Whether the relay at smtp:// must offer STARTTLS, or may also take mail without it. A password needs TLS.',
    { unsafe: (way) => (way === 'offered' ? 'mail for patients may leave without TLS' : undefined) },
  ),
  mailRelayCa: text(
    undefined,
    "File with the authorities (PEM) of the relay's certificate. Default: the system's.",
  ),
  mailRelayUser: text(undefined, 'Name of the account at the relay.'),
  mailRelayPassword: text(undefined, 'Password of the account at the relay.', { secret: true }),
  mailFrom: text(
    undefined,
    'The address from which texts to patients come. It names no organization that a patient would not want to be seen with.',
    { shape: mailAddress },
  ),
  mailCarrier: text(
    undefined,
    'Who runs the relay: operator, who runs this server as well, or the Organization with which the sender needs an agreement in force (service mail).',
    { shape: CARRIER },
  ),
  smsGateway: text(
    undefined,
    'Address of a gateway for text messages, which takes POST of JSON {to, text, id}. The server may connect to it wherever it is. Without it no text message leaves.',
    { shape: url },
  ),
  smsSecret: text(undefined, 'Bearer token for the gateway.', { secret: true }),
  smsCarrier: text(
    undefined,
    'Who runs the gateway: operator, or the Organization with which the sender needs an agreement in force (service sms).',
    { shape: CARRIER },
  ),
};

/** The settings of ways out to patients, as they were read. */
interface OutreachConfig {
  readonly mailRelay: string | undefined;
  readonly mailFrom: string | undefined;
  readonly mailCarrier: string | undefined;
  readonly mailRelayUser: string | undefined;
  readonly mailRelayPassword: string | undefined;
  readonly smsGateway: string | undefined;
  readonly smsSecret: string | undefined;
  readonly smsCarrier: string | undefined;
}

/** Settings of ways out to patients that contradict each other. */
export const messagingConflicts = (
  config: OutreachConfig,
): readonly (readonly [wrong: boolean, says: string])[] => [
  [
    config.mailRelay !== undefined && (config.mailFrom === undefined || config.mailCarrier === undefined),
    'mailRelay needs mailFrom and mailCarrier',
  ],
  [
    (config.mailRelayUser === undefined) !== (config.mailRelayPassword === undefined),
    'mailRelayUser and mailRelayPassword go together',
  ],
  [
    config.smsGateway !== undefined && (config.smsSecret === undefined || config.smsCarrier === undefined),
    'smsGateway needs smsSecret and smsCarrier',
  ],
];
