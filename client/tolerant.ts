import { type Client, WorkflowClient } from '@temporalio/client';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';

/** Stands for a value that can't be read here: a codec is missing, or its key. */
export interface Unreadable {
  readonly unreadable: string;
}

/** Tells if a value is one that can't be read. */
export const isUnreadable = (value: unknown): value is Unreadable =>
  typeof value === 'object' && value !== null && 'unreadable' in value;

/** Decodes payloads one by one by a client's codecs; what can't be read is replaced by `Unreadable`, in JSON. */
export async function tolerated(client: Client, payloads: readonly Payload[]): Promise<Payload[]> {
  const { payloadCodecs, payloadConverter } = client.options.loadedDataConverter;
  return Promise.all(
    payloads.map(async (payload) => {
      const encoding = Buffer.from(payload.metadata?.encoding ?? []).toString();
      try {
        let plain = [payload];
        for (const codec of payloadCodecs) plain = await codec.decode(plain);
        payloadConverter.fromPayload(plain[0]);
        return plain[0];
      } catch (error) {
        const why = payloadCodecs.length ? (error as Error).message : `encoding ${encoding}`;
        return {
          metadata: { encoding: Buffer.from('json/plain') },
          data: Buffer.from(JSON.stringify({ unreadable: why } satisfies Unreadable)),
        };
      }
    }),
  );
}

/** A client of workflows that lists and describes also those whose memo it can't read: one must not hide all others. */
export function tolerant(client: Client): WorkflowClient {
  const { dataConverter } = client.options as { dataConverter?: DataConverter };
  const codec: PayloadCodec = {
    encode: (payloads) => Promise.resolve(payloads),
    decode: (payloads) => tolerated(client, payloads),
  };
  const { connection } = client;
  const { namespace, identity } = client.options;
  return new WorkflowClient({
    connection,
    namespace,
    identity,
    dataConverter: { ...dataConverter, payloadCodecs: [codec] },
  });
}
