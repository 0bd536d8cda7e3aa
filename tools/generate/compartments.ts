/**
 * The compartments of R4 (http://hl7.org/fhir/R4/compartmentdefinition.html), from HL7's CompartmentDefinitions: for each
 * type of a compartment the parameters by which it is a member. `{def}`: the resource the compartment is named after.
 */
import { readCompartments, writeTable } from './definitions.ts';

export function generateCompartments(): string {
  const rows = readCompartments().map(({ code, resource = [] }) => {
    const members = resource.filter(({ param }) => param !== undefined);
    const listed = members.map((member) => [member.code, member.param ?? []] as const);
    return [code, Object.fromEntries(listed.toSorted(([a], [b]) => (a < b ? -1 : 1)))] as const;
  });
  return writeTable(new Map(rows.toSorted(([a], [b]) => (a < b ? -1 : 1))));
}
