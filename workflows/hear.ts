import {
  defaultPayloadConverter,
  RawValue,
  rawValueTypeInfo,
  type SignalDefinition,
} from '@temporalio/common';
import { defineSignal, setHandler } from '@temporalio/workflow';

import { textOf } from '../contract/inputs';
import { type PauseRequest, pauseSignal, type ResumeRequest, resumeSignal } from '../contract/messages';

/**
 * Sets the handler of a signal, which gets whatever was sent. A signal can't be refused, and what makes its handling throw
 * would fail every task of the workflow from then on: so it is decoded here, and what can't be decoded is undefined.
 */
export function hear<Args extends [unknown]>(
  signal: SignalDefinition<Args>,
  handler: (sent: unknown) => void,
): void {
  const raw = defineSignal<[RawValue?]>(signal.name, { typeInfo: { inputTypes: [rawValueTypeInfo] } });
  setHandler(raw, (sent) => handler(decoded(sent)));
}

function decoded(sent: RawValue | undefined): unknown {
  try {
    return sent && defaultPayloadConverter.fromPayload(sent.payload);
  } catch {
    return undefined;
  }
}

/** Hears pauses and their ends. What is no text in them is left out: the rest still counts. */
export function hearPauseSignals(
  pause: (request: PauseRequest) => void,
  resume: (request: ResumeRequest) => void,
): void {
  const field = (sent: unknown, name: string, most: number) =>
    textOf((sent as Record<string, unknown> | null | undefined)?.[name], most);
  hear(pauseSignal, (sent) => {
    const reason = field(sent, 'reason', 300);
    pause({ by: field(sent, 'by', 100) ?? 'someone', ...(reason !== undefined && { reason }) });
  });
  hear(resumeSignal, (sent) => resume({ by: field(sent, 'by', 100) ?? 'someone' }));
}
