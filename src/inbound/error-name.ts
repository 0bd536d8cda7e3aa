/** What the log says of an error: its name, never its message, which may quote a patient. */
export const errorName = (error: unknown): string => (error instanceof Error ? error.name : typeof error);
