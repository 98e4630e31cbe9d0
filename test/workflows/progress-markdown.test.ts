import { candidateMarkdown, markdown } from '../../workflows/progress-markdown';
import type { CandidateProgress, GuidebookProgress } from '../../contract/run';

const candidate = (id: string, change: Partial<CandidateProgress> = {}): CandidateProgress => ({
  id,
  technique: 'channel-pruning',
  parent: 'ssvd-0.65',
  round: 0,
  asked: 0.7692,
  workflowId: 'w',
  status: 'done',
  achieved: 0.5,
  metricBefore: 90,
  metricAfter: 97.5,
  drop: 0.5,
  ...change,
});
const progress = (change: Partial<GuidebookProgress> = {}): GuidebookProgress => ({
  name: 'resnet',
  target: 0.5,
  tolerance: 1,
  cost: 'macs',
  stage: 'channel pruning',
  original: { macs: 31_000_000, params: 270_000, metric: 98 },
  scoring: [{ of: 'ssvd-0.65', technique: 'channel-pruning', done: 3, total: 9 }],
  candidates: [candidate('ssvd-0.65/cp-0.77', { decision: 'a | b' })],
  judgements: [],
  notes: ['a note'],
  decisions: [],
  ...change,
});
/** Returns what the Temporal UI puts into the URL of its renderer. */
const urlLength = (text: string) => encodeURIComponent(text).length;

describe("the text in Temporal's UI", () => {
  it('names the stage, the original, the layers scored and every candidate', () => {
    const text = markdown(progress());
    expect(text).toContain('with a drop of at most 1 point. Step: **channel pruning**');
    expect(text).toContain('31.00 million MACs');
    expect(text).toContain('3 of 9 layers of ssvd-0.65 scored for channel pruning');
    expect(text.replaceAll('\u00a0', '')).toContain('|ssvd-0.65/cp-0.77|0.500|90.00 → 97.50|0.50||a \\| b|');
    expect(text).toContain('- a note');
  });

  it('shows which model was made from which, and at the end how to get the report', () => {
    const svd = candidate('ssvd-0.65', {
      technique: 'spatial-svd',
      parent: null,
      asked: 0.65,
      verdicts: [{ state: 'picked' }],
    });
    const pruned = candidate('ssvd-0.65/cp-0.77', { verdicts: [{ state: 'selected' }] });
    const text = markdown(progress({ candidates: [svd, pruned], stage: 'done' }), 'slimflow/resnet/3f2a');
    expect(text).toContain(
      [
        '### Which model was made from which',
        '',
        '```',
        'original',
        '  ssvd-0.65: spatial SVD to 0.65, picked',
        '    ssvd-0.65/cp-0.77: channel pruning to 0.77, selected',
        '```',
      ].join('\n'),
    );
    expect(text).toContain('`slimflow report slimflow/resnet/3f2a`');
  });

  it('says what was decided in steps 3 and 5, and why, what was kept first', () => {
    const verdicts = [
      { id: 'a', kept: false, why: 'it loses 3 points' },
      { id: 'b', kept: true, why: 'it loses 1 point' },
    ];
    const text = markdown(
      progress({
        judgements: [
          { step: 'pick', rule: 'The rule.', verdicts },
          { step: 'select', rule: 'Another.', verdicts: verdicts.slice(1) },
        ],
      }),
    );
    expect(text).toContain(
      '### Step 3: which candidates go on\n\nThe rule.\n\n- **b** picked: it loses 1 point\n- **a** not picked: it loses 3 points',
    );
    expect(text).toContain(
      '### Step 5: which candidate is selected\n\nAnother.\n\n- **b** selected: it loses 1 point',
    );
  });

  it('shows names and notes as what they are: no markup, no links, no controls', () => {
    const decisions = [
      {
        at: '2026-03-01T09:00:00Z',
        what: 'c1 skipped',
        by: '[ada](https://evil.example)',
        note: '<img src=x> **all** | `is` _well_\u001b[2J\u202e',
      },
    ];
    const text = markdown(progress({ name: '![x](y)', notes: ['# heading\n\n- [x](y)'], decisions }));
    expect(text).toContain('**\\!\\[x\\](y)** to');
    expect(text).toContain('- \\# heading - \\[x\\](y)');
    expect(text).toContain('\\[ada\\](https://evil.example)');
    expect(text).toContain('\\<img src=x\\> \\*\\*all\\*\\* \\| \\`is\\` \\_well\\_\\\\u001b\\[2J\\\\u202e');
  });

  it('shows who decided what, when', () => {
    const decisions = [
      { at: '2026-03-01T09:00:00Z', what: 'approved the picks', by: 'ada', note: 'as\nproposed' },
    ];
    const text = markdown(progress({ decisions })).replaceAll('\u00a0', '');
    expect(text).toContain('### What people decided');
    expect(text).toContain('|2026-03-01T09:00:00Z|approved the picks|ada|as proposed|');
    expect(markdown(progress())).not.toContain('people');
  });

  it('keeps those that go on in a table that is cut, and says how many it leaves out', () => {
    const many = Array.from({ length: 100 }, (_, at) => candidate(`c-${at}`));
    const candidates = [
      ...many,
      candidate('last', { verdicts: [{ state: 'picked' }, { state: 'selected', by: 'ada' }] }),
    ];
    const text = markdown(progress({ candidates }));
    expect(text).toContain('**last**');
    expect(text).toContain('… and 61 more candidates: the query `progress` answers with all of them.');
  });

  it.each([
    ['skipped', 'skipped by Ann: the wrong one was selected'],
    ['failed', 'failed: no provider selected'],
  ] as const)('does not take words for the winner: %s', (status, decision) => {
    const many = Array.from({ length: 40 }, (_, at) => candidate(`c-${at}`));
    const text = markdown(progress({ candidates: [...many, candidate('last', { status, decision })] }));
    expect(text).not.toContain('**last**');
    expect(text).not.toContain('|last'); // nor does it come before others in a table that is cut
    expect(text).toContain('… and 1 more candidates');
  });

  it('fits into the URL of the UI, however many candidates, notes and long words there are', () => {
    const long = 'ü'.repeat(2000);
    const candidates = Array.from({ length: 500 }, (_, at) => candidate(`${long}${at}`, { decision: long }));
    const verdicts = candidates.map(({ id }) => ({ id, kept: false, why: long }));
    const judgements = [{ step: 'pick', rule: 'The rule.', verdicts }] as const;
    const notes = candidates.map(({ id }) => id);
    const text = markdown(progress({ candidates, judgements, notes }));
    expect(urlLength(text)).toBeLessThan(16_000);
    expect(text).toContain('**resnet** to 0.5');
    expect(text).toMatch(/cut here: the query `progress` answers with all of it\.$/);
  });

  it('of a candidate says what it is to be and what it came to', () => {
    expect(candidateMarkdown('ssvd-0.65', 'spatial SVD', [])).toBe('### ssvd-0.65\n\nspatial SVD');
    expect(candidateMarkdown('ssvd-0.65', 'spatial SVD', ['one', 'two'])).toContain('- one\n- two');
  });
});
