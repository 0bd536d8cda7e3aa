/** What a sender wrote for people, as one line that is safe to store and to show. */

/** Without control characters and line ends, cut to so many characters; undefined where nothing is left. */
export const oneLineOf = (text: string | undefined, max: number): string | undefined =>
  text
    ?.replaceAll(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, max) || undefined;
