import type { Layer } from '../onnx/layers';

/** A layer that reads channels of a group, and at which indices of its weight's input axis each of them lies. */
export interface GroupConsumer {
  readonly layer: Layer;
  /** The weight's axis of input channels: 1 of a Conv, 0 of a MatMul. */
  readonly axis: number;
  readonly positions: readonly (readonly number[])[];
}

/** Channels that are tied to each other in the same way, so that any of them can be removed and the rest kept. */
export interface ChannelGroup {
  /** The name of its first consumer, or `name[from-to]` where that reads other input channels as well. */
  readonly name: string;
  readonly channels: number;
  /** Layers of whose outputs the channels are. */
  readonly producers: readonly Layer[];
  /** Layers that read the channels, in execution order. */
  readonly consumers: readonly GroupConsumer[];
  /** Whether AIMET could prune it: from one convolution to the next without a branch. */
  readonly aimet: boolean;
}
