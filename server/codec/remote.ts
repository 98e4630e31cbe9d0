import type { Payload, PayloadCodec } from '@temporalio/common';

/** Options of `remoteCodec`. */
export interface RemoteCodecOptions {
  /** Is sent as `X-Namespace`, by which a codec server may choose keys. */
  readonly namespace?: string;
  /** Is sent as `Authorization`; TEMPORAL_CODEC_AUTH by default. */
  readonly authorization?: string;
}

/** A payload in a codec server's JSON. */
interface JsonPayload {
  readonly metadata?: Record<string, string>;
  readonly data?: string;
}

/** Time in ms that a codec server may take. */
const patienceMs = 10_000;
const base64 = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString('base64');

/**
 * Encodes payloads by a codec server, as Temporal's UI and command line do: `POST <endpoint>/encode` and `/decode`.
 * @param endpoint its address, such as `https://codec.example/{namespace}`
 * @throws RangeError if it is no http address; encoding and decoding reject with the server's answer if it refuses
 */
export function remoteCodec(
  endpoint: string,
  { namespace = 'default', authorization = process.env.TEMPORAL_CODEC_AUTH }: RemoteCodecOptions = {},
): PayloadCodec {
  if (!/^https?:\/\//.test(endpoint))
    throw new RangeError(`codec endpoint ${endpoint} must be an http address`);
  const base = endpoint.replace('{namespace}', encodeURIComponent(namespace)).replace(/\/$/, '');
  const call = async (path: 'encode' | 'decode', payloads: Payload[]): Promise<Payload[]> => {
    const body = payloads.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(
        Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)]),
      ),
      data: base64(data),
    }));
    const reply = await fetch(`${base}/${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-namespace': namespace,
        ...(authorization && { authorization }),
      },
      body: JSON.stringify({ payloads: body }),
      signal: AbortSignal.timeout(patienceMs),
    }).catch((error: Error) => {
      const { cause } = error as { cause?: Error };
      throw new Error(`the codec server at ${base} can't be reached: ${cause?.message ?? error.message}`, {
        cause: error,
      });
    });
    if (!reply.ok)
      throw new Error(
        `the codec server at ${base} answered ${reply.status} to ${path}: ${await reply.text()}`,
      );
    const { payloads: done } = (await reply.json()) as { payloads: JsonPayload[] };
    return done.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(
        Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
      ),
      data: Buffer.from(data ?? '', 'base64'),
    }));
  };
  return { encode: (payloads) => call('encode', payloads), decode: (payloads) => call('decode', payloads) };
}
