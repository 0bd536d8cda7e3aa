/** The system of the codes that say what a person is asked to do: `Task.code` of work items. */
export const WORK_ITEM_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/work-item';
