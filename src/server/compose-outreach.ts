/** The roof over texts to patients: the rails that the settings name, and who carries them. */
import { readFileSync } from 'node:fs';
import type { Carriers } from '../delivery/outreach/gate.ts';
import type { Ref } from '../fhir/types.ts';
import type { Clock } from '../ports/clock.ts';
import type { DirectAddress } from '../ports/direct.ts';
import type { Relay } from '../rails/direct/relay.ts';
import type { MailRailParts } from '../rails/mail/index.ts';
import type { SmsRailParts } from '../rails/sms/index.ts';
import { allowPlace, parsePlace, type Allowed } from '../resources/outgoing-address.ts';
import type { Outgoing } from './compose-outgoing.ts';
import type { Config } from './config.ts';

/** What each way of the settings needs; undefined for a way that is not set. */
interface OutreachParts {
  readonly mail: MailRailParts | undefined;
  readonly sms: SmsRailParts | undefined;
}

export const outreachPartsOf = (
  config: Config,
  base: string,
  outgoing: Outgoing,
  clock: Clock,
): OutreachParts => ({
  mail: mailPartsOf(config, base, outgoing, clock),
  sms: smsPartsOf(config, base, outgoing, clock),
});

function mailPartsOf(
  config: Config,
  base: string,
  { guard }: Outgoing,
  clock: Clock,
): MailRailParts | undefined {
  const { mailRelay, mailFrom, mailRelayUser, mailRelayPassword, mailRelayTls, mailRelayCa } = config;
  if (mailRelay === undefined || mailFrom === undefined) return undefined;
  const connect = () =>
    import('../rails/direct/relay.ts').then(({ createRelay }) =>
      createRelay({
        account: { server: mailRelay, user: mailRelayUser, password: mailRelayPassword, tls: mailRelayTls },
        purpose: 'mail-relay',
        ca: mailRelayCa === undefined ? undefined : readFileSync(mailRelayCa, 'utf8'),
        connect: (destination, options) => guard.connect(destination, options),
        name: mailFrom.slice(mailFrom.indexOf('@') + 1),
      }),
    );
  // Loaded with the first mail: a server that sends none does without it.
  let loaded: Promise<Relay> | undefined;
  const load = (): Promise<Relay> => (loaded ??= connect());
  const relay: MailRailParts['relay'] = {
    send: async (mail, signal) => (await load()).send(mail, signal),
    verify: async () => (await load()).verify(),
  };
  return { relay, from: mailFrom as DirectAddress, portal: config.patientPortalUrl ?? base, clock }; // by its shape
}

function smsPartsOf(
  config: Config,
  base: string,
  outgoing: Outgoing,
  clock: Clock,
): SmsRailParts | undefined {
  const { smsGateway, smsSecret } = config;
  const gateway = URL.parse(smsGateway ?? '');
  if (gateway === null || smsSecret === undefined) return undefined;
  const http = outgoing.httpFor('sms-gateway');
  return { http, gateway, secret: smsSecret, portal: config.patientPortalUrl ?? base, clock };
}

/** Who runs each way that is set. */
export const outreachCarriers = ({ mailRelay, mailCarrier, smsGateway, smsCarrier }: Config): Carriers => ({
  ...(mailRelay !== undefined && mailCarrier !== undefined && { mail: mailCarrier as Ref | 'operator' }), // by their shape
  ...(smsGateway !== undefined && smsCarrier !== undefined && { sms: smsCarrier as Ref | 'operator' }),
});

/** The places of relay and gateway, which the operator named. */
export const outreachPlaces = ({ mailRelay, smsGateway }: Config): readonly Allowed[] =>
  [
    ...(mailRelay === undefined ? [] : [{ purpose: 'mail-relay', address: mailRelay } as const]),
    ...(smsGateway === undefined ? [] : [{ purpose: 'sms-gateway', address: smsGateway } as const]),
  ]
    .flatMap((named) => parsePlace(named) ?? [])
    .map(allowPlace);
