/** OpenLDAP's slapd: of the system, or unpacked into a folder (SLAPD_ROOT; else where `.ci/direct/slapd` puts it). */
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

interface SlapdPlaces {
  readonly program: string;
  /** The folders of its schemas and of its modules. */
  readonly schema: string;
  readonly modules: string;
  readonly env: NodeJS.ProcessEnv;
}

const ROOTS = ['/', process.env['SLAPD_ROOT'] ?? join(homedir(), '.cache/closeloop/slapd')];

const rootOfSlapd = (): string | undefined => ROOTS.find((root) => existsSync(join(root, 'usr/sbin/slapd')));

export const whyNoSlapd = (): string | undefined =>
  rootOfSlapd() === undefined
    ? 'Debian: apt-get install slapd, or .ci/direct/slapd, which unpacks it'
    : undefined;

/** @throws Error where there is none */
export function slapdPlaces(): SlapdPlaces {
  const root = rootOfSlapd();
  if (root === undefined) throw new Error('slapd is absent');
  const libraries = readdirSync(join(root, 'usr/lib')).filter((name) => name.endsWith('-linux-gnu'));
  const LD_LIBRARY_PATH = libraries.map((name) => join(root, 'usr/lib', name)).join(':');
  return {
    program: join(root, 'usr/sbin/slapd'),
    schema: join(root, 'etc/ldap/schema'),
    modules: join(root, 'usr/lib/ldap'),
    env: root === '/' ? {} : { LD_LIBRARY_PATH },
  };
}
