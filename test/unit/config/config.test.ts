import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { isLoopbackHost } from '../../../src/resources/public-address.ts';
import { ConfigError, readConfig, warningsOf } from '../../../src/server/config.ts';
import { flagOf, variableOf } from '../../../src/server/setting.ts';
import { SETTINGS } from '../../../src/server/settings.ts';

const DEMO = ['--demo'];

function problemsOf(argv: readonly string[], env: Record<string, string> = {}): readonly string[] {
  try {
    readConfig(argv, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

function settingsFile(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'closeloop-')), 'settings.json');
  writeFileSync(file, text);
  return file;
}

describe('names', () => {
  test('are the same words in code, variable and flag', () => {
    expect(variableOf('bodyBytesMax')).toBe('BODY_BYTES_MAX');
    expect(flagOf('bodyBytesMax')).toBe('--body-bytes-max');
    expect(flagOf('clockToleranceS')).toBe('--clock-tolerance-s');
  });

  test('every default is a value that its own row allows', () => {
    for (const [name, setting] of Object.entries(SETTINGS)) {
      const { fallback } = setting;
      if (fallback === undefined) continue;
      const written = Array.isArray(fallback) ? fallback.join(',') : String(fallback);
      expect([name, setting.parse(written)]).toEqual([name, fallback]);
    }
  });
});

describe('values', () => {
  test('command line before environment before file before default', () => {
    const file = settingsFile('{"port": 1, "pageSize": 11, "drainMs": 5, "demo": true}');
    const config = readConfig(['--config', file, '--port=3'], { PORT: '2', PAGE_SIZE: '22' });
    expect(config).toMatchObject({ port: 3, pageSize: 22, drainMs: 5, demo: true, basePath: '/fhir' });
  });

  test.each<[argv: string[], expected: object]>([
    [['--demo', '--no-open-task-for-service-request'], { demo: true, openTaskForServiceRequest: false }],
    [
      ['--demo=on', '--open-task-for-service-request', 'off'],
      { demo: true, openTaskForServiceRequest: false },
    ],
    [
      ['--demo', '--cors-origins', 'https://a.example, https://b.example'],
      { corsOrigins: ['https://a.example', 'https://b.example'] },
    ],
    [['--demo', '--put-to-unused-id', 'everyone'], { putToUnusedId: 'everyone' }],
  ])('%j', (argv, expected) => {
    expect(readConfig(argv, {})).toMatchObject(expected);
  });

  test('a list in the file may be an array', () => {
    const file = settingsFile('{"demo": "on", "tokenAlgorithms": ["ES256", "RS256"]}');
    expect(readConfig([], { CONFIG: file }).tokenAlgorithms).toEqual(['ES256', 'RS256']);
  });

  test('an empty variable is as absent', () => {
    expect(readConfig(DEMO, { ISSUER: '', PORT: '' })).toMatchObject({ issuer: undefined, port: 8080 });
  });
});

