import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import type { Payload } from '@temporalio/common';

type Pending = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];
type Failure = NonNullable<Pending['lastFailure']>;

/**
 * Decodes heartbeats and failures in the description of a workflow by a client's codecs: the SDK leaves them as the
 * server has them. What can't be decoded stays as it is.
 */
export async function decodedPending(
  client: Client,
  description: WorkflowExecutionDescription,
): Promise<WorkflowExecutionDescription> {
  const { payloadCodecs, payloadConverter } = client.options.loadedDataConverter;
  const { raw } = description;
  if (!payloadCodecs.length || !raw.pendingActivities?.length) return description;
  const decoded = async (payloads: Payload[]) => {
    let plain = payloads;
    for (const codec of payloadCodecs) plain = await codec.decode(plain);
    return plain;
  };
  const said = async (failure: Failure): Promise<Failure> => {
    const { encodedAttributes, cause } = failure;
    const attributes = encodedAttributes
      ? payloadConverter.fromPayload<{ message?: string }>((await decoded([encodedAttributes]))[0])
      : {};
    return { ...failure, ...attributes, ...(cause && { cause: await said(cause) }) };
  };
  const pendingActivities = await Promise.all(
    raw.pendingActivities.map(async (pending) => {
      const { heartbeatDetails, lastFailure } = pending;
      try {
        return {
          ...pending,
          ...(heartbeatDetails?.payloads && {
            heartbeatDetails: { payloads: await decoded(heartbeatDetails.payloads) },
          }),
          ...(lastFailure && { lastFailure: await said(lastFailure) }),
        };
      } catch {
        return pending;
      }
    }),
  );
  return { ...description, raw: { ...raw, pendingActivities } };
}
