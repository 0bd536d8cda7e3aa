/** How the process is told to end. */

/** A terminal's Ctrl-C may arrive twice, from the terminal and from npm; within this time both are the same. */
const SAME_MS = 1000;

type EndSignal = 'SIGINT' | 'SIGTERM';

/** The first signal stops in good order; one that comes later ends at once, with 1. */
export function onEndSignal(stop: (signal: EndSignal) => void): void {
  let stoppingSince: number | undefined;
  const obey = (signal: EndSignal): void => {
    if (stoppingSince === undefined) {
      stoppingSince = performance.now();
      stop(signal);
    } else if (performance.now() - stoppingSince > SAME_MS) process.exit(1);
  };
  process.on('SIGINT', () => obey('SIGINT'));
  process.on('SIGTERM', () => obey('SIGTERM'));
}
