/**
 * A table that is asked with what a document says. Its keys are its rows alone: a document may say `constructor`, which
 * every object of JavaScript answers.
 */
export const table = <Rows extends object>(rows: Rows): Rows =>
  Object.assign(Object.create(null) as Rows, rows);
