/** fhirclient, the library by which most SMART apps in browsers sign in. `.ci/fhirclient/install` fetches its browser build. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const FILE = join(
  process.env['FHIRCLIENT_JUDGE'] ?? join(homedir(), '.cache/closeloop/fhirclient'),
  'fhir-client.min.js',
);

/** The reason why fhirclient cannot be asked; undefined when it can. */
export const whyNoFhirclient = (): string | undefined =>
  existsSync(FILE) ? undefined : `${FILE} not found: .ci/fhirclient/install`;

/** The script. */
export const readFhirclient = (): string => readFileSync(FILE, 'utf8');
