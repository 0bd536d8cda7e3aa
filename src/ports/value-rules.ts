/**
 * The version of the rules that make search values. Raise it whenever a search would no longer find older versions that
 * it found before, or finds newer ones otherwise (ADR 0020). A folder with older rules works, and finds the rest after
 * a reindex.
 */
export const VALUE_RULES = 3;
