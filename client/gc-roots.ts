import type { Client } from '@temporalio/client';
import type { Payload } from '@temporalio/common';

import { type ArtifactRef, artifactsIn } from '../store/artifact';

/**
 * Collects every artifact that a workflow of the namespace names: running ones, and ended ones that Temporal still
 * keeps. All of their histories count, so that a run can be reset to any point and find what it had.
 *
 * @throws Error if a payload can't be read, since what a workflow needs would be taken for garbage
 */
export async function workflowArtifacts(client: Client): Promise<ArtifactRef[]> {
  const found = new Map<string, ArtifactRef>();
  for await (const { workflowId, runId } of client.workflow.list()) {
    const handle = client.workflow.getHandle(workflowId, runId);
    const { raw } = await handle.describe();
    const payloads = [
      ...payloadsIn(await handle.fetchHistory()),
      ...payloadsIn(raw.pendingActivities), // heartbeats name checkpoints
    ];
    for (const value of await read(client, payloads, workflowId))
      for (const ref of artifactsIn(value)) found.set(`${ref.uri} ${ref.work}`, ref);
  }
  return [...found.values()];
}

/** Collects every payload in a Temporal message, at any depth. */
function payloadsIn(message: unknown): Payload[] {
  if (typeof message !== 'object' || message === null || ArrayBuffer.isView(message)) return [];
  if (isPayload(message)) return [message];
  return Object.values(message).flatMap(payloadsIn);
}

const isPayload = (value: object): value is Payload =>
  'data' in value && ArrayBuffer.isView(value.data) && 'metadata' in value;

async function read(client: Client, payloads: Payload[], workflowId: string): Promise<unknown[]> {
  let plain = payloads;
  for (const codec of client.options.loadedDataConverter.payloadCodecs) plain = await codec.decode(plain);
  return plain.map(({ metadata, data }) => {
    const encoding = Buffer.from(metadata?.encoding ?? []).toString();
    if (/^json\/(plain|protobuf)$/.test(encoding))
      return JSON.parse(Buffer.from(data!).toString()) as unknown;
    if (/^binary\/(null|plain|protobuf)$/.test(encoding)) return undefined;
    throw new Error(
      `workflow ${workflowId} has data in the encoding "${encoding}", which can't be read here: what it needs is unknown, so nothing was removed`,
    );
  });
}
