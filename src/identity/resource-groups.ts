/** Every resource type in a group of types that people need for the same work (identity 3). A type without a group is nobody's. */

interface GroupRow {
  readonly holds: string;
  /** Types, separated by white space. */
  readonly types: string;
}

const GROUP_ROWS = {
  REF: {
    holds: 'referrals and their visits',
    types: 'ServiceRequest Task Appointment AppointmentResponse Schedule Slot',
  },
  MSG: { holds: 'messages about referrals', types: 'Communication CommunicationRequest' },
  CLIN: {
    holds: 'what is known of a patient',
    types: `AdverseEvent AllergyIntolerance BiologicallyDerivedProduct BodyStructure CarePlan ClinicalImpression
      Condition DetectedIssue DeviceMetric DeviceRequest DeviceUseStatement DiagnosticReport Encounter EpisodeOfCare
      FamilyMemberHistory Flag Goal GuidanceResponse ImagingStudy Immunization ImmunizationEvaluation
      ImmunizationRecommendation List Media Medication MedicationAdministration MedicationDispense MedicationRequest
      MedicationStatement MolecularSequence NutritionOrder Observation Procedure QuestionnaireResponse RequestGroup
      ResearchSubject RiskAssessment Specimen SupplyDelivery SupplyRequest VisionPrescription`,
  },
  DOC: {
    holds: 'documents',
    types: 'Binary Bundle Composition DocumentManifest DocumentReference MessageHeader',
  },
  PERS: { holds: 'patients and their people', types: 'Patient Person RelatedPerson' },
  COV: {
    holds: 'insurance and payment',
    types: `Account ChargeItem Claim ClaimResponse Coverage CoverageEligibilityRequest CoverageEligibilityResponse
      EnrollmentRequest EnrollmentResponse ExplanationOfBenefit Invoice PaymentNotice PaymentReconciliation`,
  },
  CONS: { holds: 'consents', types: 'Consent' },
  DIR: {
    holds: 'who is who',
    types: `CareTeam Device HealthcareService InsurancePlan Location Organization OrganizationAffiliation Practitioner
      PractitionerRole VerificationResult`,
  },
  EP: { holds: 'technical addresses', types: 'Endpoint' },
  AGR: { holds: 'agreements', types: 'Contract' },
  AUD: { holds: 'who did what', types: 'AuditEvent Provenance' },
  WORK: { holds: 'what an organization works with', types: 'Basic Group Linkage' },
  SUB: { holds: 'subscriptions', types: 'Subscription' },
  KNOW: {
    holds: 'definitions, terminology and conformance',
    types: `ActivityDefinition CapabilityStatement CatalogEntry ChargeItemDefinition CodeSystem CompartmentDefinition
      ConceptMap DeviceDefinition EffectEvidenceSynthesis EventDefinition Evidence EvidenceVariable ExampleScenario
      GraphDefinition ImplementationGuide Library Measure MedicationKnowledge MedicinalProduct
      MedicinalProductAuthorization MedicinalProductContraindication MedicinalProductIndication
      MedicinalProductIngredient MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged
      MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition NamingSystem
      ObservationDefinition OperationDefinition PlanDefinition Questionnaire ResearchDefinition
      ResearchElementDefinition ResearchStudy RiskEvidenceSynthesis SearchParameter SpecimenDefinition
      StructureDefinition StructureMap Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein
      SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification TerminologyCapabilities TestReport
      TestScript ValueSet`,
  },
  MREP: { holds: 'figures', types: 'MeasureReport' },
} as const satisfies Readonly<Record<string, GroupRow>>;

type ResourceGroup = keyof typeof GROUP_ROWS;

/** The groups in the order of the tables, each with its types. */
export const RESOURCE_GROUPS: readonly (readonly [
  group: ResourceGroup,
  holds: string,
  types: readonly string[],
])[] = Object.entries(GROUP_ROWS).map(([group, { holds, types }]) => [
  group as ResourceGroup, // a key of the table
  holds,
  types.split(/\s+/),
]);

const GROUP_OF_TYPE: ReadonlyMap<string, ResourceGroup> = new Map(
  RESOURCE_GROUPS.flatMap(([group, , types]) => types.map((type) => [type, group] as const)),
);

/** undefined: no role has such a type. */
export const groupOfType = (type: string): ResourceGroup | undefined => GROUP_OF_TYPE.get(type);
