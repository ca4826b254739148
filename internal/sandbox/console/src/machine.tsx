// A status machine, drawn: states in columns by how far they are from the first one, ways as arrows.
import type { State } from './api';
import { t } from './text';

const height = 32, gap = 18, between = 72, letter = 7.9;

interface Box { name: string; column: number; row: number; x: number; y: number }

/** Puts states into columns. A way leads at most one column on, since a column is the least number of ways. */
function boxes(of: State): { all: Map<string, Box>; width: number; wide: number; tall: number } {
  const states = of.states.includes(of.current) ? of.states : [...of.states, of.current];
  const column = new Map<string, number>(of.initial.map((name) => [name, 0]));
  for (const name of column.keys()) { // grows while it is walked
    for (const w of of.ways) if (w.from === name && !column.has(w.to)) column.set(w.to, column.get(name)! + 1);
  }
  const columns: string[][] = [];
  for (const name of states) {
    const at = column.get(name) ?? 0;
    (columns[at] ??= []).push(name);
  }
  const width = Math.max(...states.map((name) => name.length)) * letter + 26, most = Math.max(...columns.map((c) => c.length));
  // Room for arrows between states of the first column.
  const margin = of.ways.some((w) => w.from && column.get(w.from) === 0 && column.get(w.to) === 0) ? 44 : 8;
  const all = new Map<string, Box>();
  columns.forEach((names, c) => names.forEach((name, r) => all.set(name, {
    name, column: c, row: r, x: margin + c * (width + between), y: 6 + (r + (most - names.length) / 2) * (height + gap),
  })));
  return { all, width, wide: margin + columns.length * (width + between) - between + 8, tall: most * (height + gap) - gap + 12 };
}

function path(a: Box, b: Box, width: number, back: boolean): string {
  const from = a.y + height / 2, to = b.y + height / 2;
  if (a.column === b.column) {
    const bow = a.x - Math.min(38, 16 + 7 * Math.abs(a.row - b.row)), shift = a.row < b.row ? 6 : -6;
    return `M${a.x},${from + shift} C${bow},${from + shift} ${bow},${to - shift} ${a.x - 1},${to - shift}`;
  }
  const aside = back ? 7 : 0;
  if (a.column < b.column) {
    const start = a.x + width, middle = (start + b.x) / 2;
    return `M${start},${from - aside} C${middle},${from - aside} ${middle},${to - aside} ${b.x - 1},${to - aside}`;
  }
  const end = b.x + width, middle = (a.x + end) / 2;
  return `M${a.x},${from + aside} C${middle},${from + aside} ${middle},${to + aside} ${end + 1},${to + aside}`;
}

export function Machine({ of }: { of: State }) {
  const { all, width, wide, tall } = boxes(of);
  const pairs = new Map<string, { from: Box; to: Box; by: string[] }>();
  for (const w of of.ways) {
    const from = all.get(w.from ?? ''), to = all.get(w.to);
    if (!from || !to) continue;
    const key = `${w.from} ${w.to}`;
    const pair = pairs.get(key) ?? { from, to, by: [] };
    pair.by.push(w.by);
    pairs.set(key, pair);
  }
  const drawn = [...pairs.values()].sort((a, b) => Number(a.from.name === of.current) - Number(b.from.name === of.current));
  const arrow = `arrow-${of.attribute}`;
  return (
    <div class="machine" tabIndex={0} role="region" aria-label={t(`Status machine: ${of.title}`, `Діаграма станів: ${of.title}`)}>
      <svg width={wide} style={{ minWidth: `${wide * .75}px` }} viewBox={`0 0 ${wide} ${tall}`} role="img" aria-label={t(`${of.title} is ${of.current}; of ${of.states.join(', ')}`, `${of.title}: ${of.current}; усі стани: ${of.states.join(', ')}`)}>
        <defs>
          {['', '-on'].map((kind) => (
            <marker key={kind} id={arrow + kind} class={`tip${kind}`} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0,0 L8,4 L0,8 z" /></marker>
          ))}
        </defs>
        {drawn.map((p) => {
          const on = p.from.name === of.current;
          return <path key={`${p.from.name} ${p.to.name}`} class={on ? 'way on' : 'way'} d={path(p.from, p.to, width, pairs.has(`${p.to.name} ${p.from.name}`))} marker-end={`url(#${arrow}${on ? '-on' : ''})`}><title>{`${p.from.name} → ${p.to.name}: ${p.by.join('; ')}`}</title></path>;
        })}
        {[...all.values()].map((b) => (
          <g key={b.name} class={b.name === of.current ? 'box current' : 'box'}>
            <rect x={b.x} y={b.y} width={width} height={height} rx={of.final.includes(b.name) ? 3 : height / 2} />
            <text x={b.x + width / 2} y={b.y + height / 2 + 4.5} text-anchor="middle">{b.name}</text>
          </g>
        ))}
      </svg>
    </div>
  );
}
