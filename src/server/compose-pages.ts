/** The roof over what people meet at the authorization server: its pages, with the sessions and factors behind them. */
import { lookAtInvitation, openInvitation } from '../accounts/invitations.ts';
import type { AccountParts } from '../accounts/acting.ts';
import { createOwnLogins } from '../accounts/own-logins.ts';
import type { Sessions } from '../accounts/sessions.ts';
import { createTabs } from '../accounts/tabs.ts';
import type { Headers } from '../http/cors.ts';
import type { Log } from '../http/log.ts';
import { createFlow, type Flow } from '../http/auth/flow/index.ts';
import type { IdentifyBearer } from '../http/auth/flow/programs.ts';
import type { Perform } from '../operations/request.ts';
import type { Store } from '../ports/store.ts';
import { faultOfScopes } from '../resources/scope-faults.ts';
import type { ComposedFactors } from './compose-factors.ts';
import type { ComposedSignOn } from './compose-sign-on.ts';
import type { Config } from './config.ts';
import { clock } from './time.ts';

interface PagesParts {
  readonly config: Pick<Config, 'administratorScope'>;
  readonly store: Store;
  readonly issuer: string;
  readonly base: string;
  readonly perform: Perform;
  readonly securityHeaders: Readonly<Headers>;
  readonly sessions: Sessions;
  readonly proofs: Pick<ComposedFactors, 'factors' | 'devices'>;
  readonly identify: IdentifyBearer;
  readonly accountParts: AccountParts;
  readonly log: Pick<Log, 'write'>;
  readonly signOn: Pick<ComposedSignOn, 'otherWays' | 'logoutElsewhere'>;
}

export function composePages(parts: PagesParts): Flow {
  const { config, store, base, proofs, signOn } = parts;
  return createFlow({
    ...parts,
    ...proofs,
    clock,
    tabs: createTabs(store),
    invitations: {
      look: (secret) => lookAtInvitation(store.snapshot(), secret),
      open: (opening) => openInvitation({ store, clock }, opening),
    },
    ownLogins: createOwnLogins({
      ...parts.accountParts,
      warn: (about) => parts.log.write('error', 'an account that is kept for an emergency logged in', about),
    }),
    faultOfScopes: (text) => faultOfScopes(text, base, config.administratorScope),
    otherWays: signOn.otherWays,
    logoutElsewhere: signOn.logoutElsewhere,
    notice: undefined,
  });
}
