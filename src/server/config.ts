/**
 * The values of the settings: command line before environment before settings file before default. Everything that is
 * wrong is found at once, each by the setting's name and with what is allowed.
 */
import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { isLoopbackHost } from '../resources/public-address.ts';
import { readFlags, type FlagTable } from './flags.ts';
import { flagOf, variableOf, type Setting, type ValueOf } from './setting.ts';
import { SETTINGS } from './settings.ts';
import { messagingConflicts } from './messaging-settings.ts';

type SettingName = keyof typeof SETTINGS;

export type Config = { readonly [N in SettingName]: ValueOf<(typeof SETTINGS)[N]> };

/**
 * The address under which the server is known: the one that is set, or where it listens itself.
 *
 * @param port the one that the server got, where the setting leaves it open
 */
export function baseOf({ publicBaseUrl, host, tlsCert, basePath }: Config, port: number): string {
  if (publicBaseUrl !== undefined) return publicBaseUrl;
  const scheme = tlsCert === undefined ? 'http' : 'https';
  return `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}${basePath}`;
}

/** Settings that cannot be used; the message is for the operator, a line for each. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * Reads and checks all settings.
 *
 * @param use a command on the data folder serves nobody: what only a server must have is not asked of it
 * @param argv the arguments after the script's name; `--config file` (or CONFIG) names a JSON file with settings
 * @throws ConfigError naming every setting that is wrong and what it allows
 */
