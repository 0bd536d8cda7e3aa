/** What the roof does about parties before anybody is served: older folders are filled, and the links' OIDs are registered. */
import { randomUUID } from 'node:crypto';
import type { Config } from './config.ts';
import { beginRoles } from './role-default.ts';
import type { Log } from '../http/log.ts';
import { denyByStoredConsents } from '../operations/renew-denials.ts';
import { keepAllKinds } from '../operations/renew-kinds.ts';
import { registerLinks } from '../operations/register.ts';
import { tagOthers } from '../operations/upgrade-others.ts';
import { fillRegister, type Named } from '../operations/upgrade.ts';
import type { Clock } from '../ports/clock.ts';
import type { Listening } from '../rails/hl7v2-mllp/index.ts';
import type { ServerStore } from '../stores/index.ts';

interface PrepareParts {
  readonly store: ServerStore;
  readonly config: Pick<Config, 'demo' | 'identitySystems' | 'issuer' | 'partyKindDefault'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly listening: readonly Listening[];
}

/** The formats that brought the register, and what Consents deny and permit beside reach. */
const REGISTER_FORMAT = 2;
const GUARD_FORMAT = 5;

const OID = /^[0-2](?:\.(?:0|[1-9]\d*))+$/;

export async function prepareParties({ store, config, clock, log, listening }: PrepareParts): Promise<void> {
  const isOlder = store.status().seq > 0;
  const named = namedBy(listening);
  const parts = { store, clock, newId: randomUUID, named, identitySystems: config.identitySystems };
  if (store.bornFormat < REGISTER_FORMAT) {
    const filled = await fillRegister(parts);
    if (filled !== undefined) log.write('info', 'the register of identifiers was filled', { ...filled });
    const tagged = await tagOthers(parts);
    if (tagged !== undefined)
      log.write('info', 'persons, roles and places were given a standing', { ...tagged });
  }
  await keepAllKinds(store, config.partyKindDefault, store.bornFormat < GUARD_FORMAT);
  if (store.bornFormat < GUARD_FORMAT) {
    const denying = await denyByStoredConsents(store);
    if (denying !== undefined)
      log.write('info', 'what the stored Consents deny and permit was put in force', { denying });
  }
  await beginRoles({ store, config, clock, isOlder });
  for (const { oid, organization } of await registerLinks(parts)) {
    log.write('warn', 'a link names an OID that is verified for another organization', { oid, organization });
  }
}

/** The organizations of the links, each with the OIDs by which they know it. */
function namedBy(listening: readonly Listening[]): readonly Named[] {
  return listening
    .flatMap(({ links }) => links)
    .flatMap(({ link: { senders, receivers, defaultReceiver } }) => [
      ...[...senders, ...receivers].map(({ facility, organization }) => ({
        organization,
        ...(OID.test(facility) && { oid: facility }),
      })),
      ...(defaultReceiver === undefined ? [] : [{ organization: defaultReceiver }]),
    ]);
}
