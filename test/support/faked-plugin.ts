import { SlimflowPlugin, type SlimflowPluginOptions } from '../../index';
import { fakeActivities, type World } from './fake-activities';

/** The plugin with fake activities in place of its own: what it registers, without the numbers. */
export class FakedPlugin extends SlimflowPlugin {
  slots?: number;

  constructor(
    options: SlimflowPluginOptions,
    private readonly world: Partial<World> = {},
  ) {
    super(options);
  }

  override configureWorker(
    options: Parameters<SlimflowPlugin['configureWorker']>[0],
  ): ReturnType<SlimflowPlugin['configureWorker']> {
    const configured = super.configureWorker(options);
    this.slots = configured.maxConcurrentActivityTaskExecutions;
    const { calls: _calls, ...activities } = fakeActivities(this.world);
    expect(Object.keys(configured.activities ?? {})).toEqual(expect.arrayContaining(Object.keys(activities)));
    return { ...configured, activities: { ...configured.activities, ...activities } };
  }
}
