/** The exit statuses of commands; `cancelled` also stands for a terminated run, `detached` for Ctrl-C. */
export const exitStatus = {
  done: 0,
  failed: 1,
  badInput: 2,
  requirementNotMet: 3,
  cancelled: 4,
  detached: 130,
} as const;

/** An error in the user's input: the command prints its message and exits with status 2. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
}