export function readConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  use: 'server' | 'command' = 'server',
): Config {
  const problems: string[] = [];
  const flags = readSettingFlags(argv, problems);
  const file = readFile(flags.get('config')?.text ?? env['CONFIG'], problems);
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const name of NAMES) {
    const given = flags.get(name) ?? fromEnvironment(name, env, problems) ?? file.get(name);
    values[name] = valueOf(name, given, problems);
  }
  // Every name of the table now has a value of its row's type.
  const config = values as Config;
  if (problems.length === 0 && use === 'server') problems.push(...conflictsOf(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** What is unsafe in these settings, each line led by the setting's name. */
export function warningsOf(config: Config): readonly string[] {
  const unsafe = NAMES.flatMap((name) => {
    // A row's `unsafe` takes the row's own value.
    const { unsafe: judge } = SETTINGS[name] as Setting<unknown>;
    const why = judge?.(config[name]);
    return why === undefined ? [] : [`${name}: ${why}`];
  });
  if (!isLoopbackHost(config.host) && config.tlsCert === undefined && config.trustedProxy.length === 0) {
    unsafe.push(
      `host: ${config.host} is reached without TLS; set tlsCert and tlsKey, or name the trustedProxy`,
    );
  }
  const { mongodbUri, anchorFile } = config;
  if (mongodbUri !== undefined && !isGuarded(mongodbUri))
    unsafe.push('mongodbUri: the database is reached without TLS; add tls=true');
  if (config.auditFeed !== 'off' && config.auditFeedAddress?.startsWith('http:') === true)
    unsafe.push('auditFeedAddress: the audit is sent without TLS');
  if (config.store === 'mongodb' && anchorFile === undefined)
    unsafe.push('anchorFile: the anchors of the audit chain are in the data folder, which may be lost');
  return unsafe;
}

/** Whether nobody on the way reads what goes to the database: by TLS, or because all its servers are on this machine. */
function isGuarded(uri: string): boolean {
  if (/[?&](tls|ssl)=true\b/.test(uri)) return true;
  if (uri.startsWith('mongodb+srv:')) return !/[?&](tls|ssl)=false\b/.test(uri);
  const servers = uri
    .replace(/^mongodb:\/\//, '')
    .replace(/[/?].*$/, '')
    .replace(/^.*@/, '');
  return servers
    .split(',')
    .every((server) => isLoopbackHost(server.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')));
}

/** A value as given, and how it was given, for the error. */
interface Given {
  readonly text: string;
  readonly by: string;
}

const NAMES = Object.keys(SETTINGS) as readonly SettingName[]; // the keys of a literal

const BY_FLAG: ReadonlyMap<string, SettingName | 'config'> = new Map<string, SettingName | 'config'>([
  ['--config', 'config'],
  ...NAMES.map((name) => [flagOf(name), name] as const),
]);

/** The flags of all settings, and `--config`. */
export const SETTING_FLAGS: FlagTable = Object.fromEntries(
  [...BY_FLAG].map(([flag, name]) => {
    const isSwitch = name !== 'config' && SETTINGS[name].kind === 'switch';
    return [flag.slice(2), { type: isSwitch ? 'boolean' : 'string' }] as const;
  }),
);

function valueOf(name: SettingName, given: Given | undefined, problems: string[]): unknown {
  const setting = SETTINGS[name];
  if (given === undefined || given.text === '') return setting.fallback;
  const value = setting.parse(given.text);
  if (value === undefined) {
    const shown = setting.secret === true ? '' : ` "${given.text}"`;
    problems.push(`${name} (${given.by}${shown}) must be ${setting.allowed}`);
  }
  return value;
}

function fromEnvironment(
  name: SettingName,
  env: Readonly<Record<string, string | undefined>>,
  problems: string[],
): Given | undefined {
  const variable = variableOf(name);
  const value = env[variable];
  const isSecret = SETTINGS[name].secret === true;
  const secretFile = isSecret ? env[`${variable}_FILE`] : undefined;
  if (secretFile !== undefined) return fromSecretFile(variable, value, secretFile, problems);
  return value === undefined ? undefined : { text: value, by: variable };
}

/** A secret in a file of its own, as orchestrators mount them; one line end at its end is not part of it. */
function fromSecretFile(
  variable: string,
  value: string | undefined,
  file: string,
  problems: string[],
): Given | undefined {
  if (value !== undefined) problems.push(`${variable} and ${variable}_FILE exclude each other`);
  try {
    const text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    if (text === '') problems.push(`${variable}_FILE (${file}) is empty`);
    return { text, by: `${variable}_FILE` };
  } catch (error) {
    problems.push(
      `${variable}_FILE cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  }
}

/** Reads the flags of the command line; what is no setting is a problem. */
function readSettingFlags(
  argv: readonly string[],
  problems: string[],
): ReadonlyMap<SettingName | 'config', Given> {
  const { given, operands, wrong } = readFlags(argv, SETTING_FLAGS);
  for (const { by, name, wrong: what } of wrong) {
    if (what === 'valueless') problems.push(`${BY_FLAG.get(`--${name}`) ?? name} (${by}) needs a value`);
    else problems.push(notASetting(by));
  }
  problems.push(...operands.map(notASetting));
  return new Map(
    given.flatMap(({ name, text, by }) => {
      const setting = BY_FLAG.get(`--${name}`);
      return setting === undefined ? [] : [[setting, { text, by }]];
    }),
  );
}

const notASetting = (what: string): string =>
  `${what} is not a setting; docs/reference/settings.md lists them`;

function readFile(file: string | undefined, problems: string[]): Map<SettingName, Given> {
  const found = new Map<SettingName, Given>();
  if (file === undefined || file === '') return found;
  const entries = readEntries(file, problems);
  for (const [key, value] of entries) {
    const name = NAMES.find((known) => known === key);
    if (name === undefined) problems.push(notASetting(`${key} (in ${file})`));
    else found.set(name, { text: Array.isArray(value) ? value.join(',') : String(value), by: file });
  }
  return found;
}

function readEntries(file: string, problems: string[]): readonly (readonly [string, unknown])[] {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return Object.entries(parsed);
    problems.push(`config (${file}) must be a JSON object of settings`);
  } catch (error) {
    problems.push(
      `config (${file}) cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return [];
}

/** Settings that are right alone and wrong together. */
export function conflictsOf(config: Config): readonly string[] {
  const rules: readonly (readonly [wrong: boolean, says: string])[] = [
    [
      config.demo && !isLoopbackHost(config.host),
      `demo refuses host ${config.host}; it must be a loopback address`,
    ],
    [
      !config.demo &&
        config.authorizationServer === 'off' &&
        config.issuer === undefined &&
        config.issuersFile === undefined,
      'issuer or issuersFile must be set where authorizationServer is off (or demo, to try the server on this machine)',
    ],
    [
      config.demo && config.issuer !== undefined,
      'issuer and demo exclude each other: the demo has its own issuer',
    ],
    [
      config.issuer !== undefined && (config.jwksUri === undefined) === (config.jwksFile === undefined),
      'jwksUri or jwksFile must be set beside issuer, and only one of them',
    ],
    [
      config.issuerPath === config.basePath || config.basePath.startsWith(`${config.issuerPath}/`),
      'issuerPath and basePath must be apart',
    ],
    [
      (config.tlsCert === undefined) !== (config.tlsKey === undefined),
      'tlsCert and tlsKey must be set together',
    ],
    [config.auditFeed !== 'off' && config.auditFeedAddress === undefined, 'auditFeed needs auditFeedAddress'],
    [
      config.auditFeedAddress !== undefined &&
        config.auditFeed !== 'off' &&
        (config.auditFeed === 'syslog') !== config.auditFeedAddress.startsWith('syslogs:'),
      'auditFeed=syslog needs an auditFeedAddress syslogs://host:port; fhir and ndjson need an http or https URL',
    ],
    [
      (config.auditFeedCert === undefined) !== (config.auditFeedKey === undefined),
      'auditFeedCert and auditFeedKey go together',
    ],
    ...directConflicts(config),
    ...messagingConflicts(config),
    [config.tlsCa !== undefined && config.tlsCert === undefined, 'tlsCa needs tlsCert and tlsKey'],
    [
      (config.store === 'mongodb') !== (config.mongodbUri !== undefined),
      'store mongodb and mongodbUri must be set together',
    ],
    [config.tokenAlgorithms.length === 0, 'tokenAlgorithms must name at least one algorithm'],
    [config.tokenTypes.length === 0, 'tokenTypes must name at least one type'],
    [config.pageSize > config.pageSizeMax, 'pageSize must not exceed pageSizeMax'],
    [config.backoffMinMs > config.backoffMaxMs, 'backoffMinMs must not exceed backoffMaxMs'],
    [config.headersTimeoutMs > config.requestTimeoutMs, 'headersTimeoutMs must not exceed requestTimeoutMs'],
    [
      config.publicBaseUrl !== undefined && !config.publicBaseUrl.endsWith(config.basePath),
      `publicBaseUrl must end with basePath (${config.basePath})`,
    ],
  ];
  return rules.flatMap(([wrong, says]) => (wrong ? [says] : []));
}

function directConflicts(config: Config): readonly (readonly [wrong: boolean, says: string])[] {
  const { directDomains, directListen, directRelay, directRelayUser, directRelayPassword } = config;
  return [
    [
      directDomains === undefined && (directListen !== undefined || directRelay !== undefined),
      'directListen and directRelay need directDomains',
    ],
    [
      (config.directTlsCert === undefined) !== (config.directTlsKey === undefined),
      'directTlsCert and directTlsKey must be set together',
    ],
    [
      (directRelayUser === undefined) !== (directRelayPassword === undefined),
      'directRelayUser and directRelayPassword must be set together',
    ],
  ];
}
