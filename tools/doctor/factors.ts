/** Doctor's look at the key that opens the secrets in the store, and at the domain of passkeys. */
import { statSync } from 'node:fs';
import { isPasskeyDomain } from '../../src/accounts/passkeys.ts';
import type { Config } from '../../src/server/config.ts';
import { SEALING_KEY, unwrapSealingKey } from '../../src/server/key-file.ts';
import type { Finding } from '../../src/ports/store.ts';
import { countRecords, readRecords } from '../../src/stores/embedded/record-reading.ts';

/** Without its key nobody gets in by a one-time password, and no token is signed. */
export function examineKey(config: Config): readonly Finding[] {
  const [record] = readRecords(config.dataDir, SEALING_KEY.kind);
  if (record === undefined) return [{ ok: true, says: 'nothing is sealed yet' }];
  const opened = unwrapSealingKey(config, record.body, process.env);
  const notices = opened.says.map(({ text }): Finding => ({ ok: true, warning: true, says: text }));
  if (opened.seal === undefined) return [...notices, { ok: false, says: opened.refused.text }];
  return [
    ...notices,
    { ok: true, says: `${opened.file} opens the secrets in the store` },
    ...(config.demo || notices.length > 0 ? [] : onOneDisk(config.dataDir, opened.file)),
  ];
}

const onOneDisk = (dataDir: string, file: string): readonly Finding[] =>
  statSync(dataDir).dev === statSync(file).dev
    ? [
        {
          ok: true,
          warning: true,
          says: `${file} is on the disk of the data: a stolen disk has both → keep it on another one, and name it by keyFile`,
        },
      ]
    : [];

/** Passkeys work at a name alone, and at no other than the one that they were made for. */
export function examinePasskeys(config: Config): readonly Finding[] {
  const { publicBaseUrl, passkeyDomain, host, dataDir } = config;
  const url = new URL(publicBaseUrl ?? `http://${host.includes(':') ? `[${host}]` : host}`);
  const domain = passkeyDomain ?? url.hostname;
  const made = countRecords(dataDir, 'credential', 'is', 'passkey');
  if (isPasskeyDomain(domain, url.origin)) return [{ ok: true, says: `${made} passkeys, for ${domain}` }];
  const says = `passkeys do not work at ${url.origin}: browsers know them for names alone → set publicBaseUrl to a name, or passkeyDomain to its domain`;
  return [made > 0 ? { ok: false, says } : { ok: true, warning: true, says }];
}
