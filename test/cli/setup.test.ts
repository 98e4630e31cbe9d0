import { setupLines } from '../../cli/setup';
import { slimflow } from '../support/cli';
import { inFolder } from '../support/folder';

it('slimflow setup says so if no server answers', () =>
  inFolder(async (folder) => {
    const { status, err } = await slimflow(folder, ['setup'], undefined, { TEMPORAL_ADDRESS: '127.0.0.1:9' });
    expect(status).toBe(1);
    expect(err).toMatch(/127\.0\.0\.1:9 .* can't be used/);
  }));

describe('what slimflow setup says', () => {
  const missing = [{ name: 'SlimflowRatio', type: 'Double', why: 'Request unauthorized.' }] as const;
  const said = (address: string) =>
    setupLines(
      { there: ['SlimflowModel'], added: ['SlimflowStage'], missing },
      { namespace: 'ml.a1b2c', connection: { address } },
    );

  it('is what was there, what was added, and what could not be and why', () => {
    const lines = said('localhost:7233');
    expect(lines).toEqual(
      expect.arrayContaining([
        'Search attributes of namespace ml.a1b2c:',
        '  exists   SlimflowModel (Keyword)',
        '  added    SlimflowStage (Keyword)',
        '  missing  SlimflowRatio (Double): Request unauthorized.',
      ]),
    );
  });

  it('ends with the command that adds what is missing, on Temporal Cloud another', () => {
    expect(said('localhost:7233').at(-1)).toBe(
      '  temporal operator search-attribute create --namespace ml.a1b2c --name SlimflowRatio --type Double',
    );
    expect(said('ml.a1b2c.tmprl.cloud:7233').at(-1)).toBe(
      '  tcld namespace search-attributes add --namespace ml.a1b2c --search-attribute "SlimflowRatio=Double"',
    );
  });
});
