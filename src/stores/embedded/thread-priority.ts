/** How the threads of this process share the processors. */
import { setPriority } from 'node:os';

/** Niceness by the work of a thread. The main thread and the writer have 0, because everybody waits for them. */
export const NICENESS = { search: 5, heavy: 10 } as const;

/**
 * Lowers the calling thread's priority, so that it gives way where processors are scarce. On Linux a thread has a
 * priority of its own (https://man7.org/linux/man-pages/man2/setpriority.2.html, C library and kernel differences);
 * elsewhere the priority is the process's, and stays.
 */
export function standBack(niceness: number): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, niceness);
  } catch {
    // A system that forbids this serves all threads alike.
  }
}
