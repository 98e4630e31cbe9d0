import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { root } from '../docs';

/** The Python of the peers, with torch and onnx. */
export const python = process.env.PYTHON ?? 'python3';

/** The path of one of the Python scripts of bench/training, which are not compiled. */
export const script = (name: string): string => join(root, 'bench', 'training', name);

/** A process that answers each line on its stdin by a line of JSON. */
export class Peer {
  private readonly child;
  private readonly answers;

  constructor(
    private readonly command: string,
    args: readonly string[],
  ) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.answers = createInterface(this.child.stdout)[Symbol.asyncIterator]();
  }

  /** @throws Error if the process has ended */
  async ask<T>(line: string): Promise<T> {
    this.child.stdin.write(`${line}\n`);
    const answer = (await this.answers.next()) as IteratorResult<string, undefined>;
    if (answer.done) throw new Error(`${this.command} ended; PYTHON must name a Python with torch and onnx`);
    return JSON.parse(answer.value) as T;
  }

  end(): void {
    this.child.stdin.end();
  }
}
