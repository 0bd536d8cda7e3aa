/** The `code` of an error of Node or a library; '' when it has none. Their classes may come from another realm. */
export function errorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
