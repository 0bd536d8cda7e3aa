/** Reports at the end of a run which judges were absent, each with the number of tests that waited for it. */
const ABSENT = /\(judge absent: (\w+); (.*)\)$/;

/**
 * @param {number} count
 * @param {string} what
 */
const countOf = (count, what) => `${count} ${what}${count === 1 ? '' : 's'}`;

export default class AbsentJudges {
  /**
   * @param {unknown} _contexts
   * @param {import('@jest/reporters').AggregatedResult} results
   */
  onRunComplete(_contexts, { testResults }) {
    /** @type {Map<string, { readonly way: string, tests: number }>} */
    const absent = new Map();
    for (const { title, status } of testResults.flatMap((one) => one.testResults)) {
      const [, judge, way = ''] = (status === 'todo' && ABSENT.exec(title)) || [];
      if (judge === undefined) continue;
      const { tests } = absent.get(judge) ?? { tests: 0 };
      absent.set(judge, { way, tests: tests + 1 });
    }
    if (absent.size === 0) return;
    const names = [...absent].map(
      ([judge, { way, tests }]) => `${judge} (${countOf(tests, 'test')}; ${way})`,
    );
    process.stderr.write(`\n${countOf(absent.size, 'judge')} absent: ${names.join(', ')}\n`);
  }
}
