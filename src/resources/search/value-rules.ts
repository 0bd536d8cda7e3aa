/**
 * By which rules search values are taken: to be raised whenever what is written now is found by others than what was
 * written before (ADR 0020). A folder of older rules works, and finds the rest once it is reindexed.
 */
export const VALUE_RULES = 3;
