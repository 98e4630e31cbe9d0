/** What the exit status of a command says; `cancelled` is a run that was cancelled or terminated. */
export const exit = {
  done: 0,
  failed: 1,
  badInput: 2,
  requirementNotMet: 3,
  cancelled: 4,
  detached: 130,
} as const;

/** What the user gave can't be used: the command ends with status 2 and this message. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
}