describe('errors name the setting and what is allowed', () => {
  test.each<[argv: string[], env: Record<string, string>, problem: string]>([
    [['--demo', '--port', '70000'], {}, 'port (--port "70000") must be a whole number from 0 to 65535'],
    [['--demo', '--port', '8e3'], {}, 'port (--port "8e3") must be a whole number from 0 to 65535'],
    [DEMO, { AUDIT_READS: 'some' }, 'auditReads (AUDIT_READS "some") must be on or off'],
    [['--demo', '--prot', '1'], {}, '--prot is not a setting; docs/reference/settings.md lists them'],
    [['--demo', '--port'], {}, 'port (--port) needs a value'],
    [['--no-port', '--demo'], {}, '--no-port is not a setting; docs/reference/settings.md lists them'],
    [DEMO, { TOKEN_ALGORITHMS: 'HS256' }, 'tokenAlgorithms (TOKEN_ALGORITHMS "HS256") must be RS256'],
    [DEMO, { TOKEN_ALGORITHMS: 'none' }, 'tokenAlgorithms (TOKEN_ALGORITHMS "none") must be'],
    [
      DEMO,
      { CORS_ORIGINS: 'https://a.example/path' },
      'corsOrigins (CORS_ORIGINS "https://a.example/path") must be',
    ],
    [DEMO, { BASE_PATH: '/fhir/' }, 'basePath (BASE_PATH "/fhir/") must be a path'],
    [['--demo', '--host', '0.0.0.0'], {}, 'demo refuses host 0.0.0.0'],
    [['--authorization-server', 'off'], {}, 'issuer or issuersFile must be set'],
    [['--issuer-path', '/fhir'], {}, 'issuerPath and basePath must be apart'],
    [['--issuer', 'https://i.example'], {}, 'jwksUri or jwksFile must be set'],
    [['--demo', '--store', 'mongodb'], {}, 'store mongodb and mongodbUri must be set together'],
    [['--demo'], { MONGODB_URI: 'mongodb://h/' }, 'store mongodb and mongodbUri must be set together'],
    [['--demo'], { MONGODB_URI: 'http://h/' }, 'mongodbUri (MONGODB_URI) must be mongodb://'],
    [
      ['--demo', '--mongodb-database', 'a.b'],
      {},
      'mongodbDatabase (--mongodb-database "a.b") must be letters',
    ],
    [['--demo', '--tls-cert', 'x'], {}, 'tlsCert and tlsKey must be set together'],
    [['--demo', '--direct-listen', '127.0.0.1:25'], {}, 'directListen and directRelay need directDomains'],
    [
      ['--demo', '--direct-relay', 'smtps://r.example.org'],
      {},
      'directListen and directRelay need directDomains',
    ],
    [['--demo', '--direct-tls-cert', 'x'], {}, 'directTlsCert and directTlsKey must be set together'],
    [
      ['--demo', '--direct-domains', 'd.json', '--direct-relay-user', 'u'],
      {},
      'directRelayUser and directRelayPassword must be set together',
    ],
    [['--demo', '--direct-listen', '25'], {}, 'directListen (--direct-listen "25") must be address:port'],
    [
      ['--demo', '--direct-relay', 'https://r'],
      {},
      'directRelay (--direct-relay "https://r") must be smtps://host:port or smtp://host:port',
    ],
    [['--demo', '--page-size', '900', '--page-size-max', '10'], {}, 'pageSize must not exceed pageSizeMax'],
    [
      ['--demo', '--public-base-url', 'https://x.example/r4'],
      {},
      'publicBaseUrl must end with basePath (/fhir)',
    ],
    [['--demo', '--config', '/nowhere/at/all.json'], {}, 'config (/nowhere/at/all.json) cannot be read'],
  ])('%j %j', (argv, env, problem) => {
    const problems = problemsOf(argv, env);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.startsWith(problem)).toBe(true);
  });

  test('all at once', () => {
    expect(problemsOf(['--port', 'x', '--nonsense'], { PAGE_SIZE: '0' })).toHaveLength(3);
  });

  test('in the file, too', () => {
    const file = settingsFile('{"prot": 1}');
    expect(problemsOf(['--config', file, '--demo'])).toEqual([
      `prot (in ${file}) is not a setting; docs/reference/settings.md lists them`,
    ]);
  });

  test.each([
    ['not there', { METRICS_TOKEN_FILE: '/nowhere/token' }, /^METRICS_TOKEN_FILE cannot be read: /],
    ['empty', { METRICS_TOKEN_FILE: settingsFile('\n') }, /^METRICS_TOKEN_FILE \(.*\) is empty$/],
    [
      'beside the secret itself',
      { METRICS_TOKEN_FILE: settingsFile('a'), METRICS_TOKEN: 'b' },
      /^METRICS_TOKEN and METRICS_TOKEN_FILE exclude each other$/,
    ],
  ])('the file of a secret is %s', (_what, env: Record<string, string>, says) => {
    expect(problemsOf(DEMO, env)).toEqual([expect.stringMatching(says)]);
  });

  test('a secret is read from its file, without the line end', () => {
    expect(readConfig(DEMO, { METRICS_TOKEN_FILE: settingsFile('sesame\n') }).metricsToken).toBe('sesame');
  });

  test('a secret is not repeated', () => {
    expect(SETTINGS.metricsToken.secret).toBe(true);
  });
});

