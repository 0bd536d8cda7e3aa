/** The issuers outside whose tokens the server takes: that of the settings, those of a file, and a demonstration's own. */
import { createIdentify, type BearerSettings } from '../http/bearer.ts';
import type { RoleSettings } from '../identity/granted.ts';
import { createDevIssuer, type DevIssuer } from '../http/dev-issuer.ts';
import type { OutsideIssuer } from '../http/issuers.ts';
import { keysFromFile, keysFromUri, type IssuerKeys } from '../http/keys.ts';
import type { Config } from './config.ts';
import type { Outgoing } from './compose-outgoing.ts';
import { outsideIssuersOf } from './issuers-file.ts';
import { clock } from './time.ts';

type Lookups = Pick<BearerSettings, 'findOrganization' | 'usualPurpose' | 'findUserName'>;

interface OutsideIssuers {
  readonly issuers: readonly OutsideIssuer[];
  /** Signs tokens; only in a demonstration. */
  readonly devIssuer: DevIssuer | undefined;
  /** Reads key files again. Throws when one cannot be read; its keys then stay as they were. */
  reload(): void;
  close(): Promise<void>;
}

interface Issuer {
  readonly issuer: string;
  readonly keys: IssuerKeys;
  readonly settings: Partial<BearerSettings>;
}

/** @throws what is wrong with the file of issuers, or with a file of keys */
export async function openOutsideIssuers(
  config: Config,
  base: string,
  outgoing: Outgoing,
  lookups: Lookups,
  roles: RoleSettings,
): Promise<OutsideIssuers> {
  const devIssuer = config.demo ? await openDevIssuer(config, base) : undefined;
  const issuers = [
    ...(devIssuer === undefined ? [] : [ofDemonstration(devIssuer)]),
    ...ofSettings(config, outgoing),
    ...ofFile(config, outgoing),
  ];
  return {
    devIssuer,
    issuers: issuers.map(({ issuer, keys, settings }) => ({
      issuer,
      identify: createIdentify({
        ...config,
        ...roles,
        base,
        audience: config.audience ?? base,
        issuer,
        keys,
        clock,
        ...lookups,
        ...settings,
      }),
    })),
    reload: () => issuers.forEach(({ keys }) => keys.reload()),
    async close() {
      for (const { keys } of issuers) await keys.close();
    },
  };
}

const openDevIssuer = ({ audience, organizationClaim, dataDir }: Config, base: string): Promise<DevIssuer> =>
  createDevIssuer({
    audience: audience ?? base,
    organizationClaim,
    folder: dataDir,
    now: () => clock.now(),
  });

const ofDemonstration = ({ issuer, keys, algorithm }: DevIssuer): Issuer => ({
  issuer,
  keys,
  settings: { tokenAlgorithms: [algorithm] },
});

/** The one that was configured before there could be several: it may speak for every organization. */
function ofSettings({ issuer, jwksUri, jwksFile }: Config, outgoing: Outgoing): readonly Issuer[] {
  return issuer === undefined
    ? []
    : [{ issuer, keys: keysOf({ jwksUri, jwksFile }, outgoing), settings: {} }];
}

function ofFile(config: Config, outgoing: Outgoing): readonly Issuer[] {
  return outsideIssuersOf(config).map(({ issuer, jwksUri, jwksFile, ...settings }) => ({
    issuer,
    keys: keysOf({ jwksUri, jwksFile }, outgoing),
    // Nobody knew this issuer before there were roles.
    settings: { rolesUndecided: false, ...settings },
  }));
}

const keysOf = (
  { jwksUri = '', jwksFile }: { readonly jwksUri: string | undefined; readonly jwksFile: string | undefined },
  outgoing: Outgoing,
): IssuerKeys =>
  jwksFile === undefined ? keysFromUri(jwksUri, outgoing.httpFor('jwks')) : keysFromFile(jwksFile);
