import type { RunSources } from '../../client/run-sources';
import { reportData } from './data/report-data';
import { reportPage } from './page/page';

/**
 * Makes report.html of everything that is kept of a run. Commands load this module only when they write a report: the
 * library that draws is large.
 */
export const reportHtml = (sources: RunSources): string => reportPage(reportData(sources));
