/** The endpoints of machines beside the token endpoint: introspection, revocation, userinfo, registration. */
import type { ClientParts } from '../../accounts/clients.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Store } from '../../ports/store.ts';
import type { Identify } from '../bearer.ts';
import type { Log } from '../log.ts';
import { createAuthenticateClient } from './client-auth.ts';
import type { FindClientKeys } from './client-keys.ts';
import type { ClientOrigins } from './client-origins.ts';
import type { AuthRoute } from './exchange.ts';
import type { IdentifyToken } from './identify.ts';
import { createIntrospection } from './introspection.ts';
import type { LoginSource } from './library.ts';
import { createRegistration } from './registration.ts';
import { createRevocation } from './revocation.ts';
import { createUserinfo } from './userinfo.ts';

interface EndpointParts {
  readonly store: Pick<Store, 'snapshot' | 'commit'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: { readonly issuer: string; readonly base: string; readonly clockToleranceS: number };
  readonly administratorScope: string;
  readonly clientKeys: FindClientKeys;
  readonly origins: ClientOrigins;
  readonly identify: IdentifyToken;
  readonly logins: Pick<LoginSource, 'findAccount'>;
  readonly random: ClientParts['random'];
  /** Undefined: clients do not register themselves. */
  readonly registration:
    | { readonly mode: 'initial-token' | 'open-pending'; readonly identify: Identify }
    | undefined;
}

export function createMachineEndpoints(parts: EndpointParts): readonly AuthRoute[] {
  const { store, log, settings, identify, origins, registration } = parts;
  const { findAccount } = parts.logins;
  const authenticate = createAuthenticateClient({
    ...parts,
    failed: (client, why) => log.write('info', 'authorization refused', { event: 'client', client, why }),
  });
  const introspection = createIntrospection({
    store,
    authenticate,
    identify,
    settings,
    fhirUserOf: async (account, context) => (await findAccount(account, context))?.fhirUser,
  });
  const userinfo = createUserinfo({ store, identify, origins, findAccount });
  return [
    ['POST', '/introspect', introspection],
    ['POST', '/revoke', createRevocation(authenticate)],
    ['GET', '/userinfo', userinfo],
    ['POST', '/userinfo', userinfo],
    ...(registration === undefined
      ? []
      : [
          [
            'POST',
            '/register',
            createRegistration({ ...parts, ...registration, base: settings.base }),
          ] as const,
        ]),
  ];
}
