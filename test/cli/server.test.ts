import { answers } from '../../client/probe';
import { slimflow } from '../support/cli';
import { inFolder } from '../support/folder';

it('slimflow server runs until Ctrl-C, and says where its UI is', () =>
  inFolder(async (folder) => {
    const { status, out } = await slimflow(folder, ['server'], (said, child) => {
      if (said.includes('Ctrl-C ends it.') && !child.killed) child.kill('SIGINT');
    });
    expect(out).toMatch(
      /^Temporal: 127\.0\.0\.1:\d+, development server started .*\nUI: http:\/\/127\.0\.0\.1:\d+\n/,
    );
    expect(out).toContain('Stopped.');
    expect(status).toBe(0);
    const [, address] = /Temporal: (\S+),/.exec(out)!;
    expect(await answers(address)).toBe(false);
  }));
