/** Profiles (stub). */
export function generateProfiles(): string {
  return '{}\n';
}
