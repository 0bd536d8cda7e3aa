/** How the threads of this process share the processors. */
import { setPriority } from 'node:os';

/** Niceness by what a thread does: the main thread and the writer have 0, and everybody waits for them. */
export const NICENESS = { search: 5, heavy: 10 } as const;

/**
 * Lets the calling thread stand back where processors are scarce. On Linux a priority is a thread's own
 * (https://man7.org/linux/man-pages/man2/setpriority.2.html, C library and kernel differences); elsewhere it is the
 * process's, and is left alone.
 */
export function standBack(niceness: number): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, niceness);
  } catch {
    // A system that forbids it serves all threads alike.
  }
}