describe('unsafe values warn by name', () => {
  const ISSUER = ['--issuer', 'https://i.example', '--jwks-uri', 'https://i.example/jwks', '--audience', 'a'];
  const SAFE = [...ISSUER, '--clamd-address', '/run/clamav/clamd.ctl'];

  test('the defaults are safe, where a malware scanner is named', () => {
    expect(warningsOf(readConfig(SAFE, {}))).toEqual([]);
  });

  test('a server without a malware scanner says so (baa-messaging MS11)', () => {
    expect(warningsOf(readConfig(ISSUER, {}))).toEqual([
      'clamdAddress: no file is scanned for malware; what is attached for vendors and patients stays pending',
    ]);
  });

  test.each([
    ['none', true],
    ['127.0.0.1:3310', true],
    ['clamd.inner.example:3310', true],
    ['[::1]:3310', true],
    ['/run/clamav/clamd.ctl', true],
    ['http://clamd/', false],
    ['user@clamd:3310', false],
    ['clamd:port', false],
  ])('the malware scanner may be named %s: %s (baa-messaging MS10)', (address, may) => {
    const read = (): boolean => {
      try {
        return readConfig([...ISSUER, '--clamd-address', address], {}).clamdAddress === address;
      } catch {
        return false;
      }
    };
    expect(read()).toBe(may);
  });

  test.each<[argv: string[], name: string]>([
    [['--host', '0.0.0.0'], 'host'],
    [['--audit-reads', 'off'], 'auditReads'],
    [['--cors-origins', '*'], 'corsOrigins'],
    [['--subscription-allow-list', '127.0.0.1:9'], 'subscriptionAllowList'],
  ])('%j', (argv, name) => {
    const warnings = warningsOf(readConfig([...SAFE, ...argv], {}));
    expect(warnings.map((line) => line.split(':')[0])).toEqual([name]);
  });

  test.each<[uri: string, warned: boolean]>([
    ['mongodb://127.0.0.1:27017/', false],
    ['mongodb://user:p%40ss@localhost,[::1]:27018/x?replicaSet=rs0', false],
    ['mongodb://127.0.0.1,db2.example/?replicaSet=rs0', true],
    ['mongodb://db1.example,db2.example/?tls=true', false],
    ['mongodb://db1.example/?retryWrites=false&ssl=true', false],
    ['mongodb://db1.example/?tls=trueish', true],
    ['mongodb+srv://cluster.example/', false],
    ['mongodb+srv://cluster.example/?tls=false', true],
  ])('%s: the database is reached without TLS: %s', (uri, warned) => {
    const argv = [...SAFE, '--store', 'mongodb', '--anchor-file', '/var/anchors.jsonl'];
    const warnings = warningsOf(readConfig(argv, { MONGODB_URI: uri }));
    expect(warnings.map((line) => line.split(':')[0])).toEqual(warned ? ['mongodbUri'] : []);
  });

  test('anchors in a folder that may be lost', () => {
    const argv = [...SAFE, '--store', 'mongodb', '--mongodb-uri', 'mongodb://localhost/'];
    expect(warningsOf(readConfig(argv, {}))).toEqual([
      'anchorFile: the anchors of the audit chain are in the data folder, which may be lost',
    ]);
  });

  test('off loopback behind a trusted proxy is as intended', () => {
    expect(
      warningsOf(readConfig([...SAFE, '--host', '0.0.0.0', '--trusted-proxy', '10.0.0.0/8'], {})),
    ).toEqual([]);
  });
});

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.1.2.3', false],
  ['example.org', false],
])('loopback %s: %s', (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected);
});
