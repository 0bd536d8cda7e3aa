/** Which writer a resource has in a section, and the columns of the section's table. */
import type { SectionName } from '../templates.ts';
import { ALLERGY_COLUMNS, writeAllergy } from './allergy.ts';
import { CARE_TEAM_COLUMNS, writeCareTeam } from './care-team.ts';
import { COVERAGE_COLUMNS, writeCoverage } from './coverage.ts';
import { ENCOUNTER_COLUMNS, writeEncounter } from './encounter.ts';
import type { WriteEntry } from './entry.ts';
import { IMMUNIZATION_COLUMNS, writeImmunization } from './immunization.ts';
import { MEDICATION_COLUMNS, writeMedication, writePlannedMedication } from './medication.ts';
import { REFERRAL_COLUMNS, writePlanned, writeReferral } from './order.ts';
import { PROBLEM_COLUMNS, writeProblem } from './problem.ts';
import { PROCEDURE_COLUMNS, writeProcedure } from './procedure.ts';
import { RESULT_COLUMNS, VITAL_COLUMNS, writeResult, writeVitals } from './result.ts';
import { SOCIAL_COLUMNS, writeSocial } from './social.ts';

interface SectionWriter {
  readonly columns: readonly string[];
  readonly write: WriteEntry;
}

/** The plan holds orders and medicines. */
const writePlan: WriteEntry = (writing, resource, pieces) =>
  (resource.resourceType === 'MedicationRequest' ? writePlannedMedication : writePlanned)(
    writing,
    resource,
    pieces,
  );

const WRITERS: Readonly<Partial<Record<SectionName, SectionWriter>>> = {
  'reason-for-referral': { columns: REFERRAL_COLUMNS, write: writeReferral },
  problems: { columns: PROBLEM_COLUMNS, write: writeProblem },
  allergies: { columns: ALLERGY_COLUMNS, write: writeAllergy },
  medications: { columns: MEDICATION_COLUMNS, write: writeMedication },
  immunizations: { columns: IMMUNIZATION_COLUMNS, write: writeImmunization },
  procedures: { columns: PROCEDURE_COLUMNS, write: writeProcedure },
  results: { columns: RESULT_COLUMNS, write: writeResult },
  'vital-signs': { columns: VITAL_COLUMNS, write: writeVitals },
  'social-history': { columns: SOCIAL_COLUMNS, write: writeSocial },
  plan: { columns: REFERRAL_COLUMNS, write: writePlan },
  'assessment-and-plan': { columns: REFERRAL_COLUMNS, write: writePlan },
  encounters: { columns: ENCOUNTER_COLUMNS, write: writeEncounter },
  payers: { columns: COVERAGE_COLUMNS, write: writeCoverage },
  'care-teams': { columns: CARE_TEAM_COLUMNS, write: writeCareTeam },
};

export const writerOf = (section: SectionName): SectionWriter | undefined => WRITERS[section];
