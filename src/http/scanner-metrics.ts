/** The metrics of the malware scanner: nothing of a file is in them. */
import type { ScannerTraffic } from '../ports/scanner.ts';
import type { ReadMetric } from './read-metric.ts';

export const SCANNER_METRICS: readonly ReadMetric<ScannerTraffic>[] = [
  {
    name: 'closeloop_scans_total',
    help: 'Files that were given to the malware scanner, by what it said: clean, infected, or unknown where it said nothing.',
    labels: ['verdict'],
    read: ({ verdicts }) => Object.entries(verdicts).map(([verdict, count]) => [{ verdict }, count]),
  },
  {
    name: 'closeloop_scans_active',
    help: 'Scans under way.',
    labels: [],
    read: ({ active }) => [[{}, active]],
  },
  {
    name: 'closeloop_scans_waiting',
    help: 'Files that wait for a scan to begin.',
    labels: [],
    read: ({ waiting }) => [[{}, waiting]],
  },
];
