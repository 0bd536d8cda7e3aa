/** Members of an object that are there, so that what is absent is absent. */

/** A copy without the members that are undefined. */
export function withoutAbsent<Value extends object>(
  value: Value,
): { [Name in keyof Value]?: Exclude<Value[Name], undefined> } {
  // The members that are left have the types of theirs.
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as {
    [Name in keyof Value]?: Exclude<Value[Name], undefined>;
  };
}
