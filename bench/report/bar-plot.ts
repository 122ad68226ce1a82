import type { HeadlineBar } from './headline.ts';

const width = 760;
const barHeight = 26;
const gap = 12;
const labelWidth = 300;
const numberWidth = 80;
const top = 44;

/** Colours for light and dark pages; limits are outlines, because nobody gets beyond them. */
const style = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 15px }
  .ours { fill: #0a7d5a } .peer { fill: #b4540a } .other { fill: #6e7781 } .limit { fill: none; stroke: #6e7781; stroke-dasharray: 4 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .ours { fill: #3fb950 } .peer { fill: #f0883e } .other { fill: #8b949e } .limit { stroke: #8b949e }
  }`;

/** Horizontal bars of rows a second as SVG, or null when there is nothing to show. */
export function barPlot(bars: readonly HeadlineBar[]): string | null {
  if (bars.length === 0) return null;
  const largest = Math.max(...bars.map(({ rowsPerSecond }) => rowsPerSecond));
  const room = width - labelWidth - numberWidth;
  const lines = bars.map(({ title, role, rowsPerSecond }, index) => {
    const y = top + index * (barHeight + gap);
    const length = Math.max(1, (rowsPerSecond / largest) * room);
    const middle = y + barHeight / 2 + 5;
    const rate = Math.round(rowsPerSecond).toLocaleString('en');
    return [
      `<text x="${labelWidth - 10}" y="${middle}" text-anchor="end">${escaped(title)}</text>`,
      `<rect class="${role}" x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="3"/>`,
      `<text x="${(labelWidth + length + 8).toFixed(1)}" y="${middle}">${rate}</text>`,
    ].join('\n');
  });
  const height = top + bars.length * (barHeight + gap);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>Rows a second, streaming catch-up</title>
<style>${style}
</style>
<text class="title" x="${labelWidth}" y="24">rows a second, catching up with a backlog</text>
${lines.join('\n')}
</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
