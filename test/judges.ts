/**
 * Programs of others that judge this server. Where one is absent, the tests that need it are listed by name as still to
 * be done, and a line at the end of the run names the judge. With CI set they fail, because there every judge must be
 * present, except for rules that are not ours to give away.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from '@jest/globals';
import { whyNotTraceable } from '../tools/durability/trace.ts';
import { BROWSER } from './browser.ts';
import { whyNoLxml, whyNoRules } from './ccda-judge.ts';
import { whyNoDirectJudge } from './direct-judges.ts';
import { whyNoFhirclient } from './fhirclient-judge.ts';
import { whyNoClamd } from './malware-scanners.ts';
import type { Run } from './proof.ts';
import { whyNoKeycloak } from './keycloak-judge.ts';
import { whyNoSlapd } from './slapd-judge.ts';

/** The reason why a judge cannot be asked on this machine; undefined when it can. */
type WhyAbsent = () => string | undefined;

const JUDGES = {
  strace: whyNotTraceable,
  mllp_send: () => whyNotRunning(['mllp_send', '--version'], 'Debian: apt-get install python3-hl7'),
  curl: () => whyNotRunning(['curl', '--version'], 'Debian: apt-get install curl'),
  openssl: () => whyNotRunning(['openssl', 'version'], 'Debian: apt-get install openssl'),
  python3: () => whyNotRunning(['python3', '--version'], 'Debian: apt-get install python3'),
  mount: whyNotMountable,
  ccda_rules: whyNoRules,
  lxml: whyNoLxml,
  nhind_agent: () => whyNoDirectJudge('agent'),
  xd_common: () => whyNoDirectJudge('xd'),
  greenmail: () => whyNoDirectJudge('greenmail'),
  ebrim: () => whyNoDirectJudge('ebrim'),
  slapd: whyNoSlapd,
  keycloak: whyNoKeycloak,
  fhirclient: whyNoFhirclient,
  clamd: whyNoClamd,
  chromium: () => whyNotRunning([BROWSER, '--version'], 'Debian: apt-get install chromium'),
  mongodb: () => whyNotSet('MONGODB_URI', 'a MongoDB server for tests'),
  mongodb_weak: () => whyNotSet('MONGODB_WEAK_URI', 'FerretDB, which has no sessions and no change streams'),
  mongodb_program: () => whyNotSet('MONGODB_SERVER', 'the program of a MongoDB server that tests may kill'),
} as const satisfies Readonly<Record<string, WhyAbsent>>;

export type Judge = keyof typeof JUDGES;

/** Whether every judge must be present, as before a change lands, or a figure is written down. */
const IS_FULL = process.env['PROOF_SIZE'] === 'full';
const MUST_BE_HERE = /^(1|true)$/.test(process.env['CI'] ?? '') || IS_FULL;

/** Judges that need the rules of HL7, which every developer has to get; without them not even CI asks these judges. */
const NEED_RULES: ReadonlySet<Judge> = new Set(['ccda_rules', 'lxml']);

/** It is made with a compiler that is not everywhere: `.ci/run` says whether it was there. */
const NEEDS_GO: Judge = 'mongodb_weak';

const mustBeHere = (judge: Judge): boolean =>
  MUST_BE_HERE &&
  !(NEED_RULES.has(judge) && process.env['CCDA_JUDGES'] === undefined) &&
  (IS_FULL || judge !== NEEDS_GO);

const known = new Map<Judge, string | undefined>();

/** The reason why a judge is absent; undefined when it is present. */
export function whyAbsent(judge: Judge): string | undefined {
  if (!known.has(judge)) known.set(judge, JUDGES[judge]());
  return known.get(judge);
}

/** Names a test that does not run now. */
const nameOnly = (title: string, why: string): void => test.todo(`${title} (${why})`);

/** A test that is judged by programs of others. */
export function judged(
  judge: Judge,
  name: string,
  run: () => Promise<void> | void,
  timeoutMs?: number,
): void {
  const why = whyAbsent(judge);
  if (why !== undefined && !mustBeHere(judge)) {
    nameOnly(name, `judge absent: ${judge}; ${why}`);
    return;
  }
  // Titles and expectations are those of the callers.
  const define = test;
  define(
    name,
    why === undefined ? run : () => Promise.reject(new Error(`${judge} is absent: ${why}`)),
    timeoutMs,
  );
}

/**
 * Tests that are judged by a server of others, which stands in the environment.
 *
 * @param define is given its address, or the program that starts one
 * @param proof the runs that these tests are; where they are none, they are still to be done
 */
export function describeJudged(
  judge: keyof typeof SERVERS,
  name: string,
  define: (server: string) => void,
  proof?: Run,
): void {
  const server = process.env[SERVERS[judge]];
  // Titles are those of the callers.
  const group = describe;
  group(name, () => {
    if (proof?.runs === 0) nameOnly(name, 'too long for npm test, npm run prove has it');
    else if (server === undefined) judged(judge, `${name}: all of its tests`, () => undefined);
    else define(server);
  });
}

const SERVERS = {
  mongodb: 'MONGODB_URI',
  mongodb_weak: 'MONGODB_WEAK_URI',
  mongodb_program: 'MONGODB_SERVER',
} as const;

const whyNotSet = (variable: string, what: string): string | undefined =>
  process.env[variable] === undefined ? `${variable} is not set: ${what}` : undefined;

function whyNotRunning([program = '', ...argv]: readonly string[], way: string): string | undefined {
  try {
    execFileSync(program, argv, { stdio: 'ignore' });
    return undefined;
  } catch (error) {
    // A program that is present and dislikes the question counts as present.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? way : undefined;
  }
}

/** Only root may mount a small file system, and not in every container. */
function whyNotMountable(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'pipe' });
    execFileSync('umount', [folder]);
    return undefined;
  } catch {
    return 'file systems can be mounted by root alone';
  } finally {
    rmdirSync(folder);
  }
}
