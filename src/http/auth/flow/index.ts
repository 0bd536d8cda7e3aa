/** The front of the authorization server, put together: what people meet, and what the library asks of it. */
import type { createDevices } from '../../../accounts/devices.ts';
import type { OwnLogins } from '../../../accounts/own-logins.ts';
import type { Sessions } from '../../../accounts/sessions.ts';
import type { createTabs } from '../../../accounts/tabs.ts';
import type { Perform } from '../../../operations/request.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Store } from '../../../ports/store.ts';
import type { Headers } from '../../cors.ts';
import { findClient } from '../clients.ts';
import type { AuthExchange, AuthRoute } from '../exchange.ts';
import type { OidcLibrary } from '../library.ts';
import type { FrontHooks } from '../provider.ts';
import { readPageFiles } from '../pages/files.ts';
import { createAccountPages } from './account.ts';
import { createConsents } from './consents.ts';
import { createDecide } from './decide.ts';
import { createEnrol, type Invitations } from './enrol.ts';
import { createEntry } from './entry.ts';
import type { Factors } from '../../../accounts/factors.ts';
import { createFront, type ScopeFault } from './front.ts';
import { createGrants } from './grants.ts';
import { createInteraction } from './interaction.ts';
import { createLaunches } from './launches.ts';
import { organizationName } from './people.ts';
import { createPicker } from './picker.ts';
import { createHooks } from './policy.ts';
import { createPrograms, type IdentifyBearer } from './programs.ts';
import { createSignIn, type OtherWay } from './sign-in.ts';
import { createSignOut } from './sign-out.ts';
import { createSignedIn } from './signed-in.ts';
import { styleDocument, STYLE_PATH } from './style-document.ts';
import { createUnlock } from './unlock.ts';
import { createWeb } from './web.ts';

interface FlowParts {
  readonly store: Store;
  readonly clock: Clock;
  /** `[origin]/auth` */
  readonly issuer: string;
  /** The FHIR base. */
  readonly base: string;
  readonly securityHeaders: Readonly<Headers>;
  readonly perform: Perform;
  readonly sessions: Sessions;
  readonly devices: ReturnType<typeof createDevices>;
  readonly tabs: ReturnType<typeof createTabs>;
  readonly factors: Factors;
  readonly ownLogins: OwnLogins;
  readonly invitations: Invitations;
  readonly identify: IdentifyBearer;
  readonly faultOfScopes: (text: string) => ScopeFault | undefined;
  readonly logoutElsewhere: (session: string, back: string) => Promise<string | undefined>;
  readonly otherWays: (query: string) => Promise<readonly OtherWay[]>;
  /** What the login page says in a demonstration. */
  readonly notice: string | undefined;
}

/** What the authorization server takes of the front. */
export interface Flow {
  readonly hooks: FrontHooks;
  readonly routes: (library: OidcLibrary) => readonly AuthRoute[];
}

export function createFlow(given: FlowParts): Flow {
  const { store, clock, base } = given;
  const { origin, pathname: issuerPath } = new URL(given.issuer);
  const files = readPageFiles(issuerPath);
  const web = createWeb({ origin, issuerPath, files, securityHeaders: given.securityHeaders });
  const launches = createLaunches({ store, clock });
  const consents = createConsents({ store, clock });
  const grants = createGrants(base);
  const styleUrl = `${given.issuer}${STYLE_PATH}`;
  const decide = createDecide({ consents, now: () => clock.now(), styleUrl, base });
  let library: OidcLibrary | undefined;
  const parts = {
    ...given,
    web,
    launches,
    consents,
    grants,
    decide,
    files: files.addresses,
    findClient: (id: string) => findClient(store.snapshot(), id),
    organizationName: (ref: Parameters<typeof organizationName>[1]) =>
      organizationName(store.snapshot(), ref),
    provider: () => libraryOf().provider(),
    answerByLibrary: (exchange: AuthExchange) => libraryOf().answer(exchange),
  };
  /** The server hands it over with the question for routes, before any request. */
  const libraryOf = (): OidcLibrary => {
    if (library === undefined) throw new Error('the library is not there yet');
    return library;
  };
  const front = createFront(parts);
  const signedIn = createSignedIn(parts);
  const entry = createEntry(parts);
  const enrol = createEnrol({ ...parts, signedIn, entry });
  const rows = [
    front,
    createInteraction({ ...parts, picker: createPicker(parts) }),
    createSignIn({ ...parts, entry }),
    createUnlock({ ...parts, entry }),
    enrol,
    createAccountPages({ ...parts, signedIn, enrol }),
    createSignOut(parts),
    createPrograms(parts),
  ].flatMap(({ routes }): readonly AuthRoute[] => routes);

  return {
    hooks: createHooks({ ...parts, front }),
    routes(own) {
      library = own;
      return [...rows, ...fileRoutes(files)];
    },
  };
}

const YEAR_S = 31_536_000;
const KEPT = { 'Cache-Control': `public, max-age=${YEAR_S}, immutable` };

/** What pages and apps load. The addresses change with what is there. */
const fileRoutes = (files: ReturnType<typeof readPageFiles>): readonly AuthRoute[] => [
  [
    'GET',
    '/pages/:name',
    ({ path, send }) => {
      const file = files.find(path);
      if (file === undefined) send(404, { error: 'not_found' });
      else send(200, file.bytes.toString('utf8'), { ...KEPT, 'Content-Type': file.type });
    },
  ],
  [
    'GET',
    STYLE_PATH,
    ({ send }) =>
      send(200, styleDocument(), {
        ...KEPT,
        'Content-Type': 'application/json; charset=utf-8',
        'Access-Control-Allow-Origin': '*',
      }),
  ],
];
