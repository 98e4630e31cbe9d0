import type { Node } from '../../onnx/graph';
import type { Builder } from '../emit/builder';

/**
 * A pass over what a builder has emitted that computes values in another form (blocked, float16) if that is faster. A
 * value keeps its name in its plain form, which is made only when something needs it.
 */
export abstract class Lowering {
  /** The lowered form of values, by their names. */
  protected readonly lowered = new Map<string, string>();
  /** Values whose plain form does not exist yet. */
  protected readonly unmade = new Set<string>();

  constructor(protected readonly builder: Builder) {}

  /**
   * Emits nodes again, in their order.
   * @param results values that are read from outside, in their plain form
   */
  run(nodes: readonly Node[], results: readonly string[]): void {
    for (const node of nodes) this.visit(node);
    results.forEach((value) => this.needPlain(value));
  }

  /** Emits a node: lowered, or as it was, after `needPlain` of all that it reads. */
  protected abstract visit(node: Node): void;

  /** Emits the plain form of a value from its lowered one, under the value's own name. */
  protected abstract raise(value: string, lowered: string): void;

  /** Says that `lowered` was emitted instead of a value. */
  protected replaced(value: string, lowered: string): void {
    this.lowered.set(value, lowered);
    this.unmade.add(value);
  }

  /** Makes the plain form of a value that so far exists lowered alone. */
  protected needPlain(value: string): void {
    if (this.unmade.delete(value)) this.raise(value, this.lowered.get(value)!);
  }
}
