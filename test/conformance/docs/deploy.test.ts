/** What `deploy/` and the page for production say is what the server does: settings, metrics, folders, first data. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../src/server/config.ts';
import { createMetrics } from '../../../src/http/metrics.ts';
import { SETTINGS } from '../../../src/server/settings.ts';
import { variableOf } from '../../../src/server/setting.ts';
import { readCurrentOfType } from '../../../src/stores/embedded/folder/current.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
const page = read('docs/how-to/run-in-production.md');
const folder = mkdtempSync(join(tmpdir(), 'closeloop-deploy-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The variables of the example, as systemd reads the file. */
const environment = Object.fromEntries(
  [...read('deploy/env.example').matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [
    name,
    value,
  ]),
);

test('the page names every file of deploy', () => {
  for (const name of readdirSync(join(ROOT, 'deploy'))) expect(page).toContain(`deploy/${name}`);
});

test('the example of an environment is settings that a server starts with', () => {
  const token = join(folder, 'metrics-token');
  writeFileSync(token, 'sesame\n');
  const config = readConfig([], { ...environment, METRICS_TOKEN_FILE: token });
  expect(config).toMatchObject({ metricsToken: 'sesame', dataDir: '/var/lib/closeloop' });
});

test('(identity ID-54) the service names its key file: it may write none in its home', () => {
  expect(environment['KEY_FILE']).toBe('/etc/closeloop/key');
  expect(page).toContain('/etc/closeloop/key');
});

test('(identity ID-53) no link of an invitation is in the log of the proxy', () => {
  expect(read('deploy/nginx.conf')).toMatch(
    /~\^\/auth\/invitation\/ .*-;[^]*\$request_method \$logged_path /,
  );
});

describe('the unit of systemd', () => {
  const unit = read('deploy/closeloop.service');

  test('may write the data folder and the place of the anchors, and nothing else', () => {
    const [, paths = ''] = /^ReadWritePaths=(.*)$/m.exec(unit) ?? [];
    const wanted = [environment['DATA_DIR'], dirname(environment['ANCHOR_FILE'] ?? '')];
    expect(paths.split(' ')).toEqual(wanted);
    expect(unit).toMatch(/^ProtectSystem=strict$/m);
  });

  test('can be enabled, and waits longer than the server drains', () => {
    expect(unit).toMatch(/\[Install\]\nWantedBy=multi-user\.target/);
    const [, stop = ''] = /^TimeoutStopSec=(\d+)$/m.exec(unit) ?? [];
    expect(Number(stop) * 1000).toBeGreaterThan(SETTINGS.drainMs.fallback);
  });
});

test('the proxies let through what the server takes, at its base path', () => {
  const mebibytes = SETTINGS.bodyBytesMax.fallback / 1024 ** 2;
  for (const [name, pattern] of [
    ['deploy/nginx.conf', /client_max_body_size (\d+)m/],
    ['deploy/Caddyfile', /max_size (\d+)MB/],
  ] as const) {
    const text = read(name);
    expect(Number(pattern.exec(text)?.[1])).toBeGreaterThan(mebibytes);
    expect(text).toContain(SETTINGS.basePath.fallback);
    // Who cannot reach these signs nobody in (smart SM-1).
    expect(text).toContain(SETTINGS.issuerPath.fallback);
    expect(text).toMatch(/\.well-known/);
  }
});

test('every metric of the alerts and the dashboard is there, with the labels that are asked for', async () => {
  const metrics = createMetrics({
    status: () =>
      ({ seq: 1, writable: true, queued: 0, bytes: 1, outboxWaiting: 0, outboxOldestAt: 0 }) as never,
    inFlight: () => 0,
    now: () => 0,
  });
  metrics.observe('read', 'Task', 503, 0.1);
  metrics.delivered({ rail: 'rest-hook', fate: 'refused', state: 'failed' });
  const fates = { quarantine: 1 };
  metrics.showLinks(() => [{ link: 'elm', connected: 1, lastMessageAt: 1, fates, faults: 0, notTaken: [] }]);
  const runs = { done: 1, failed: 0 };
  metrics.showJobs(() => [{ name: 'anchor', runs, failures: 0, lastRunAt: 1, dueAt: 2 }]);
  const traffic = { appends: 1, appendMs: 1, appendMsMax: 1, lost: 0, recognised: 0, unsure: 0, followed: 0 };
  metrics.showDatabase(() => ({ ...traffic, clockAheadMs: 0 }));
  const rendered = await metrics.render();
  const asked = `${read('deploy/alerts.yml')}${read('deploy/grafana-dashboard.json')}`;
  const names = new Set(
    [...asked.matchAll(/\b(?:closeloop|process|nodejs)_[a-z0-9_]+/g)].map(([name]) => name),
  );
  expect(names.size).toBeGreaterThan(10);
  for (const name of names) expect(rendered).toMatch(new RegExp(`^${name}[ {]`, 'm'));
  for (const [, label = ''] of asked.matchAll(/closeloop_[a-z0-9_]+\{([a-z]+)=/g))
    expect(rendered).toContain(`${label}="`);
});

test('the example of a directory is imported as the page says', () => {
  const dataDir = join(folder, 'data');
  const argv = ['tools/admin.ts', 'import', 'examples/directory.json', '--data-dir', dataDir];
  const { status, stderr } = spawnSync(process.execPath, argv, { cwd: ROOT, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  expect(readCurrentOfType(dataDir, 'Organization').map(({ id }) => id)).toEqual(['elm-street', 'riverside']);
  expect(page).toContain('examples/directory.json');
});

test('the example of a running referral is imported after the directory, and again without a change', () => {
  const dataDir = join(folder, 'data');
  const file = ['examples/running-referral.json', '--custodian', 'Organization/elm-street'];
  const run = () =>
    spawnSync(process.execPath, ['tools/admin.ts', 'import', ...file, '--data-dir', dataDir], { cwd: ROOT });
  expect(run().status).toBe(0);
  const [task] = readCurrentOfType(dataDir, 'Task');
  expect(task).toMatchObject({ status: 'in-progress', businessStatus: { coding: [{ code: '5.1.1' }] } });
  expect(run().status).toBe(0);
  expect(readCurrentOfType(dataDir, 'Task')).toEqual([task]);
  expect(read('docs/how-to/bring-in-referrals.md')).toContain(`import ${file.join(' ')}`);
});

test('variables of the page are settings', () => {
  const known = new Set(Object.keys(SETTINGS).map(variableOf));
  const named = [...page.matchAll(/`([A-Z0-9]+(?:_[A-Z0-9]+)+)\b/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !known.has(name.replace(/_FILE$/, '')) && !known.has(name))).toEqual([]);
});
