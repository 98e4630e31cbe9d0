/** A spec that can't be used; the message names the file, the field and what is expected. */
export class SpecError extends Error {
  override readonly name = 'SpecError';
}
