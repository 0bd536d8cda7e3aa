/**
 * Prints `<passed> <failed>` of a Jest report. A suite that could not run counts as one failure, and so does a run that
 * ended badly without saying why. Arguments: the report, and the status with which Jest ended.
 */
import { existsSync, readFileSync } from 'node:fs';

const [report = '', status = '1'] = process.argv.slice(2);

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
}

const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites }: Report = existsSync(report)
  ? JSON.parse(readFileSync(report, 'utf8'))
  : { numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 1 };

const failed = numFailedTests + numRuntimeErrorTestSuites;
process.stdout.write(`${numPassedTests} ${status === '0' ? failed : Math.max(failed, 1)}\n`);
