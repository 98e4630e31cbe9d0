/** Colours by name, for light and for dark; pictures outside a page have them too. Text on `paper` and `card` has a contrast of 4.5 at least, graphics of 3. */
export const themes = {
  light: {
    ink: '#1b1f24',
    soft: '#57606a',
    line: '#d8dee4',
    paper: '#ffffff',
    card: '#f6f8fa',
    accent: '#0a58ca',
    picked: '#8a4b00',
    other: '#6e7781',
    band: '#dff3e4',
    good: '#116329',
    bad: '#a40e26',
    s0: '#0a58ca',
    s1: '#8a4b00',
    s2: '#116329',
    s3: '#8250df',
    s4: '#a40e26',
    s5: '#57606a',
  },
  dark: {
    ink: '#e6edf3',
    soft: '#9ea7b3',
    line: '#30363d',
    paper: '#0d1117',
    card: '#161b22',
    accent: '#6cb6ff',
    picked: '#f0a35e',
    other: '#8b949e',
    band: '#12301c',
    good: '#56d364',
    bad: '#ff8b85',
    s0: '#6cb6ff',
    s1: '#f0a35e',
    s2: '#56d364',
    s3: '#c297ff',
    s4: '#ff8b85',
    s5: '#9ea7b3',
  },
} as const;

/** Steps of the heat map's scale. */
export const heatSteps = 8;

const variables = (theme: Readonly<Record<string, string>>): string =>
  Object.entries(theme)
    .map(([name, value]) => `--${name}:${value};`)
    .join('');

/** Colours of the heat map: from pale to strong in light, from dim to strong in dark. */
const heat = (light: boolean): string =>
  Array.from({ length: heatSteps }, (_, at) => {
    const share = at / (heatSteps - 1);
    const lightness = light ? 96 - 30 * share : 16 + 22 * share;
    return `--h${at}:hsl(${light ? 212 : 214} ${light ? 80 : 60}% ${lightness.toFixed(0)}%);`;
  }).join('');

const light = `color-scheme:light;${variables(themes.light)}${heat(true)}`;
const dark = `color-scheme:dark;${variables(themes.dark)}${heat(false)}`;

/** The style sheet of a report. Paper is always light. */
export const style = `
:root{${light}}
@media (prefers-color-scheme:dark){:root{${dark}}}
@media print{:root{${light}}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
main,header,nav{max-width:984px;margin:0 auto;padding:0 32px}
header{padding-top:28px}
h1{font-size:26px;line-height:1.25;margin:0 0 8px}
h2{font-size:20px;margin:40px 0 8px;padding-top:12px;border-top:1px solid var(--line)}
h3{font-size:16px;margin:24px 0 6px}
p{margin:8px 0;max-width:75ch}
a{color:var(--accent)}
nav ul{display:flex;flex-wrap:wrap;gap:4px 16px;list-style:none;padding:0;margin:12px 0}
.lead{font-size:18px}
.badge{display:inline-block;border:1px solid currentColor;border-radius:999px;padding:0 10px;font-size:13px;font-weight:600}
.selected{color:var(--accent)}.picked{color:var(--picked)}.failed,.requirement-not-met,.stopped{color:var(--bad)}
.done,.skipped,.soft{color:var(--soft)}
.scroll{overflow-x:auto;max-width:100%}
.tall{max-height:70vh;overflow:auto}
table{border-collapse:collapse;font-size:13px;margin:8px 0;font-variant-numeric:tabular-nums}
th,td{padding:4px 10px;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);max-width:420px;min-width:48px}
td,thead th{overflow-wrap:break-word}
th{font-weight:600}
tbody th{font-weight:500;min-width:120px}
.n{text-align:right;white-space:nowrap}
.heat thead th{position:sticky;top:0;background:var(--paper)}
.heat td{text-align:right;white-space:nowrap;border:1px solid var(--paper)}
${Array.from({ length: heatSteps }, (_, at) => `.h${at}{background:var(--h${at})}`).join('')}
.heat tbody th{position:sticky;left:0;background:var(--paper);min-width:140px}
${Array.from({ length: 6 }, (_, at) => `.s${at}{color:var(--s${at})}`).join('')}
h4{font-size:14px;margin:8px 0 0}
.pair{display:flex;flex-wrap:wrap;gap:8px 32px}.pair>div{min-width:0;max-width:100%}
.matrix th,.matrix td,.heat.matrix tbody th{min-width:0;padding:3px 6px;overflow-wrap:normal}
.whole{white-space:nowrap}
.flips{list-style:none;padding:0;margin:8px 0;display:grid;grid-template-columns:repeat(auto-fill,minmax(92px,1fr));gap:10px;font-size:12px}
.flips li{background:var(--card);border-radius:6px;padding:6px;border-top:3px solid currentColor;color:var(--soft)}
.flips li>p{color:var(--ink);margin:2px 0}.flips .lost{color:var(--bad)}.flips .gained{color:var(--good)}
.flips img{display:block;object-fit:contain;image-rendering:pixelated;margin-bottom:4px}
details{margin:8px 0}
summary{cursor:pointer;color:var(--accent);width:fit-content}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.picture svg{display:block;width:100%;height:auto}
.picture.narrow{display:none}
.switch{border:0;padding:0;margin:8px 0;display:flex;flex-wrap:wrap;gap:4px 16px}
.switch legend{float:left;padding:0;margin-right:12px;color:var(--soft)}
.view{display:none}
.key{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;padding:0;margin:4px 0;font-size:13px;color:var(--soft)}
.tree,.tree ul{list-style:none;margin:0;padding:0}
.tree ul{margin-left:14px;padding-left:14px;border-left:2px solid var(--line)}
.tree li>div{padding:8px 12px;margin:8px 0;background:var(--card);border-radius:6px;border-left:3px solid currentColor}
.tree li>div>*{color:var(--ink)}
.tree li>div>.badge{color:inherit}
.tree p{margin:2px 0}
.tree .badge{margin-left:6px}
pre{background:var(--card);padding:12px;border-radius:6px;overflow-x:auto;font-size:13px;overflow-wrap:normal}
code{font-size:13px}
.tip{position:fixed;pointer-events:none;background:var(--ink);color:var(--paper);padding:4px 8px;border-radius:4px;font-size:13px;max-width:min(340px,90vw);z-index:9}
.tip[hidden]{display:none}
[data-tip]{cursor:default}
@media (max-width:640px){main,header,nav{padding:0 16px}header{padding-top:16px}.picture.wide{display:none}.picture.narrow{display:block}th,td{padding:4px 6px}h1{font-size:21px}.lead{font-size:16px}.tree ul{margin-left:4px;padding-left:8px}}
@media print{nav,.switch,.tip{display:none}.tall{max-height:none;overflow:visible}.scroll{overflow:visible}h2{break-after:avoid}.picture,.tree li>div,tr{break-inside:avoid}table{font-size:10px}th,td{padding:2px 4px;min-width:0}tbody th{min-width:60px}.heat thead th{position:static}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;
