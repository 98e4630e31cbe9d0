/** Limits what is under way at once by its sizes, in the order in which it was asked for. */
export class Budget {
  private spent = 0;
  private readonly waiting: (() => void)[] = [];

  /** @param most sum of the sizes that are under way; something larger than that is under way alone */
  constructor(private readonly most: number) {}

  /** Does `work` of a size once there is room for it. */
  async spend<T>(size: number, work: () => Promise<T>): Promise<T> {
    while (this.spent > 0 && this.spent + size > this.most)
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.spent += size;
    try {
      return await work();
    } finally {
      this.spent -= size;
      this.waiting.splice(0).forEach((wake) => wake());
    }
  }
}
