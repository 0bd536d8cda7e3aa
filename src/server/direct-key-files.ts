/** The folder with the private keys of Direct mail: PEM files that nobody but the server's user may read (direct-xdm 4). */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface KeyFiles {
  /** @throws with what to do, where the file is absent, no key, or open to others */
  read(file: string): KeyObject;
  /** @returns the name of the file, which is made or replaced */
  write(privateKey: KeyObject, fingerprint: string): string;
  remove(file: string): void;
}

/** Rights of anybody but the owner. */
const OTHERS = 0o077;
const NAME = /^[0-9a-f]{32}\.pem$/;

export function createKeyFiles(folder: string): KeyFiles {
  return {
    read(file) {
      if (!NAME.test(file)) throw new Error(`${file} is not the name of a key file`);
      const path = join(folder, file);
      if ((statSync(path).mode & OTHERS) !== 0)
        throw new Error(`${path} can be read by others → chmod 600 ${path}`);
      return createPrivateKey(readFileSync(path));
    },
    write(privateKey, fingerprint) {
      const file = `${fingerprint.replaceAll(':', '').slice(0, 32).toLowerCase()}.pem`;
      const path = join(folder, file);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      // Made anew, so that the mode is ours whatever was there.
      rmSync(path, { force: true });
      writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
      return file;
    },
    remove: (file) => {
      if (NAME.test(file)) rmSync(join(folder, file), { force: true });
    },
  };
}
