/** The names of months as people write them, in English and Spanish, folded as texts are. */

/** By month, January first: short forms and long ones. */
export const MONTH_NAMES: readonly (readonly string[])[] = [
  'jan january enero ene',
  'feb february febrero',
  'mar march marzo',
  'apr april abril abr',
  'may mayo',
  'jun june junio',
  'jul july julio',
  'aug august agosto ago',
  'sep sept september septiembre',
  'oct october octubre',
  'nov november noviembre',
  'dec december diciembre dic',
].map((names) => names.split(' '));
