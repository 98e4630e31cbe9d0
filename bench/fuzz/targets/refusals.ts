import { EngineError } from '../../../engine/errors';

/** The engine's own error is the refusal of every door of the engine. */
export const isEngineError = (error: Error): boolean => error instanceof EngineError;
